/** The frames of the event streams: what `data:` holds, by the name of the event. */
import { z } from "zod";
import { columnRows } from "./columns.js";
import { studyEntry } from "./studies.js";
import { count, list, number, space } from "./values.js";

/** `event: hello`: first in a stream; what comes after it is what happens after `revision`. */
export const helloFrame = z.strictObject({ revision: count }).meta({ id: "HelloFrame" });
/** As {@link helloFrame}. */
export type HelloFrame = z.output<typeof helloFrame>;

/** One report: trial, attempt, step, value, how many trials were finished when it was judged, and further numbers of the step. */
export const liveReport = z
  .tuple([count, z.int().min(1), z.number(), number, count, z.record(z.string(), number).optional()])
  .readonly();
/** As {@link liveReport}. */
export type LiveReport = z.output<typeof liveReport>;

/** `event: changes`, `id: REVISION`: what happened since the frame before. */
export const changesFrame = z
  .strictObject({
    revision: count,
    size: count.describe("How many trials the study has."),
    rows: columnRows.describe("The trials that something happened to; as in `columns`."),
    parameters: space.nullable().describe("As in `columns`, where it changed; null: as before."),
    reports: list(liveReport).describe(
      "[number, attempt, step, value, seen, and metrics where it had any], in order. Metrics that another process keeps are " +
        "read a little later: the report is told once more then, with them.",
    ),
    study: studyEntry.nullable().describe("Where something of it changed."),
  })
  .meta({ id: "ChangesFrame" });
/** As {@link changesFrame}. */
export type ChangesFrame = z.output<typeof changesFrame>;

/** `event: reset`: fetch `columns?since=` (the last revision known) and reports anew; what follows is after `revision`. */
export const resetFrame = z.strictObject({ revision: count }).meta({ id: "ResetFrame" });
/** As {@link resetFrame}. */
export type ResetFrame = z.output<typeof resetFrame>;

/** `event: gone`: the study was deleted or cannot be read; the stream ends. */
export const goneFrame = z.strictObject({ code: z.string(), message: z.string() }).meta({ id: "GoneFrame" });
/** As {@link goneFrame}. */
export type GoneFrame = z.output<typeof goneFrame>;

/** `event: studies`, in the stream of all studies. `id` counts the service's frames. */
export const studiesFrame = z
  .strictObject({
    entries: list(studyEntry).describe("Studies that are new or changed."),
    removed: list(z.string()).describe("Names of studies that are gone."),
  })
  .meta({ id: "StudiesFrame" });
/** As {@link studiesFrame}. */
export type StudiesFrame = z.output<typeof studiesFrame>;

/** `event: log`, in the stream of a growing log. */
export const logFrame = z.strictObject({ text: z.string() }).meta({ id: "LogFrame" });
/** As {@link logFrame}. */
export type LogFrame = z.output<typeof logFrame>;

/** The frames of GET /studies/{study}/events by the names of their events. */
export interface StudyStreamFrames {
  readonly hello: HelloFrame;
  readonly changes: ChangesFrame;
  readonly reset: ResetFrame;
  readonly gone: GoneFrame;
}

/** The frames of GET /events; `reset`: fetch the list anew. */
export interface ListStreamFrames {
  readonly hello: Record<string, never>;
  readonly studies: StudiesFrame;
  readonly reset: Record<string, never>;
}

/** The query of the streams. */
export const streamQuery = z.strictObject({
  since: z.coerce
    .number()
    .int()
    .min(0)
    .describe("The revision that the reader has; `Last-Event-ID` says the same. Default: the one of now.")
    .optional(),
});
