/** What is made of whole studies: plots, importances, comparisons, predictions. */
import { z } from "zod";
import { count, direction, list, number, objective, params } from "./values.js";

/** GET /studies/{study}/plots/{kind}. */
export const plot = z
  .strictObject({
    kind: z.string(),
    title: z.string(),
    notes: list(z.string()).describe("What was left out and why."),
    width: z.number(),
    height: z.number(),
    option: z.looseObject({}).describe("An ECharts 6 option; colours are names of a theme: `@text`, `@series1`."),
    table: z.strictObject({
      columns: list(z.string()),
      rows: list(list(z.union([z.string(), number, z.null()]))),
    }),
  })
  .meta({ id: "Plot", description: "A plot, described; `format=svg` draws it." });
/** As {@link plot}. */
export type PlotDescription = z.output<typeof plot>;

/** GET /studies/{study}/plots. */
export const plotList = z
  .strictObject({ plots: list(z.strictObject({ kind: z.string(), summary: z.string(), takes: list(z.string()) })) })
  .meta({ id: "PlotList" });
/** As {@link plotList}. */
export type PlotList = z.output<typeof plotList>;

const texts = z
  .union([z.string(), z.array(z.string())])
  .transform((given) => [given].flat().flatMap((one) => one.split(",")));

/** The query of GET /studies/{study}/plots/{kind}. */
export const plotQuery = z.strictObject({
  format: z.enum(["json", "svg"]).default("json"),
  theme: z.enum(["light", "dark"]).describe("Of the SVG. Default: light.").optional(),
  metric: z.string().optional(),
  params: texts.describe("Parameters, comma-separated or repeated.").optional(),
  reference: z.string().describe("`val_rmse=0.1,parameters=5e4`").optional(),
  method: z.enum(["ped-anova", "fanova"]).optional(),
  width: z.coerce.number().int().min(240).max(4000).optional(),
  height: z.coerce.number().int().min(120).max(10_000).optional(),
});

const parameterImportance = z.strictObject({
  name: z.string(),
  importance: number,
  share: number,
  spread: number.nullable(),
  trials: count,
  within: number.nullable(),
});

/** GET /studies/{study}/importances: as `importance --format json`. */
export const importanceList = z
  .looseObject({
    study: z.string(),
    targets: list(
      z.looseObject({
        metric: z.string(),
        direction,
        parameters: list(parameterImportance).describe("Most important first."),
        interactions: list(
          z.strictObject({ names: z.tuple([z.string(), z.string()]).readonly(), importance: number, spread: number }),
        ).nullable(),
        used: count,
        top: count.nullable(),
        notes: list(z.string()),
      }),
    ),
  })
  .meta({ id: "Importances" });
/** As {@link importanceList}. */
export type ImportanceList = z.output<typeof importanceList>;

/** The query of GET /studies/{study}/importances. */
export const importancesQuery = z.strictObject({
  method: z.enum(["ped-anova", "fanova"]).describe("Default: ped-anova.").optional(),
  metric: texts.describe("In place of the objectives: `seconds`, `val_mae:maximize`.").optional(),
  params: texts.describe("Only these parameters.").optional(),
  pruned: z.enum(["leave-out", "last-report"]).optional(),
  feasible_only: z.enum(["true", "false"]).optional(),
  interactions: z.enum(["true", "false"]).describe("Pairs of parameters as well (fanova).").optional(),
});

const curve = list(z.tuple([number, number]).readonly());
const quartiles = list(z.strictObject({ at: number, low: number, median: number, high: number }));

/** GET /compare: as `compare --format json`. */
export const comparison = z
  .strictObject({
    objectives: list(objective),
    reference: list(number).nullable(),
    at: z.enum(["trials", "time"]),
    studies: list(
      z.strictObject({
        name: z.string(),
        group: z.string(),
        trials: count,
        finished: count,
        pruned: count,
        failed: count,
        best: number.nullable(),
        best_trial: count.nullable(),
        params: params.nullable(),
        best_after: number.nullable(),
        seconds: number,
        best_per_minute: number.nullable(),
        by_trials: curve,
        by_time: curve,
      }),
    ),
    groups: list(
      z.strictObject({
        name: z.string(),
        studies: list(z.string()),
        best: z.strictObject({ low: number, median: number, high: number }).nullable(),
        by_trials: quartiles,
        by_time: quartiles,
      }),
    ),
    pairs: list(
      z.strictObject({
        groups: z.tuple([z.string(), z.string()]).readonly(),
        at: number,
        probability: number,
        p_value: number,
      }),
    ),
    warnings: list(z.string()),
  })
  .meta({ id: "Comparison" });
/** As {@link comparison}. */
export type Comparison = z.output<typeof comparison>;

/** The query of GET /compare. */
export const compareQuery = z.strictObject({
  study: z
    .union([z.string(), z.array(z.string())])
    .transform((given) => [given].flat())
    .describe("A study's name; repeated: at most 10."),
  at: z.enum(["trials", "time"]).optional(),
  group_by: z.enum(["seeds", "sampler", "pruner", "model"]).optional(),
  reference: z.string().optional(),
});

const predictedCell = z.strictObject({
  cell: z.string(),
  measured: list(z.tuple([number, number]).readonly()).describe("[cycle, SOH]"),
  ends: list(z.strictObject({ cycle: number, true: number, predicted: number })).describe("Each path's last point."),
  ahead: list(z.strictObject({ cycle: number, soh: number, low: number.optional(), high: number.optional() })),
  end_of_life: number.nullable(),
});

/** GET /studies/{study}/prediction: predicted against true SOH of the best trial. */
export const prediction = z
  .union([
    z.strictObject({
      trial: count,
      horizon: count.describe("Cycles ahead."),
      eol: number.describe("The end of life, SOH."),
      members: count,
      of: z.string().describe("Which windows have their truth beside."),
      cells: list(predictedCell),
      total: count.describe("How many cells there are."),
    }),
    z.strictObject({ missing: z.string().describe("Why there is nothing to show.") }),
  ])
  .meta({ id: "Prediction" });
/** As {@link prediction}. */
export type PredictionView = z.output<typeof prediction>;
