/** A study as its file has it, and the events that are written to its journal. */
import { z } from "zod";
import { count, list } from "./values.js";

/** GET /studies/{study}/document: with the keys of the study's file. */
export const studyDocument = z
  .looseObject({
    format: z.literal("mlbench-hpo-study"),
    schema_version: z.int().min(2),
    revision: count.describe("What the journal goes on after."),
    name: z.string(),
    annotations: z.record(z.string(), z.looseObject({})).readonly(),
    trials: list(z.looseObject({})).describe("All records, by number."),
  })
  .meta({ id: "StudyDocument", description: "A study as its file has it: docs/reference/study-file.md." });
/** As {@link studyDocument}. */
export type StudyDocument = z.output<typeof studyDocument>;

/** `event: events` of GET /studies/{study}/journal. */
export const journalFrame = z
  .strictObject({
    events: list(z.tuple([count, z.looseObject({ type: z.string() })]).readonly()).describe(
      "[revision, event], in order; each revision is one more than the one before.",
    ),
  })
  .meta({ id: "JournalFrame" });
/** As {@link journalFrame}. */
export type JournalFrame = z.output<typeof journalFrame>;
