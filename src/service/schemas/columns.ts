/** A study's trials as columns: what tables and plots are made of, whole or what changed, and sent live. */
import { z } from "zod";
import { count, list, map, number, objective, paramValue, space, time } from "./values.js";

const column = <S extends z.ZodType>(items: S, description: string) => list(items).describe(description);

/** Texts that occur often: `dict[index[row]]`; -1 for none. */
export const textColumn = z.strictObject({
  dict: list(z.string()),
  index: list(z.int().min(-1)).describe("A place in `dict`, -1 for none; one a row."),
});
/** As {@link textColumn}. */
export type TextColumn = z.output<typeof textColumn>;

/**
 * Trials as columns of equal length, in ascending order of numbers. A row says all that is kept of a trial in columns: a
 * row that comes again takes the earlier one's place.
 */
export const columnRows = z
  .strictObject({
    number: column(count, "Ascending."),
    state: column(z.int().min(0).max(4), "0 waiting, 1 running, 2 complete, 3 pruned, 4 failed."),
    values: list(list(number.nullable())).describe("A column an objective; null unless complete."),
    params: map(list(paramValue)).describe(
      "A column a parameter that some of the rows have; null where a row has it not. A parameter without a column: no row has it.",
    ),
    started: column(z.number().nullable(), "Milliseconds since 1970, UTC."),
    finished: column(z.number().nullable(), "Milliseconds since 1970, UTC."),
    seconds: column(z.number().nullable(), "How long it took."),
    finish_index: column(count.nullable(), "0, 1, 2 … in the order of finishing."),
    attempt: column(z.int().min(1), "From 1."),
    steps: column(count, "How many reports it has."),
    last_step: column(z.number().nullable(), "Of the last report."),
    last_value: column(number.nullable(), "Of the last report."),
    spread: column(number.nullable(), "Standard deviation over the parts of a cross-validated trial."),
    feasible: column(z.boolean().nullable(), "Whether its constraints are met; null without any."),
    violation: column(number.nullable(), "By how much they are missed; null without any."),
    banned: column(z.boolean(), "Hidden from best, front, sampler and plots."),
    slot: column(count.nullable(), "The place that runs or ran it."),
    owner: textColumn.describe("Who runs it."),
    retry_of: column(count.nullable(), "The failed trial that it repeats."),
    failure: textColumn.describe("The class of its failure."),
    metrics: map(list(number.nullable())).describe(
      "A column a metric of the best epoch that some of the rows have; null where a row has it not.",
    ),
    tags: map(list(z.string())).describe("By number; of rows that have some."),
    notes: list(count).describe("The numbers of rows that have a note."),
  })
  .meta({ id: "ColumnRows", description: "Trials as columns of equal length." });
/** As {@link columnRows}. */
export type ColumnRows = z.output<typeof columnRows>;

/** GET /studies/{study}/columns. */
export const columns = z
  .strictObject({
    revision: count.describe("To be given as `since` the next time."),
    reset: z.boolean().describe("Whether what was there before is to be thrown away: the rows are all trials."),
    size: count.describe("How many trials the study has."),
    created_at: time.describe(
      "The study's: where it differs from that of an earlier answer, the study was made anew under its name, and `since` means nothing.",
    ),
    objectives: list(objective),
    parameters: space.describe("All there are: declared ones, then suggested ones."),
    rows: columnRows.describe(
      "The trials that something happened to after `since`; all without it, and under `reset`.",
    ),
  })
  .meta({ id: "Columns", description: "A study's trials as columns." });
/** As {@link columns}. */
export type Columns = z.output<typeof columns>;

/** The query of GET /studies/{study}/columns. */
export const columnsQuery = z.strictObject({
  since: z.coerce.number().int().min(0).describe("A revision. Default: everything.").optional(),
});
