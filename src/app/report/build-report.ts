/** What a report says, put together from a study's state. */
import { comparableTrials, describeDistribution, infeasibility, oneLine, stringifyJson } from "../../core/index.js";
import type { Distribution, StudyHeader, StudyState, Trial } from "../../core/index.js";
import type { Plot } from "../../plots/plot.js";
import { baselinesOf, errorsOf, partNames } from "../views/baselines.js";
import { certaintyInWords } from "../views/certainty.js";
import { overviewOf } from "../views/study-overview.js";
import type { StudyOverview, StudyPlace } from "../views/study-overview.js";
import { trialVerdict } from "../views/verdict.js";
import { packageName } from "../made-by.js";
import type { Winners } from "../winners.js";
import { REPORT_FORMAT, REPORT_VERSION } from "./report-data.js";
import type { NamedText, ReportData, ReportedAnnotation, ReportedFailure, ReportedWinner } from "./report-data.js";
import { programInWords } from "../command-line.js";
import { reproductionOf } from "./reproduction.js";
import { cutCell, MOST_ROWS, trialColumns } from "./trial-columns.js";

/** Longer texts of a study (notes, attributes, messages) are cut to this. */
const TEXT_LENGTH = 2_000;
/** Of a front more trials than this are told in the table alone. */
const MOST_WINNERS = 50;
const MOST_ANNOTATIONS = 500;

/** What a report is made from besides the study's state. */
export interface ReportParts extends StudyPlace {
  /** How a command line names the study; null: no command reaches it. */
  readonly words: { readonly study: string; readonly base: string | null } | null;
  /** Whether a trial's weights were kept. */
  readonly hasWeights: (number: number) => Promise<boolean>;
  readonly plots: readonly Plot[];
  /** Why plots are missing, in sentences. */
  readonly leftOut: readonly string[];
  readonly now: Date;
}

/** A report of a study's state. */
export async function reportOf(state: StudyState, winners: Winners | null, parts: ReportParts): Promise<ReportData> {
  const { header } = state;
  const front = winners?.trials ?? [];
  const [shown, lacks]: [ReportedWinner[], string[]] = [[], []];
  for (const trial of front.slice(0, MOST_WINNERS)) {
    const winner = await winnerOf(state, trial, parts);
    shown.push(winner.shown);
    lacks.push(...winner.lacks);
  }
  const [best] = front;
  const single = header.objectives.length === 1 && best !== undefined ? best : null;
  const overview = shortened(overviewOf(state, parts));
  const trials = trialColumns(
    state,
    front.map(({ number }) => number),
  );
  return {
    ...{ format: REPORT_FORMAT, version: REPORT_VERSION, made_at: parts.now.toISOString(), made_by: packageName() },
    ...{ revision: state.revision, study: overview, space: spaceOf(header), earlier_spaces: earlierOf(header) },
    ...{ fixed: textsOf(header.task.params ?? {}), settings: settingsOf(header) },
    ...{ winners: shown, feasible: winners?.feasible ?? true },
    verdict: single && trialVerdict(header, single),
    certainty: single && (await certaintyOf(state, single, parts.words?.base ?? null)),
    elapsed_seconds: elapsedOf(state),
    failures: failuresOf(state),
    banned: state.trials.length - comparableTrials(state).length,
    annotations: annotationsOf(state),
    environment: environmentOf(state),
    ...{ trials, plots: parts.plots },
    left_out: [...new Set([...leftOutOf(state, front, trials.rows.length), ...parts.leftOut, ...lacks.slice(0, 1)])],
  };
}

function leftOutOf(state: StudyState, front: readonly Trial[], rows: number): string[] {
  const { length } = comparableTrials(state);
  const banned = state.trials.length - length;
  return [
    banned > 0 &&
      `${banned} banned ${banned === 1 ? "trial is" : "trials are"} hidden; \`mlbench-hpo trials\` shows ${banned === 1 ? "it" : "them"}.`,
    rows < length &&
      `The table has ${rows} of ${length} trials, the best and the newest (at most ${MOST_ROWS}); \`mlbench-hpo export\` has all.`,
    front.length > MOST_WINNERS && `Of the ${front.length} trials of the front ${MOST_WINNERS} are shown in full.`,
    state.annotations.size > MOST_ANNOTATIONS &&
      `Of ${state.annotations.size} notes on trials ${MOST_ANNOTATIONS} are shown.`,
  ].filter((sentence) => sentence !== false);
}

/** Texts of any length become such as a page has room for. */
function shortened(overview: StudyOverview): StudyOverview {
  return {
    ...overview,
    note: cutCell(overview.note, TEXT_LENGTH),
    // They stand beside, cut and counted.
    annotations: {},
    user_attrs: Object.fromEntries(
      Object.entries(overview.user_attrs).map(([key, value]) => {
        const text = typeof value === "string" ? value : stringifyJson(value);
        return [key, text.length <= TEXT_LENGTH ? value : cutCell(text, TEXT_LENGTH)];
      }),
    ),
  };
}

async function winnerOf(
  state: StudyState,
  trial: Trial,
  { words, hasWeights }: ReportParts,
): Promise<{ readonly shown: ReportedWinner; readonly lacks: readonly string[] }> {
  const { header } = state;
  const names = partNames(trial.parts ?? []);
  const { lines, lacks } = words
    ? await reproductionOf(state, trial, { ...words, hasWeights: await hasWeights(trial.number) })
    : { lines: [], lacks: [] };
  const shown: ReportedWinner = {
    ...{ number: trial.number, values: trial.values ?? [], spread: trial.spread, params: trial.params },
    metrics: errorsOf(header, trial) ?? {},
    baselines: baselinesOf(header, trial),
    parts: (trial.parts ?? []).map(({ values }, i) => ({ name: names[i] ?? "", values })),
    ...{ infeasible: infeasibility(trial), reproduction: lines },
  };
  return { shown, lacks };
}

async function certaintyOf(state: StudyState, trial: Trial, base: string | null): Promise<string | null> {
  if (trial.parts === null) return null;
  const { boundOf, judgedTrial } = await import("../judge-best.js");
  const direction = state.header.objectives[0]?.direction ?? "minimize";
  try {
    const { bound, againstDefaults } = await judgedTrial(state, base, { trial, by: "value" });
    return certaintyInWords({ bound, against_defaults: againstDefaults }, state.header) || null;
  } catch {
    // The defaults are a model's, whose plug-in may be gone.
    return certaintyInWords({ bound: await boundOf(trial, direction) }, state.header) || null;
  }
}

function earlierOf({ earlier_spaces = [] }: StudyHeader): ReportData["earlier_spaces"] {
  return earlier_spaces.map(({ space, until, trials }) => ({ until, trials, space: spaceOf({ space }) }));
}

function spaceOf({ space }: Pick<StudyHeader, "space">): ReportData["space"] {
  return Object.entries(space).map(([name, distribution]) => ({
    ...{
      name,
      distribution: cutCell(describeDistribution(distribution), TEXT_LENGTH),
      when: conditionOf(distribution),
    },
  }));
}

/** `optimizer = sgd or adam and layers = 2` */
function conditionOf({ when }: Distribution): string | null {
  if (!when) return null;
  const each = Object.entries(when).map(([name, values]) => {
    const allowed = (Array.isArray(values) ? values : [values]).map((value) => oneLine(String(value)));
    return `${name} = ${allowed.join(" or ")}`;
  });
  return cutCell(each.join(" and "), TEXT_LENGTH);
}

function textsOf(values: Readonly<Record<string, unknown>>): NamedText[] {
  return Object.entries(values).map(([name, value]) => {
    const text = typeof value === "string" ? value : Array.isArray(value) ? value.join(", ") : stringifyJson(value);
    return { name, text: cutCell(text ?? "", TEXT_LENGTH) };
  });
}

/** A component with the options that it was given: `tpe (n_startup_trials 5)`. */
function componentText({
  name,
  options,
}: {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
}): string {
  const given = Object.entries(options).map(([key, value]) => `${key} ${stringifyJson(value)}`);
  return given.length === 0 ? name : `${name} (${given.join(", ")})`;
}

function settingsOf({ sampler, pruner, settings, seed }: StudyHeader): NamedText[] {
  const {
    folds,
    seeds,
    prune_by: pruneBy,
    constraints = [],
    objective,
    command,
    plugins,
    data_files: files,
  } = settings;
  const named: Readonly<Record<string, string | undefined>> = {
    sampler: componentText(sampler),
    pruner: `${componentText(pruner)}${settings.dry_run_pruner ? ", dry run" : ""}`,
    seed: String(seed),
    "trial value": settings.trial_value,
    "on NaN": settings.on_nan,
    "on a duplicate": settings.on_duplicate,
    "pruned by": pruneBy && `${pruneBy.direction} ${pruneBy.metric}`,
    constraints: constraints.length === 0 ? undefined : constraints.join(", "),
    folds: folds === undefined || folds === null ? undefined : folds === "cells" ? "each cell held out" : String(folds),
    "seeds a fold": seeds === undefined || seeds === 1 ? undefined : String(seeds),
    objective: objective?.path,
    command: command && programInWords(command),
    "plug-ins": plugins.length === 0 ? undefined : plugins.map(({ path }) => path).join(", "),
    "data files": files.length === 0 ? undefined : files.map(({ path }) => path).join(", "),
  };
  return Object.entries(named).flatMap(([name, text]) =>
    text === undefined ? [] : [{ name, text: cutCell(text, TEXT_LENGTH) }],
  );
}

/** From the first trial's start to the last one's end. */
function elapsedOf({ trials }: StudyState): number | null {
  const times = (of: (trial: Trial) => string | null): number[] =>
    trials.flatMap((trial) => of(trial) ?? []).map((time) => Date.parse(time));
  const started = times((trial) => trial.started_at).reduce((a, b) => Math.min(a, b), Infinity);
  const ended = times((trial) => trial.finished_at).reduce((a, b) => Math.max(a, b), -Infinity);
  return ended > started ? (ended - started) / 1000 : null;
}

function failuresOf({ trials }: StudyState): ReportedFailure[] {
  const classes = new Map<string, { first: Trial; count: number }>();
  for (const trial of trials) {
    if (trial.state !== "failed" || trial.failure === null) continue;
    const known = classes.get(trial.failure.class);
    if (known) known.count += 1;
    else classes.set(trial.failure.class, { first: trial, count: 1 });
  }
  const failures = [...classes].map(([name, { first, count }]) => ({
    ...{ class: name, count, number: first.number },
    message: cutCell(first.failure?.message ?? "", TEXT_LENGTH),
    where: cutCell(first.failure?.where ?? ""),
  }));
  return failures.sort((a, b) => b.count - a.count);
}

function annotationsOf({ annotations }: StudyState): ReportedAnnotation[] {
  return [...annotations]
    .sort(([a], [b]) => a - b)
    .slice(0, MOST_ANNOTATIONS)
    .map(([number, { note, tags, banned }]) => ({
      ...{ number, note: cutCell(note, TEXT_LENGTH), banned },
      tags: tags.slice(0, 20).map((tag) => cutCell(tag)),
    }));
}

/** What the trials ran on, each once with how many there are. */
function environmentOf({ header, trials }: StudyState): NamedText[] {
  const counted = new Map<string, number>();
  for (const { backend, isa } of trials) {
    if (backend === null) continue;
    const ranOn = isa ? `${backend}, ${isa}` : backend;
    counted.set(ranOn, (counted.get(ranOn) ?? 0) + 1);
  }
  const ran = [...counted].map(([name, count]) => `${name} (${count} ${count === 1 ? "trial" : "trials"})`);
  const by = header.made_by;
  return [
    ...(by ? [{ name: "study made by", text: `${by.package}${by.commit ? ` at ${by.commit}` : ""}` }] : []),
    ...(by
      ? [
          { name: "Node", text: by.node },
          { name: "CPU", text: by.cpu },
          { name: "kernels", text: by.kernels },
        ]
      : []),
    ...(by ? [{ name: "command line", text: cutCell(by.command_line, TEXT_LENGTH) }] : []),
    ...(ran.length > 0 ? [{ name: "trained on", text: cutCell(ran.join("; "), TEXT_LENGTH) }] : []),
  ];
}
