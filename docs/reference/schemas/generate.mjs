// Writes the JSON Schemas of everything that the command line prints as JSON, and of a study's file:
//   node docs/reference/schemas/generate.mjs
// Each schema is self-contained: what they share (the trial record, a search space, …) is copied into each `$defs`.
import { writeFileSync } from "node:fs";
import { format } from "prettier";

const ref = (name) => ({ $ref: `#/$defs/${name}` });
const nullable = (schema) => ({ anyOf: [schema, { type: "null" }] });
const list = (items) => ({ type: "array", items });
const map = (values) => ({ type: "object", additionalProperties: values });
const text = { type: "string" };
const count = { type: "integer", minimum: 0 };
const yes = { type: "boolean" };
const anything = {};

/** A closed object: `optional` lists the keys that may be missing. */
function object(properties, { optional = [], open = false, ...rest } = {}) {
  return {
    type: "object",
    properties,
    required: Object.keys(properties).filter((key) => !optional.includes(key)),
    additionalProperties: open,
    ...rest,
  };
}

const kernels = ["native", "relaxed", "plain", "none"];
const isas = ["avx512", "avx2", "neon"];
const baselines = ["persistence", "linear", "mean_change", "ridge"];
const when = map({ anyOf: [ref("paramValue"), list(ref("paramValue"))] });
const distribution = (type, properties) =>
  object({ type: { const: type }, ...properties, when }, { optional: ["when"] });
const component = object({ name: text, options: map(anything) });
const sha256 = { type: "string", pattern: "^[0-9a-f]{64}$" };
const hashedFile = object({ path: text, sha256 });
const command = {
  description: "The program that trials run; missing where there is none.",
  ...object({
    words: { description: "With placeholders for parameters; with `shell` a single text.", ...list(text), minItems: 1 },
    shell: yes,
    cwd: { description: "From the study's own file.", ...text },
    report_pattern: nullable(text),
    file: { description: "The program's own.", ...nullable(hashedFile) },
  }),
};
const commandLine = {
  description: "What the trial ran, as a shell takes it; only in what `best-trial` and `show` print of a program.",
  ...text,
};
const objective = object({ metric: text, direction: { enum: ["minimize", "maximize"] } });
const objectives = { description: "One or more; the first is what trials report.", ...list(objective), minItems: 1 };
const only = (state, schema) => ({
  if: { properties: { state: { const: state } }, required: ["state"] },
  then: { properties: schema },
});

const seconds = { type: "number", exclusiveMinimum: 0 };
const notNegative = { type: "number", minimum: 0 };
const upToOne = { type: "number", minimum: 0, maximum: 1 };
const lease = object({ token: text, seconds });
const keptLease = object({ sha256, seconds });
const values = { ...list(ref("number")), minItems: 1 };
const noValue = { values: { type: "null" }, value: { type: "null" } };

const priorOutline = { study: text, created_at: ref("time"), top: count, sha256 };
const run = {
  description: "What a service was last asked to run of the study, and how that ended.",
  ...object(
    {
      state: { enum: ["running", "paused", "stopping", "cancelled", "finished", "failed"] },
      total_trials: { description: "Null: until something else ends it.", ...nullable(count) },
      trials: { description: "So many more were asked for; absent where the total was named.", ...count },
      timeout_s: { description: "Seconds after `started_at`, pauses included.", ...nullable({ type: "number" }) },
      workers: { description: "The most trials at once; null: as many as there are places.", ...nullable(count) },
      weight: { description: "Its share of the places, against that of other studies.", type: "number" },
      options: { description: "Further options of the call, where they were given.", ...map(anything) },
      started_at: ref("time"),
      ended_at: { description: "Null while it has not ended.", ...nullable(ref("time")) },
      stopped_by: nullable(text),
      error: nullable(object({ code: text, message: text })),
    },
    { optional: ["trials"] },
  ),
};
const ended = {
  description: "The end that the study's terminator last put to the search.",
  ...object({ at: ref("time"), finished: count, reason: text }),
};

const madeBy = {
  package: { description: "Name and version.", ...text },
  commit: { description: "Of the package's own sources; missing where it is not known.", ...text },
  node: text,
  cpu: text,
  kernels: { enum: kernels },
  command_line: { description: "As typed; passwords and tokens in URLs are masked.", ...text },
};

const optionValue = {
  anyOf: [{ type: ["string", "number", "boolean"] }, list({ type: ["string", "number"] })],
};
const projectFile = {
  $schema: text,
  storage: { description: "Where studies live; relative to the file.", ...text, minLength: 1 },
  plugins: { description: "As for --plugin; relative to the file.", ...list({ ...text, minLength: 1 }) },
  defaults: {
    description: "By command (`datasets show`) and option (`trial-timeout`): what it gets unless it is typed.",
    ...map(map({ anyOf: [...optionValue.anyOf, map(optionValue)] })),
  },
};

const finding = {
  severity: { enum: ["note", "dropped", "damage"] },
  code: text,
  file: text,
  line: nullable({ type: "integer", minimum: 1 }),
  offset: nullable(count),
  message: text,
  blocksWriting: yes,
};

const repair = (more = {}) =>
  object(
    {
      ...more,
      findings: list(ref("finding")),
      actions: list(text),
      backups: list(text),
      lost: {
        description:
          "What could not be put right: lines that are gone (at least so many), trials that stand as failed, and trials that are kept as they read although nothing tells whether they changed.",
        ...object({ lines: count, trials: list(count), unsure: list(count) }),
      },
    },
    { optional: ["lost"] },
  );

/** Kernels or a backend, as `backends` tells of it. */
const runnable = (names, more = {}) =>
  object({
    name: { enum: names },
    runs: yes,
    chosen: { description: "Taken where nothing else is asked for.", ...yes },
    reason: { description: "Why it does not run; null where it does.", ...nullable(text) },
    ...more,
  });

/** What a training is cross-validated over. */
const folds = { anyOf: [{ const: "cells" }, { type: "integer", minimum: 2 }] };

const defs = {
  number: {
    description: "A number; those that JSON has not are strings.",
    anyOf: [{ type: "number" }, { enum: ["NaN", "Infinity", "-Infinity"] }],
  },
  time: {
    description: "ISO 8601, UTC.",
    type: "string",
    pattern: "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z$",
  },
  paramValue: { type: ["number", "string", "boolean", "null"] },
  configValue: { anyOf: [ref("paramValue"), list(text)] },
  params: { description: "Parameters by name.", ...map(ref("paramValue")) },
  metrics: { description: "In SOH units, by name.", ...map(ref("number")) },
  intermediate: {
    description: "Reports in order: [step, value]; steps are epochs, from 1.",
    ...list({
      type: "array",
      prefixItems: [{ type: "number" }, ref("number")],
      minItems: 2,
      maxItems: 2,
      items: false,
    }),
  },
  distribution: {
    oneOf: [
      distribution("float", {
        low: { type: "number" },
        high: { type: "number" },
        log: yes,
        step: nullable({ type: "number", exclusiveMinimum: 0 }),
      }),
      distribution("int", {
        low: { type: "integer" },
        high: { type: "integer" },
        log: yes,
        step: { type: "integer", minimum: 1 },
      }),
      distribution("categorical", { choices: { ...list(ref("paramValue")), minItems: 1 } }),
    ],
  },
  space: { description: "Distributions by parameter, parents before children.", ...map(ref("distribution")) },
  task: {
    description: "What all trials have in common; empty for a plain objective.",
    ...object(
      {
        model: { anyOf: [text, list(text)] },
        dataset: text,
        params: map(ref("configValue")),
        align_window: { type: "integer", minimum: 1 },
      },
      { optional: ["model", "dataset", "params", "align_window"] },
    ),
  },
  counts: object({ waiting: count, running: count, complete: count, pruned: count, failed: count }),
  finding: {
    description: "One thing amiss with a study's files, with its place.",
    ...object(finding),
  },
  settings: object(
    {
      trial_value: { enum: ["best", "last", "best-smoothed"] },
      on_nan: { enum: ["fail", "prune", "worst"] },
      on_duplicate: { enum: ["resample", "reuse", "run"] },
      dry_run_pruner: yes,
      prune_by: { description: "What trials report; missing: the first objective.", ...objective },
      constraints: { description: "METRIC<=NUMBER or METRIC>=NUMBER; missing: none.", ...list(text) },
      folds: {
        description: "Missing or null: one split.",
        ...nullable(folds),
      },
      seeds: { description: "How many seeds a trial trains under; missing: 1.", type: "integer", minimum: 1 },
      from: {
        description: "The best trials of another study, which the sampler begins from; missing: none.",
        ...object({ ...priorOutline, trials: list(object({ params: ref("params"), values })) }),
      },
      terminator: {
        description: "Ends the search where nothing more is to be expected; missing: nothing does.",
        ...object({ min_trials: count }),
      },
      plugins: list(hashedFile),
      objective: nullable(hashedFile),
      command,
      data_files: list(hashedFile),
      accepted_changes: list(object({ at: ref("time"), ...hashedFile.properties })),
    },
    { optional: ["prune_by", "constraints", "folds", "seeds", "from", "terminator", "command"] },
  ),
  failure: object({
    class: { enum: ["exception", "diverged", "timeout", "out-of-memory", "worker-crash", "interrupted"] },
    message: text,
    where: text,
  }),
  attempt: {
    description: "What an earlier attempt left; its reports count for nothing.",
    ...object(
      {
        attempt: { type: "integer", minimum: 1 },
        started_at: nullable(ref("time")),
        ended_at: nullable(ref("time")),
        reason: text,
        intermediate: ref("intermediate"),
        worker: { description: "Who had it, as it called itself; missing where it did not.", ...text },
      },
      { optional: ["worker"] },
    ),
  },
  annotation: {
    description: "What people say about a trial.",
    ...object({ note: text, tags: list(text), banned: yes }),
  },
  parts: list(
    object(
      {
        fold: { description: "The cells held out; empty where the fold is no cells.", ...list(text) },
        block: { description: "The fold over time, such as 2/5; missing where cells are held out.", ...text },
        seed: count,
        values: { description: "At the epoch that is best in the mean; NaN where it cannot be scored.", ...values },
      },
      { optional: ["block"] },
    ),
  ),
  trial: object(
    {
      number: { description: "0, 1, 2 … within the study.", ...count },
      state: { enum: ["waiting", "running", "complete", "pruned", "failed"] },
      values: { description: "One an objective, in their order; null unless complete.", ...nullable(values) },
      value: {
        description: "The only value; missing where there are several objectives, and in a study's file.",
        ...nullable(ref("number")),
      },
      params: ref("params"),
      intermediate: ref("intermediate"),
      seen: { description: "One a report: how many trials were finished when it was judged.", ...list(count) },
      intermediate_parts: {
        description: "One a report of a cross-validated trial: the reported metric of each part.",
        ...list(values),
      },
      finish_index: { description: "0, 1, 2 … in the order of finishing; null before.", ...nullable(count) },
      metrics: object({ best: ref("metrics"), last: ref("metrics") }, { optional: ["best", "last"] }),
      constraints: {
        description: 'By name, such as "parameters<=50000": met at 0 and below. Empty without constraints.',
        ...map(ref("number")),
      },
      parts: {
        description: "What each fold and seed came to; null for a trial that trains once.",
        ...nullable(ref("parts")),
      },
      spread: {
        description: "Sample standard deviation (n - 1) of the first objective over the parts; null without parts.",
        ...nullable(ref("number")),
      },
      started_at: nullable(ref("time")),
      finished_at: nullable(ref("time")),
      seconds: nullable({ type: "number", minimum: 0 }),
      seed: count,
      space_version: {
        description: "How often the study's space had been changed when it was started; missing: never.",
        ...count,
      },
      attempt: { type: "integer", minimum: 1 },
      attempts: list(ref("attempt")),
      owner: { description: '"external" for a trial that `ask` handed out.', ...nullable(text) },
      slot: nullable(count),
      lease: {
        description:
          "Of a running trial that was handed out for a limited time, and of one that was told or stopped under it; " +
          "null for every other. sha256 is its token's: the token itself is told to the one who asked alone.",
        ...nullable(keptLease),
      },
      worker: {
        description: "Who has it or had it in the end, as it called itself when it asked; missing where it did not.",
        ...text,
      },
      ask_keys: {
        description: "What tells the requests again that it was handed out for; missing without keys.",
        ...list(text),
      },
      backend: { description: "Where it was trained: wasm/native, wasm/relaxed, …", ...nullable(text) },
      kernels: {
        description: "Those that trained it; missing where nothing was trained, and in records of earlier versions.",
        ...nullable({ enum: kernels }),
      },
      isa: {
        description: "The instruction set of native kernels, which changes no bit of a result; null for the others.",
        ...nullable({ enum: isas }),
      },
      failure: nullable(ref("failure")),
      prune_reason: nullable(text),
      retry_of: { description: "The failed trial that this one repeats.", ...nullable(count) },
      user_attrs: map(anything),
      distributions: { description: "Of parameters that were suggested without being declared.", ...ref("space") },
      baselines: {
        description: "The baselines on the same windows; only in what `best-trial` prints, where they were scored.",
        ...ref("partBaselines"),
      },
      bound: {
        description:
          "Only in what `best-trial` prints of a trial with parts: its mean is unlikely (5 %) to be worse; null from fewer than two parts.",
        ...nullable(ref("number")),
      },
      against_defaults: {
        description: "Only in what `best-trial` prints of a trial with parts; null for the defaults themselves.",
        ...nullable(
          object({
            trial: { description: "The trial of the defaults.", ...count },
            parts: { description: "Those that both could score.", ...count },
            difference: { description: "Paired, winner - defaults, with its 95 % interval.", ...ref("interval") },
          }),
        ),
      },
      command_line: commandLine,
      annotation: {
        description: "What people say about it; only in what `trials` and `best-trial` print, and where they do.",
        ...ref("annotation"),
      },
    },
    {
      optional: [
        ...["kernels", "isa", "distributions", "value", "annotation", "baselines", "intermediate_parts"],
        ...["bound", "against_defaults", "space_version", "worker", "ask_keys", "command_line"],
      ],
      allOf: [
        only("complete", { values, value: ref("number"), finish_index: count, failure: { type: "null" } }),
        only("pruned", { ...noValue, finish_index: count, failure: { type: "null" } }),
        only("failed", { ...noValue, finish_index: count, failure: ref("failure") }),
        only("running", { ...noValue, finish_index: { type: "null" }, finished_at: { type: "null" } }),
        only("waiting", { ...noValue, finish_index: { type: "null" }, finished_at: { type: "null" } }),
      ],
    },
  ),
  baselines: {
    description:
      "Of the four baselines on the same windows: NAME_rmse, NAME_rmse_end, NAME_mae; NAME_rul_mae where val_rul_mae is there.",
    ...object(
      Object.fromEntries(
        baselines.flatMap((n) => ["rmse", "rmse_end", "mae", "rul_mae"].map((m) => [`${n}_${m}`, ref("number")])),
      ),
      { optional: baselines.map((n) => `${n}_rul_mae`) },
    ),
  },
  partBaselines: {
    description: "As baselines; empty where there are no windows to score.",
    anyOf: [ref("baselines"), object({})],
  },
  madeBy: {
    description: "What made it; nothing depends on it.",
    ...object(madeBy, { optional: ["commit"] }),
  },
  interval: object({
    mean: ref("number"),
    sd: ref("number"),
    low: ref("number"),
    high: ref("number"),
  }),
};

const earlierSpaces = {
  description:
    "The spaces before `space`, the first one first: a trial's space_version is a place in this list, and behind its end stands `space`.",
  ...list(
    object({
      space: ref("space"),
      fixed: { description: "What was fixed then, of what may be searched.", ...map(ref("configValue")) },
      conditions: { description: "When what was fixed meant something.", ...map(when) },
      until: ref("time"),
      trials: { description: "How many there were then.", ...count },
    }),
  ),
};
const earlierTrials = object({
  version: { description: "How often the space was changed.", ...count },
  fit: { description: "Started trials that fit the space: the sampler learns from them.", ...count },
  completed_by: {
    description: "How many of those by a value that was fixed when they ran, by the parameter that is searched now.",
    ...map(count),
  },
  left_out: { description: "Started trials that do not fit: kept, and not seen by the sampler.", ...count },
  left_out_by: { description: "By the first parameter that keeps them out.", ...map(count) },
  waiting_outside: { description: "Waiting trials outside of the space, which run all the same.", ...list(count) },
});
const setting = nullable({
  oneOf: [object({ searched: ref("distribution") }), object({ fixed: ref("configValue") })],
});
const spaceChange = {
  description: "Only with --space-change; null where nothing changes.",
  ...nullable(
    object({
      changes: {
        description: "The parameters that are searched, or fixed, otherwise than before; null: not there.",
        ...list(object({ name: text, before: setting, after: setting })),
      },
      earlier: earlierTrials,
    }),
  ),
};
const copiedFrom = {
  description: "The study, as of a revision, that this one was copied from.",
  ...object({ name: text, created_at: ref("time"), revision: count }),
};

const header = {
  name: text,
  objectives,
  created_at: ref("time"),
  seed: count,
  task: ref("task"),
  space: ref("space"),
  sampler: component,
  pruner: component,
  settings: ref("settings"),
  user_attrs: map(anything),
  note: { description: "What people say about the study.", ...text },
  archived_at: { description: "Since when the study is put away.", ...ref("time") },
  copied_from: copiedFrom,
  ended,
  run,
  earlier_spaces: earlierSpaces,
  made_by: ref("madeBy"),
  baselines: {
    description: "Of a study over a model, from its first call of optimize on: for each choice of its data.",
    ...list(
      object(
        {
          params: ref("params"),
          dataset_hash: sha256,
          metrics: { description: "Means over the folds, where there are some.", ...ref("partBaselines") },
          folds: list(
            object({ fold: list(text), block: text, metrics: ref("partBaselines") }, { optional: ["block"] }),
          ),
        },
        { optional: ["folds"] },
      ),
    ),
  },
};

const optionalInHeader = [
  ...["made_by", "baselines", "note", "archived_at", "copied_from", "ended", "run", "earlier_spaces"],
];

const owner = object(
  { pid: count, host: text, since: ref("time"), elsewhere: { type: "boolean" }, url: text, work: text },
  { optional: ["pid", "host", "elsewhere", "url", "work"] },
);

const aboutStudy = {
  note: { description: "What people say about the study; empty: nothing.", ...text },
  archived_at: { description: "Since when the study is put away; null: it is not.", ...nullable(ref("time")) },
};

const registryList = list(object({ name: text, summary: text, parameters: list(text) }));
const valMetrics = {
  val_rmse: ref("number"),
  val_mae: ref("number"),
  val_r2: ref("number"),
  val_max_error: ref("number"),
};
const epoch = object(
  {
    event: { const: "epoch" },
    epoch: { type: "integer", minimum: 1 },
    train_loss: ref("number"),
    train_rmse: ref("number"),
    ...valMetrics,
    val_rmse_end: ref("number"),
    lr: { type: "number", minimum: 0 },
    seconds: { type: "number", minimum: 0 },
    fold: { description: "Of a part of a cross-validated run, its name: the cell held out, fold-2, 2/5.", ...text },
    seed: { description: "Of a part of a cross-validated run.", ...count },
  },
  {
    optional: ["fold", "seed"],
    open: {
      description: "The remaining useful life, registered metrics and the model's own: train_NAME or val_NAME.",
      ...ref("number"),
    },
  },
);
const knownMetric = {
  name: text,
  summary: text,
  direction: { enum: ["minimize", "maximize"] },
  unit: nullable(text),
  source: { description: "`built in`, `registered`, or the model that tells it.", ...text },
};
const finishMetrics = {
  ...map(ref("number")),
  required: ["val_rmse", "val_rmse_end", "val_mae", "val_r2", "val_max_error", "train_rmse"],
};
const trainFinish = {
  event: { const: "finish" },
  metrics: { description: "Of the best epoch.", ...finishMetrics },
  last_metrics: { description: "Of the last epoch.", ...finishMetrics },
  baselines: ref("baselines"),
  checkpoint: nullable(text),
  best_epoch: { type: "integer", minimum: 1 },
  seconds: { description: "The epochs' time alone.", type: "number", minimum: 0 },
  warnings: { description: "What is suspicious about the data, and settings without effect.", ...list(text) },
  made_by: ref("madeBy"),
};
/** Of a part, made_by stands in the line of the mean. */
const finishOfFold = object({ ...trainFinish, fold: text, seed: count }, { optional: ["fold", "seed", "made_by"] });
const studyOutline = {
  name: text,
  objectives,
  created_at: ref("time"),
  trials: count,
  counts: ref("counts"),
};
const spread = { description: "Over the parts of a cross-validated trial.", ...ref("number") };
const best = (more, options) =>
  nullable(object({ number: count, value: ref("number"), params: ref("params"), ...more }, options));

const annotations = {
  description: "What people say of trials, by number; those without a note, a tag or a ban are absent.",
  ...map(ref("annotation")),
};
const warnings = { description: "What is suspicious about the data.", ...list(text) };

const studyFile = {
  description: "The study file or preset that the study was made from; null: none.",
  ...nullable(text),
};
const hypervolume = {
  description:
    "The front's, up to the reference point (one number an objective); null without a feasible complete trial. Only with several objectives.",
  ...nullable(object({ value: ref("number"), reference: list({ type: "number" }) })),
};

const front = {
  description: "The numbers of the Pareto front, ascending; only with several objectives, where `best` is null.",
  ...list(count),
};

const quartiles = { low: ref("number"), median: ref("number"), high: ref("number") };
const curve = (at) => ({
  description: `How good it was so far: [${at}, value] where that changes, and at the end.`,
  ...list({ type: "array", items: ref("number"), minItems: 2, maxItems: 2 }),
});

const schemas = {
  models: ["`models`", registryList],
  datasets: ["`datasets`", registryList],
  describe: [
    "`describe KIND NAME`",
    object({
      kind: { enum: ["model", "dataset", "optimizer", "scheduler", "sampler", "pruner", "importance", "training"] },
      name: text,
      summary: text,
      parameters: list(
        object(
          {
            name: text,
            type: { enum: ["float", "int", "boolean", "string", "enum", "list"] },
            default: { description: "Missing where there is none.", ...ref("configValue") },
            range: text,
            search: { description: "In the grammar of --search; - where it is not searched.", ...text },
            description: text,
            search_metadata: object({ distribution: ref("distribution"), default: { enum: [true, "on request"] } }),
            when,
          },
          { optional: ["default", "search_metadata", "when"] },
        ),
      ),
      schema: { description: "The parameters' own JSON Schema.", type: "object" },
    }),
  ],
  "describe-metric": ["`describe metric NAME`", object({ kind: { const: "metric" }, ...knownMetric })],
  "describe-metrics": ["`describe metrics`", list(object(knownMetric))],
  "datasets-show": [
    "`datasets show NAME`",
    object({
      source: text,
      provenance: text,
      hash: text,
      features: list(object({ name: text, unit: text })),
      rows: count,
      eol: { type: "number" },
      warnings: list(text),
      cells: list(
        object({
          cell: text,
          rows: count,
          first_cycle: nullable({ type: "integer" }),
          last_cycle: nullable({ type: "integer" }),
          missing_cycles: count,
          capacity_min: nullable({ type: "number" }),
          capacity_max: nullable({ type: "number" }),
          soh_min: nullable({ type: "number" }),
          soh_max: nullable({ type: "number" }),
          end_of_life_cycle: nullable({ type: "integer" }),
          fade: { description: "SOH by row.", ...list(ref("number")) },
          cycles: list({ type: "integer" }),
        }),
      ),
    }),
  ],
  studies: [
    "`studies`",
    list(
      object({
        ...studyOutline,
        best_value: { description: "Null with several objectives.", ...nullable(ref("number")) },
        sampler: text,
        pruner: text,
        file: nullable(text),
        ...aboutStudy,
        owner: { description: "Who writes the study now; `url`: a service; null: nobody does.", ...nullable(owner) },
      }),
    ),
  ],
  show: [
    "`show`; `show --watch`: each line",
    object(
      {
        ...studyOutline,
        file: nullable(text),
        seed: count,
        task: ref("task"),
        command,
        sampler: component,
        sampler_choice: {
          description: 'Whom the sampler "auto" asks next, and why; null for any other.',
          ...nullable(object({ sampler: text, reason: text })),
        },
        pruner: component,
        failures: map(count),
        trial_seconds: { type: "number", minimum: 0 },
        pruned_share: {
          description: "Of complete and pruned; null before there are any.",
          ...nullable({ type: "number" }),
        },
        steps: { description: "Reports of all trials.", ...count },
        dry_run: {
          description: "What the pruner would have done; only where it is run dry.",
          ...object({ pruned: count, steps_saved: count, best_pruned: nullable(yes) }),
        },
        folds: { description: "What each trial is cross-validated over; null: one split.", ...nullable(folds) },
        seeds: { description: "How many seeds each trial, or each of its folds, trains under.", ...count },
        best: best(
          {
            metrics: defs.trial.properties.metrics,
            spread: nullable(spread),
            parts: nullable(ref("parts")),
            seconds: { description: "How long it took.", ...nullable(ref("number")) },
            parameters: {
              description: "The weights that it trained; null of an objective.",
              ...nullable(ref("number")),
            },
            command_line: commandLine,
          },
          { optional: ["command_line"] },
        ),
        median_trial_seconds: { description: "Of the complete trials.", ...nullable({ type: "number", minimum: 0 }) },
        best_per_minute: {
          description:
            "What the search has won by the time it spent: `gain / minutes`. `gain`: by how much the best value is better than that of the first complete feasible trial (with several objectives: by how much the hypervolume has grown since). `minutes`: time in trials, of all that finished no later than the best one (than the front's last change). Null before there is a best one, and where no trial says how long it took.",
          ...nullable(object({ value: ref("number"), gain: ref("number"), minutes: { type: "number", minimum: 0 } })),
        },
        baselines: {
          description:
            "On the best trial's windows, or on all trials'; null where they were not scored, as in a study over an objective.",
          ...nullable(ref("partBaselines")),
        },
        front,
        hypervolume,
        annotations,
        user_attrs: map(anything),
        ...aboutStudy,
        copied_from: nullable(copiedFrom),
        from: {
          description: "The study that the sampler begins from, and how many of its best trials fit; null: none.",
          ...nullable(object({ ...priorOutline, trials: count })),
        },
        terminator: nullable(object({ min_trials: count })),
        ended: nullable(ended),
        run: nullable(run),
        earlier_trials: {
          description: "What has become of the trials of earlier spaces; null where the space never changed.",
          ...nullable(earlierTrials),
        },
        made_by: { description: "Null in studies of earlier versions.", ...nullable(ref("madeBy")) },
        owner: {
          description: "Who writes the study now; without a pid it is no process that could be looked at.",
          ...nullable(owner),
        },
        findings: list(ref("finding")),
      },
      { optional: ["front", "hypervolume", "dry_run", "command"] },
    ),
  ],
  trials: ["`trials`", list(ref("trial"))],
  "best-trial": [
    "`best-trial`",
    {
      anyOf: [
        { description: "With one objective.", ...ref("trial") },
        { description: "With several: the Pareto front, by number.", ...list(ref("trial")), minItems: 1 },
      ],
    },
  ],
  importance: [
    "`importance`",
    object({
      study: text,
      method: { enum: ["ped-anova", "fanova"] },
      options: {
        description: "As `describe importance METHOD` lists them.",
        ...map({ type: ["number", "string", "boolean"] }),
      },
      targets: list(
        object({
          metric: text,
          direction: { description: "fanova makes no use of it.", enum: ["minimize", "maximize"] },
          parameters: {
            description: "Most important first.",
            ...list(
              object({
                name: text,
                importance: {
                  description:
                    "fanova: the share of the variance that it explains by itself. ped-anova: a divergence, without an upper end.",
                  ...notNegative,
                },
                share: { description: "Of the sum of all importances; 0 where that is 0.", ...upToOne },
                spread: {
                  description: "fanova: standard deviation over the trees; ped-anova: null.",
                  ...nullable(notNegative),
                },
                trials: { description: "How many of the used trials have it.", ...count },
                within: {
                  description: "The importance among the trials that have it; null where all have.",
                  ...nullable(notNegative),
                },
              }),
            ),
          },
          interactions: {
            description: "Largest first; null without --interactions.",
            ...nullable(
              list(
                object({
                  names: { ...list(text), minItems: 2, maxItems: 2 },
                  importance: {
                    description: "The share of the variance, beyond what each explains by itself.",
                    ...notNegative,
                  },
                  spread: notNegative,
                }),
              ),
            ),
          },
          used: { description: "How many trials were used.", ...count },
          top: { description: "ped-anova: how many of them are the top trials.", ...nullable(count) },
          omitted: {
            description: "The trials that were not used, by the reason.",
            ...list(
              object({
                reason: {
                  enum: [
                    "banned",
                    "failed",
                    "unfinished",
                    "pruned",
                    "infeasible",
                    "no-value",
                    "not-finite",
                    "outside-space",
                  ],
                },
                trials: list(count),
              }),
            ),
          },
          notes: list(text),
        }),
      ),
    }),
  ],
  "best-trial-retrain": [
    "`best-trial --retrain`",
    object({
      trial: count,
      params: ref("params"),
      epochs: {
        description: "After folds, how many each side is trained for on all cells but the test cells; else null.",
        ...nullable(object({ winner: count, defaults: count })),
      },
      runs: list(
        object({
          who: { enum: ["winner", "defaults"] },
          seed: count,
          val: ref("metrics"),
          test: nullable(ref("metrics")),
        }),
      ),
      rows: list(
        object({
          part: { enum: ["val", "test"] },
          metric: text,
          direction: { enum: ["minimize", "maximize"] },
          winner: ref("interval"),
          defaults: ref("interval"),
          difference: { description: "Paired, winner - defaults, with its 95 % interval.", ...ref("interval") },
        }),
      ),
      baselines: object({ val: ref("metrics"), test: nullable(ref("metrics")) }),
    }),
  ],
  logs: [
    "`logs`, `logs --follow`: each line",
    {
      oneOf: [
        object({ event: { const: "line" }, number: count, text }),
        object({
          event: { const: "state" },
          number: count,
          state: { enum: ["waiting", "running", "complete", "pruned", "failed"] },
          abandoned: { description: "Recorded as running, but the process that ran it has gone.", ...yes },
        }),
      ],
    },
  ],
  doctor: ["`doctor`", list(object({ study: { description: "The study's name.", ...text }, ...finding }))],
  "doctor-repair": [
    "`doctor --repair`",
    {
      anyOf: [
        { description: "Of the study that is named.", ...repair() },
        { description: "Without a name: of every study that could be looked at.", ...list(repair({ study: text })) },
      ],
    },
  ],
  evaluate: [
    "`evaluate CHECKPOINT …`",
    object(
      {
        model: text,
        dataset: text,
        split: { enum: ["val", "test", "train"] },
        windows: count,
        metrics: { description: "Under the part's prefix: val_rmse, test_rmse, …", ...ref("metrics") },
        baselines: {
          description: "Of the four baselines on the same windows; without ridge where the data have no training part.",
          ...map(ref("number")),
          required: ["persistence", "linear"].flatMap((n) => ["rmse", "rmse_end", "mae"].map((m) => `${n}_${m}`)),
        },
        interval: {
          description:
            "Of several checkpoints alone: their range from the 5 to the 95 % quantile, held against the truth.",
          ...object({
            members: { type: "integer", minimum: 2 },
            nominal: { type: "number" },
            coverage: {
              description: "The share of true values that it covers.",
              type: "number",
              minimum: 0,
              maximum: 1,
            },
            mean_width: { description: "SOH units.", type: "number", minimum: 0 },
          }),
        },
        warnings: list(text),
      },
      { optional: ["interval"] },
    ),
  ],
  predict: [
    "`predict CHECKPOINT … --format json`",
    object({
      dataset: text,
      part: {
        description: "Null: every window of the cells that the model was not trained with.",
        ...nullable({ enum: ["val", "test", "train"] }),
      },
      windows: { description: "Forecasts included.", ...count },
      horizon: { type: "integer", minimum: 1 },
      eol: { description: "End of life, SOH.", type: "number" },
      warnings,
      predictions: list(
        object(
          {
            cell: text,
            cycle: { type: "integer" },
            step: { type: "integer", minimum: 1 },
            soh_true: { description: "Null ahead of the data.", ...nullable(ref("number")) },
            soh_pred: { description: "Of several checkpoints their mean.", ...ref("number") },
            soh_low: { description: "Of several checkpoints: the 5 % quantile over them.", ...ref("number") },
            soh_high: { description: "Of several checkpoints: the 95 % quantile over them.", ...ref("number") },
          },
          { optional: ["soh_low", "soh_high"] },
        ),
      ),
      forecasts: {
        description: "One a cell with --forecast; else empty.",
        ...list(
          object({
            cell: text,
            last_cycle: { type: "integer" },
            last_soh: ref("number"),
            end_of_life_cycle: {
              description: "Measured, or predicted; null: not within the horizon.",
              ...nullable({ type: "integer" }),
            },
            remaining_life: {
              description: "Cycles from the last observed one until then; 0 where it is measured by then.",
              ...nullable({ type: "integer", minimum: 0 }),
            },
            end_of_life_at: {
              description:
                "Where the line through the last measured and the predicted points meets the end of life, a fraction of a cycle at or before end_of_life_cycle; null: measured, or not within the horizon.",
              ...nullable(ref("number")),
            },
          }),
        ),
      },
    }),
  ],
  replay: [
    "`replay N`",
    object({
      number: count,
      same: {
        description: "Every report, the values and metrics came out bit for bit, and the pruner's decisions again.",
        ...yes,
      },
      difference: nullable(text),
      reports: ref("intermediate"),
      backend: { description: "Null of a program.", ...nullable(text) },
      recorded_backend: nullable(text),
    }),
  ],
  export: [
    "`export --to json`",
    object({ ...header, annotations, trials: list(ref("trial")) }, { optional: optionalInHeader }),
  ],
  import: [
    "`import FILE --format json`",
    object({
      study: { description: "Its name here.", ...text },
      file: { description: "Where it is kept.", ...text },
      from: { description: "The form of the file that was read.", enum: ["optuna-journal", "json", "csv"] },
      objectives,
      space: ref("space"),
      seed: count,
      counts: object({ waiting: count, running: count, complete: count, pruned: count, failed: count }),
      notes: { description: "What became of what has no place here, a sentence each.", ...list(text) },
    }),
  ],
  info: [
    "`info`",
    object(
      { ...madeBy, project_file: { description: "The path of the one in force.", ...nullable(text) } },
      { optional: ["commit"] },
    ),
  ],
  "project-file": [
    "A project file: mlbench-hpo.config.json, .yaml or .mjs",
    object(projectFile, { optional: Object.keys(projectFile) }),
  ],
  backends: [
    "`backends`",
    object({
      kernels: list(
        runnable(kernels, {
          remedy: {
            description: "What to do where it does not run; null: it does, or nothing helps.",
            ...nullable(text),
          },
        }),
      ),
      chosen_by: { enum: ["MLBENCH_HPO_KERNELS", "auto"] },
      isa: { description: "What native kernels use here; null without them.", ...nullable({ enum: isas }) },
      isas: { description: "All that they could use.", ...list({ enum: isas }) },
      native_file: nullable(text),
      native_origin: {
        description: "Made by this machine's compiler, or brought by the package; null without native kernels.",
        ...nullable({ enum: ["built", "prebuilt"] }),
      },
      native_compiler: { description: "Null where it is not known.", ...nullable(text) },
      backends: list(runnable(["wasm", "cpu", "tensorflow"], { version: nullable(text) })),
      tensorflow: {
        description: "What `backends install tensorflow` or npm brought, whether it loads or not.",
        ...nullable(
          object({
            source: { enum: ["cache", "npm"] },
            folder: text,
            version: { description: "Of libtensorflow; null for what npm brought.", ...nullable(text) },
            bytes: nullable(count),
          }),
        ),
      },
    }),
  ],
  ask: [
    "`ask`",
    object({
      number: count,
      attempt: { type: "integer", minimum: 1 },
      params: ref("params"),
      seed: count,
      lease: { description: "Null for a trial that is handed out for as long as it takes.", ...nullable(lease) },
    }),
  ],
  report: ["`report N`", object({ answer: { enum: ["continue", "prune", "stop"] } })],
  "report-page": [
    "`report -o FILE.html`",
    object({
      file: { description: "Where the page was written.", ...text },
      bytes: count,
      study: text,
      revision: { description: "Of the study when it was read.", ...count },
      trials: { description: "Trials in the table.", ...count },
      plots: { description: "The kinds of its charts.", ...list(text) },
      left_out: { description: "Sentences: what the report does not show, and why.", ...list(text) },
    }),
  ],
  heartbeat: ["`heartbeat`", object({ answer: { enum: ["continue", "stop"] } })],
  "mlflow-sync": [
    "`mlflow sync`",
    {
      anyOf: [
        object({
          ...{ study: text, uri: text },
          experiment: { description: "Its id.", ...text },
          run: { description: "The id of the study's own run.", ...text },
          trials: { description: "Those of the study, all of which the server has.", ...count },
          requests: { description: "Those that sent something; 0: the server had everything.", ...count },
          refused: { description: "What the server would not take, in words.", ...list(text) },
        }),
        object({ folder: text, uri: text, refused: list(text) }),
      ],
    },
  ],
  compare: [
    "`compare A B …`",
    object({
      objectives,
      reference: {
        description: "With several objectives: up to where every hypervolume is taken.",
        ...nullable(list({ type: "number" })),
      },
      at: { description: "What groups are compared at.", enum: ["trials", "time"] },
      studies: list(
        object({
          name: text,
          group: text,
          trials: count,
          finished: count,
          pruned: count,
          failed: count,
          best: {
            description: "With several objectives the hypervolume; null before there is one.",
            ...nullable(ref("number")),
          },
          best_trial: { description: "Null with several objectives.", ...nullable(count) },
          params: { description: "Of the best trial.", ...nullable(ref("params")) },
          best_after: { description: "How many trials had finished when the best was reached.", ...nullable(count) },
          seconds: { description: "In all finished trials.", type: "number", minimum: 0 },
          best_per_minute: { description: "As in show.", ...nullable(ref("number")) },
          by_trials: curve("finished trials"),
          by_time: curve("seconds in trials"),
        }),
      ),
      groups: list(
        object({
          name: text,
          studies: list(text),
          best: nullable(object(quartiles)),
          by_trials: list(object({ at: ref("number"), ...quartiles })),
          by_time: list(object({ at: ref("number"), ...quartiles })),
        }),
      ),
      pairs: {
        description:
          "Groups of two studies and more, compared at the budget that all their studies have spent: the share of pairs of studies in which the first is better, and the two-sided p of an exact rank sum test.",
        ...list(
          object({
            groups: { type: "array", items: text, minItems: 2, maxItems: 2 },
            at: { type: "number" },
            probability: { type: "number", minimum: 0, maximum: 1 },
            p_value: { type: "number", minimum: 0, maximum: 1 },
          }),
        ),
      },
      warnings: { description: "What the studies' tasks differ in.", ...list(text) },
    }),
  ],
  "create-study": [
    "`create-study`",
    object(
      { study: text, file: text, seed: count, created: yes, config: studyFile, warnings, space_change: spaceChange },
      { optional: ["space_change"] },
    ),
  ],
  "create-study-space-change": ["`create-study --space-change --dry-run`", object({ space_change: spaceChange })],
  "create-study-dry-run": [
    "`create-study --dry-run`",
    object({
      ...{ name: text, space: ref("space"), fixed: map(ref("configValue")), task: ref("task") },
      ...{ config: studyFile, warnings },
    }),
  ],
  train: [
    "A line of `train --format json`",
    {
      oneOf: [
        epoch,
        finishOfFold,
        {
          description: "The last line under --folds and --seeds: the mean, and each part's.",
          ...object({ ...trainFinish, folds: map(finishOfFold) }),
        },
      ],
    },
  ],
  optimize: [
    "A line of `optimize --format json`",
    {
      oneOf: [
        object({
          event: { const: "started", description: "The only line of `--detach`." },
          study: text,
          file: { description: "The study's page at the service.", ...text },
          run: { type: "object", description: "As the service's API has it." },
        }),
        object(
          {
            event: { const: "report" },
            number: count,
            step: { type: "number" },
            value: ref("number"),
            metrics: {
              description: "Every number of that step; missing where there is only the value.",
              ...ref("metrics"),
            },
            parts: { description: "The reported metric of each part of a cross-validated trial.", ...values },
          },
          { optional: ["metrics", "parts"] },
        ),
        object(
          {
            event: { const: "trial" },
            number: count,
            state: { enum: ["complete", "pruned", "failed"] },
            value: { description: "Missing where there are several objectives.", ...nullable(ref("number")) },
            values: nullable(values),
            spread,
            params: ref("params"),
          },
          { optional: ["value", "spread"] },
        ),
        object({ event: { enum: ["paused", "resumed"] } }),
        object({ event: { const: "subscriber-failed" }, subscriber: text, message: text }),
        object(
          {
            event: { const: "finish" },
            study: text,
            file: nullable(text),
            finished: count,
            best: best({ spread }, { optional: ["spread"] }),
            front,
            stopped_by: {
              enum: [
                ...["trials", "total-trials", "timeout", "patience", "target", "max-failures", "space-exhausted"],
                ...["interrupt", "stop"],
              ],
            },
            stop_reason: { description: "Why the study's terminator ended the call; only where it did.", ...text },
            baselines: { description: "On the best trial's windows, or on all trials'.", ...ref("partBaselines") },
            warnings,
          },
          { optional: ["front", "stop_reason", "baselines", "warnings"] },
        ),
      ],
    },
  ],
  sweep: [
    "The last line of `sweep --format json`; those before are optimize's",
    object({
      event: { const: "sweep" },
      study: text,
      file: text,
      points_total: { description: "Points of the sweep, those that no trial was at included.", ...count },
      repeat: { type: "integer", minimum: 1 },
      trials_left: { description: "Trials that are still to be run.", ...count },
      points: {
        description: "Those that have trials, best mean of the first objective first.",
        type: "array",
        items: object({
          params: ref("params"),
          trials: { type: "array", items: count, minItems: 1 },
          ...{ complete: count, pruned: count, failed: count, unfinished: count, infeasible: count },
          scores: {
            description: "One an objective.",
            type: "array",
            minItems: 1,
            items: object({
              metric: text,
              n: count,
              mean: nullable(ref("number")),
              sd: { description: "Sample standard deviation; from two values on.", ...nullable(ref("number")) },
              interval: {
                description: "95 % t interval of the mean; from three values on.",
                ...nullable({ type: "array", items: ref("number"), minItems: 2, maxItems: 2 }),
              },
            }),
          },
        }),
      },
    }),
  ],
  hook: [
    "What a hook reads: the finish event, or a trial's with its record",
    {
      oneOf: [
        {
          type: "object",
          properties: { event: { const: "trial" }, study: text, file: text, number: count, record: { type: "object" } },
          required: ["event", "study", "file", "number", "state", "values", "params", "record"],
        },
        {
          type: "object",
          properties: { event: { const: "finish" }, study: text, file: text, finished: count },
          required: ["event", "study", "file", "finished", "best", "stopped_by"],
        },
      ],
    },
  ],
  epochs: [
    "A line of a trial's epochs.jsonl",
    object({
      attempt: { type: "integer", minimum: 1 },
      step: { type: "number" },
      value: ref("number"),
      metrics: { description: "Every number of that step.", ...ref("metrics") },
    }),
  ],
  plot: [
    "`plot --format json`",
    object({
      kind: {
        enum: [
          ...["history", "intermediate", "parallel", "slice", "contour", "rank", "importances", "edf", "timeline"],
          ...["pareto", "hypervolume", "folds", "prediction", "forecast", "compare"],
        ],
      },
      title: text,
      notes: { description: "Sentences: what was left out and why.", ...list(text) },
      width: { description: "Pixels, without title and notes.", ...count },
      height: count,
      option: {
        description: "An ECharts 6 option of plain JSON. Under keys of colours, `@NAME` stands for a theme's colour.",
        ...map(anything),
      },
      table: object({
        columns: list(text),
        rows: list(list(nullable({ anyOf: [ref("number"), text] }))),
      }),
    }),
  ],
  snapshot: [
    "A study's file, studies/NAME.json (further keys are allowed)",
    object(
      {
        format: { const: "mlbench-hpo-study" },
        schema_version: { const: 2 },
        checksum: { description: "SHA-256 over everything else.", type: "string", pattern: "^[0-9a-f]{64}$" },
        revision: { description: "The last journal event folded in.", ...count },
        summary: {
          description: "The trials in brief, for lists; follows from the rest.",
          ...object(
            {
              counts: ref("counts"),
              counted: { description: "Finished ones that repeat no other.", ...count },
              best: {
                description: "Null before there is one, and with several objectives.",
                ...nullable(object({ number: count, value: ref("number"), values })),
              },
              front_size: { description: "Null with one objective.", ...nullable(count) },
              last_activity_at: ref("time"),
            },
            { open: true },
          ),
        },
        ...header,
        annotations,
        trials: list(ref("trial")),
      },
      { open: true, optional: ["annotations", "summary", ...optionalInHeader] },
    ),
  ],
};

/** The definitions that a schema refers to, directly or through others. */
function used(schema, found = {}) {
  for (const [, name] of JSON.stringify(schema).matchAll(/"#\/\$defs\/(\w+)"/g)) {
    if (name in found) continue;
    found[name] = defs[name];
    used(defs[name], found);
  }
  return found;
}

/** The file of every schema, by name, formatted. */
export async function files() {
  const written = Object.entries(schemas).map(async ([name, [title, schema]]) => {
    const $defs = used(schema);
    const whole = {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      title,
      ...schema,
      ...(Object.keys($defs).length > 0 ? { $defs } : {}),
    };
    return [`${name}.json`, await format(JSON.stringify(whole), { parser: "json", printWidth: 120 })];
  });
  return Object.fromEntries(await Promise.all(written));
}

if (import.meta.url === `file://${process.argv[1]}`)
  for (const [name, content] of Object.entries(await files())) writeFileSync(new URL(name, import.meta.url), content);
