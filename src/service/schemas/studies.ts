/** Studies: in lists, in full, asked for, changed and deleted. */
import { z } from "zod";
import { run } from "./runs.js";
import {
  component,
  count,
  counts,
  direction,
  distribution,
  list,
  map,
  metrics,
  number,
  objective,
  params,
  paramValue,
  space,
  time,
} from "./values.js";

/** Who has a study open for writing. */
export const owner = z
  .strictObject({
    pid: z.int().nullable(),
    host: z.string().nullable(),
    since: time,
    work: z.string().nullable().describe("What for: `optimize`, `command`, …; null where it does not say."),
    here: z.boolean().describe("Whether it is this service."),
  })
  .meta({ id: "Owner" });
/** As {@link owner}. */
export type Owner = z.output<typeof owner>;

const task = z.strictObject({
  model: z.union([z.string(), list(z.string())]).optional(),
  dataset: z.string().optional(),
});

const best = z.strictObject({ number: count, value: number, values: list(number) });

const entryShape = {
  name: z.string(),
  objectives: list(objective),
  created_at: time,
  task: task.describe("Empty for a study that trains no model of ours."),
  kind: z
    .enum(["model", "objective", "command", "outside"])
    .describe("What its trials run: a model, a module, a program, or whatever asks for them."),
  sampler: component,
  pruner: component,
  note: z.string(),
  archived_at: time.nullable(),
  counts,
  counted: count.describe("Complete, pruned or failed, without retries: what `total_trials` counts."),
  best: best.nullable().describe("The best complete feasible trial; null with several objectives."),
  front_size: count.nullable().describe("The size of the Pareto front; null with one objective."),
  revision: count,
  last_activity_at: time,
  owner: owner.nullable(),
  state: z
    .enum(["running", "paused", "waiting", "stopping", "elsewhere", "idle", "archived"])
    .describe("`elsewhere`: another process runs it. `waiting`: its run waits for room on the disk."),
  run: run.nullable(),
  rate: z.strictObject({
    trials_per_minute: z.number().nullable(),
    eta_s: z.number().nullable().describe("Seconds to the run's goal; null where that is not known."),
  }),
  sparkline: list(number.nullable()).describe(
    "The best value so far at up to 40 places; empty with several objectives, and where it is not known yet.",
  ),
};

/** A study in a list. */
export const studyEntry = z.strictObject(entryShape).meta({ id: "StudyEntry", description: "A study in brief." });
/** As {@link studyEntry}. */
export type StudyEntry = z.output<typeof studyEntry>;

/** GET /studies. */
export const studyList = z
  .strictObject({
    studies: list(studyEntry),
    unread: list(z.strictObject({ name: z.string(), code: z.string(), message: z.string() })).describe(
      "Studies that cannot be read, and why.",
    ),
  })
  .meta({ id: "StudyList" });
/** As {@link studyList}. */
export type StudyList = z.output<typeof studyList>;

const scoredBaselines = z.strictObject({
  params,
  dataset_hash: z.string(),
  metrics,
  folds: list(z.strictObject({ fold: list(z.string()), block: z.string().optional(), metrics })).optional(),
});

const earlierSpace = z.strictObject({
  space,
  fixed: map(z.unknown()),
  conditions: map(z.unknown()),
  until: time,
  trials: count,
});

/** GET /studies/{study}. */
export const studyDetail = z
  .strictObject({
    ...entryShape,
    seed: count,
    space,
    fixed: map(z.unknown()).describe("Fixed parameters of the task, by name."),
    settings: z.looseObject({}).describe("As in the study's file: rules, constraints, folds, seeds, …"),
    user_attrs: map(z.unknown()),
    made_by: z.looseObject({}).nullable(),
    baselines: list(scoredBaselines),
    earlier_spaces: list(earlierSpace),
    ended: z
      .strictObject({ at: time, finished: count, reason: z.string() })
      .nullable()
      .describe("The end that the study's terminator last put to the search."),
    copied_from: z.strictObject({ name: z.string(), created_at: time, revision: count }).nullable(),
    front: list(count).describe("The numbers of the Pareto front; empty with one objective."),
    front_values: list(list(number)).describe("Their values, in that order."),
    importances_available: z.boolean().describe("Whether enough trials are complete to say something."),
    command_line: z
      .string()
      .describe("What runs it in a terminal; of a study whose trials other programs run, what asks for one."),
  })
  .meta({ id: "StudyDetail", description: "A study without its trials." });
/** As {@link studyDetail}. */
export type StudyDetail = z.output<typeof studyDetail>;

const configValue = z.union([paramValue, z.array(z.string())]);
const componentIn = z.union([
  z.string(),
  z.strictObject({ name: z.string(), options: z.record(z.string(), z.unknown()).optional() }),
]);
/** A distribution as it is taken: what has a default may be left out. */
export const distributionIn = z.union([
  distribution,
  z.looseObject({ type: z.enum(["float", "int", "categorical"]) }).describe("With the defaults of `log` and `step`."),
]);

/**
 * POST /studies: over a model (`model`, `dataset`, `search`, …), or for trials from outside (`space`). `objective`,
 * `command`, `plugins` and parameters that are paths only under `serve --allow`.
 */
export const createRequest = z
  .strictObject({
    name: z.string().describe("Default: MODEL-DATASET.").optional(),
    model: z.union([z.string(), z.array(z.string())]).optional(),
    dataset: z.string().optional(),
    preset: z
      .string()
      .describe("A ready study by name, such as `nasa-lstm`; what is given beside it comes first.")
      .optional(),
    config: z.string().describe("Another name of `preset`, as in the library.").optional(),
    params: z.record(z.string(), configValue).describe("Fixed parameters by name.").optional(),
    search: z
      .union([z.record(z.string(), z.union([z.string(), distributionIn, z.null()])), z.array(z.string())])
      .describe('What is searched beside the usual: `{"train.lr": "log:1e-5..1e-1"}`, null for its own range.')
      .optional(),
    default_space: z.boolean().describe("Whether the usual parameters are searched as well. Default: true.").optional(),
    fix: z
      .union([z.record(z.string(), configValue), z.array(z.string())])
      .describe("Taken out of the search.")
      .optional(),
    space: z.record(z.string(), distributionIn).describe("Of a study for trials from outside.").optional(),
    metric: z.union([z.string(), z.array(z.string())]).optional(),
    direction: direction.optional(),
    directions: z.array(direction).optional(),
    objectives: z.array(z.strictObject({ metric: z.string(), direction: direction.optional() })).optional(),
    force_direction: z.boolean().optional(),
    constraints: z.array(z.string()).describe('`["parameters <= 50000"]`').optional(),
    prune_by: z.string().optional(),
    folds: z.union([z.literal("cells"), z.literal("none"), z.int().min(2), z.null()]).optional(),
    seeds: z.int().min(1).optional(),
    sampler: componentIn.optional(),
    pruner: componentIn.optional(),
    from: z
      .union([z.string(), z.strictObject({ name: z.string(), top: z.int().min(1).optional() })])
      .describe("Another study whose best trials the sampler begins from.")
      .optional(),
    terminator: z.union([z.boolean(), z.strictObject({ min_trials: z.int().min(1).optional() })]).optional(),
    seed: z.int().min(0).optional(),
    trial_value: z.enum(["best", "last", "best-smoothed"]).optional(),
    on_nan: z.enum(["fail", "prune", "worst"]).optional(),
    on_duplicate: z.enum(["resample", "reuse", "run"]).optional(),
    dry_run_pruner: z.boolean().optional(),
    defaults: z.boolean().describe("Whether the parameters' defaults are the first trial.").optional(),
    objective: z.string().describe("A module's file. Only under `--allow`.").optional(),
    command: z
      .union([z.string(), z.array(z.string()).min(1)])
      .describe("A program that each trial runs: `python train.py --lr {lr}`, or its words. Only under `--allow`.")
      .optional(),
    shell: z.boolean().describe("Whether `sh -c` runs the command. Only under `--allow-shell`.").optional(),
    cwd: z.string().describe("The folder that the program runs in. Only under `--allow`.").optional(),
    report_pattern: z
      .string()
      .describe("A regular expression with the groups `step` and `value`, for the lines that the program prints.")
      .optional(),
    plugins: z.array(z.string()).describe("Modules' files. Only under `--allow`.").optional(),
    space_change: z
      .boolean()
      .describe(
        "Have the study that is there search another space from now on: `search`, `fix` and `params` alone are laid over its " +
          "own; a request that says what the study is over may differ in what is searched alone.",
      )
      .optional(),
    dry_run: z.boolean().describe("Only say what it would be; nothing is stored.").optional(),
  })
  .meta({ id: "CreateStudyRequest" });
/** As {@link createRequest}. */
export type CreateStudyRequest = z.input<typeof createRequest>;

/** POST /studies with `dry_run`: what the study would be. */
export const studyPlan = z
  .strictObject({
    valid: z.literal(true),
    name: z.string(),
    exists: z.boolean().describe("Whether there is a study of that name."),
    objectives: list(objective),
    space,
    fixed: map(z.unknown()),
    asked_fixed: map(z.unknown()).describe("Of these, what the request or its preset takes out of the search."),
    task: z.looseObject({}).describe("As in the study's file; empty for a study that trains no model of ours."),
    sampler: component,
    pruner: component,
    settings: z.looseObject({}),
    params: params.nullable().describe("The first trial's parameters, where they are known: the defaults."),
    warnings: list(z.string()),
    command_line: z
      .string()
      .nullable()
      .describe("The same in a terminal; null where `create-study` has no options for it, as for a `space`."),
    python: z.string().describe("The same with the Python client."),
  })
  .meta({ id: "StudyPlan" });
/** As {@link studyPlan}. */
export type StudyPlan = z.output<typeof studyPlan>;

const setting = z.union([
  z.strictObject({ searched: distribution }),
  z.strictObject({ fixed: z.unknown() }),
  z.null().describe("It is not there."),
]);

/** What a change of a study's space came to. */
export const spaceChange = z
  .strictObject({
    changes: list(z.strictObject({ name: z.string(), before: setting, after: setting })),
    earlier: z
      .strictObject({
        version: count.describe("How often the space was changed."),
        fit: count,
        completed_by: map(count),
        left_out: count,
        left_out_by: map(count),
        waiting_outside: list(count),
      })
      .describe("What becomes of the trials so far."),
  })
  .meta({ id: "SpaceChange" });

/** POST /studies with `space_change`: the study; with `dry_run` as well only what would change. Null: nothing. */
export const respacedStudy = studyDetail.extend({ space_change: spaceChange.nullable() }).meta({ id: "RespacedStudy" });
/** As {@link respacedStudy}. */
export type RespacedStudy = z.output<typeof respacedStudy>;
/** As {@link respacedStudy}, for what would change. */
export const spaceChangePlan = z
  .strictObject({ valid: z.literal(true), name: z.string(), space_change: spaceChange.nullable() })
  .meta({ id: "SpaceChangePlan" });
/** As {@link spaceChangePlan}. */
export type SpaceChangePlan = z.output<typeof spaceChangePlan>;

/** PATCH /studies/{study}: what is left out stays. */
export const studyChange = z
  .strictObject({
    note: z.string().optional(),
    archived: z.boolean().optional(),
    user_attrs: z.record(z.string(), z.unknown()).describe("Set one by one; the others stay.").optional(),
  })
  .meta({ id: "StudyChange" });
/** As {@link studyChange}. */
export type StudyChange = z.input<typeof studyChange>;

/** DELETE /studies/{study}. */
export const deleteRequest = z
  .strictObject({ confirm: z.string().describe("The study's name once more.") })
  .meta({ id: "DeleteRequest" });
/** As {@link deleteRequest}. */
export type DeleteRequest = z.input<typeof deleteRequest>;

/** The query of GET /studies. */
export const studiesQuery = z.strictObject({
  archived: z.enum(["true", "false"]).describe("Only those that are archived, or are not. Default: all.").optional(),
});
