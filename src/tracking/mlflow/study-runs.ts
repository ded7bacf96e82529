/** A study and its trials as runs: which params, tags and metrics, under which keys. Pure. */
import { createHash } from "node:crypto";
import { bestOfStudy, bestSoFar, encodeNumber, frontOfStudy, isFinished, partNames } from "../../core/index.js";
import { isBanned, isFeasible, stringifyJson, valueOf } from "../../core/index.js";
import type { Metrics, StudyHeader, StudyState, Trial, TrialState } from "../../core/index.js";
import type { RunStatus } from "./client.js";
import { fitKey, fitText, limits } from "./limits.js";
import type { Point, Texts } from "./limits.js";
import { STUDY_RUN, trialRun } from "./operations.js";
import type { Operation } from "./operations.js";
import { STUDY_ID_TAG, TRIAL_TAG } from "./tags.js";

/** What stands for numbers that are not finite: a tag that says so, or the number itself, which MLflow's page shows badly. */
export type NonFinite = "tag" | "metric";

/** Of every trial, whichever study it is of. */
export const trialStatus: Readonly<Record<TrialState, RunStatus>> = {
  waiting: "SCHEDULED",
  running: "RUNNING",
  complete: "FINISHED",
  pruned: "KILLED",
  failed: "FAILED",
};

/** What tells a study from every other, by whichever name it goes: when it was made, and its seed. */
export function studyIdOf({ created_at, seed }: Pick<StudyHeader, "created_at" | "seed">): string {
  return createHash("sha256").update(`${created_at} ${seed}`).digest("hex").slice(0, 16);
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  return typeof value === "number" ? String(encodeNumber(value)) : stringifyJson(value);
}

/** Params as MLflow takes them. */
export function paramTexts(params: Readonly<Record<string, unknown>>): Texts {
  const known = Object.entries(params).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known.map(([name, value]) => [fitKey(name), fitText(textOf(value), limits.param)]));
}

/** Tags as MLflow takes them; those without a value are left out. */
export function tagTexts(tags: Readonly<Record<string, unknown>>): Texts {
  const known = Object.entries(tags).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(known.map(([name, value]) => [fitKey(name), fitText(textOf(value), limits.tag)]));
}

/** What all of a study's trials have in common: it stands in every run, so that runs can be filtered by it. */
function commonParams({ task }: StudyHeader): Readonly<Record<string, unknown>> {
  const model = typeof task.model === "string" ? task.model : undefined;
  const set = Object.entries(task.params ?? {}).filter(([, value]) => value !== null);
  return { model, dataset: task.dataset, ...Object.fromEntries(set) };
}

/** What is said of who runs it, and of what. */
export interface RunSource {
  /** `mlflow.user`, `mlflow.source.name`, `mlflow.source.git.commit`, … */
  readonly tags: Texts;
}

/** The study's own run, begun or gone on with. */
export function studyBegun(state: StudyState, given: { token: string; now: number; source: RunSource }): Operation {
  const { header } = state;
  const { sampler, pruner, settings, objectives, made_by } = header;
  return {
    ...{ run: STUDY_RUN, attempt: 1, status: "RUNNING" },
    begin: { name: header.name, start: firstStart(state) ?? given.now, token: given.token },
    params: paramTexts({
      ...commonParams(header),
      ...{ seed: header.seed, sampler: sampler.name, pruner: pruner.name },
      ...{ trial_value: settings.trial_value, folds: settings.folds ?? undefined, seeds: settings.seeds },
    }),
    tags: tagTexts({
      ...given.source.tags,
      ...{ "mlflow.runName": header.name, "mlbench_hpo.study": header.name, [STUDY_ID_TAG]: studyIdOf(header) },
      "mlbench_hpo.objectives": objectives.map(({ metric, direction }) => `${metric}:${direction}`).join(","),
      ...{ "mlbench_hpo.constraints": settings.constraints?.join(", "), "mlbench_hpo.space": header.space },
      ...{ "mlbench_hpo.package": made_by?.package, "mlflow.note.content": header.note },
      ...prefixed("mlbench_hpo.user_attrs", header.user_attrs),
    }),
  };
}

function firstStart({ trials }: StudyState): number | null {
  const times = trials.flatMap(({ started_at }) => (started_at === null ? [] : [Date.parse(started_at)]));
  return times.length === 0 ? null : times.reduce((first, time) => Math.min(first, time));
}

function prefixed(prefix: string, values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}.${name}`, value]));
}

/** What the study's own run says when a call is over, or of a study as it lies there. */
export function studyEnded(state: StudyState, end: { status: RunStatus; at: number; stoppedBy?: string }): Operation {
  const { header, counts } = state;
  const several = header.objectives.length > 1;
  const [best, front] = several ? [null, frontOfStudy(state)] : [bestOfStudy(state), []];
  return {
    ...{ run: STUDY_RUN, attempt: 1, status: end.status, end: end.at, ended: end.status },
    metrics: [...bestPoints(state), ...baselinePoints(header)],
    tags: tagTexts({
      ...prefixed("mlbench_hpo.trials", counts),
      ...{ "mlbench_hpo.stopped_by": end.stoppedBy, "mlbench_hpo.best_trial": best?.number },
      ...(several ? { "mlbench_hpo.front": front.map(({ number }) => number).join(",") } : {}),
      "mlbench_hpo.ended": end.status,
    }),
  };
}

/** `best/METRIC`: the best value so far, at each trial that brought a better one; step: how many trials were finished. */
function bestPoints({ header, trials, annotations }: StudyState): Point[] {
  const [objective, ...others] = header.objectives;
  if (!objective || others.length > 0) return [];
  const counted = trials.filter(
    (trial) => !isBanned(annotations, trial.number) && Number.isFinite(valueOf(trial) ?? NaN),
  );
  const byFinish = new Map(counted.map((trial) => [(trial.finish_index ?? 0) + 1, trial]));
  return bestSoFar(counted, objective.direction)
    .filter(([, value], i, all) => value !== all[i - 1]?.[1])
    .map(([finished, value]) => [
      fitKey(`best/${objective.metric}`),
      value,
      endOf(byFinish.get(finished) as Trial),
      finished,
    ]);
}

/** Where all trials are scored on the same windows. */
function baselinePoints({ baselines = [], created_at }: StudyHeader): Point[] {
  if (baselines.length !== 1) return [];
  const at = Date.parse(created_at);
  const named = Object.entries(baselines[0]?.metrics ?? {}).map(
    ([name, value]) => [`baseline/${name}`, value] as const,
  );
  return metricPoints(Object.fromEntries(named), { at, step: 0 }, "tag");
}

/** A trial that begins. */
export function trialBegun(
  header: StudyHeader,
  trial: Pick<Trial, "number" | "attempt" | "params"> & Partial<Trial>,
  given: { token: string; now: number; source: RunSource; status?: RunStatus },
): Operation {
  const { number, attempt, params, started_at, seed, retry_of } = trial;
  const { status = "RUNNING" } = given;
  const start = started_at ? Date.parse(started_at) : given.now;
  return {
    ...{ run: trialRun(number), attempt, status },
    begin: { name: `trial-${number}`, start, token: given.token },
    params: paramTexts({ ...commonParams(header), ...params }),
    tags: tagTexts({
      ...given.source.tags,
      ...{ "mlflow.runName": `trial-${number}`, "mlbench_hpo.study": header.name, [STUDY_ID_TAG]: studyIdOf(header) },
      ...{ [TRIAL_TAG]: number, "mlbench_hpo.attempt": attempt },
      ...{ "mlbench_hpo.state": status === "SCHEDULED" ? "waiting" : "running" },
      ...{ "mlbench_hpo.seed": seed, "mlbench_hpo.retry_of": retry_of },
    }),
  };
}

/** One report of a trial. */
export interface TrialReport {
  readonly step: number;
  readonly value: number;
  readonly metrics: Metrics;
  readonly parts?: readonly number[] | undefined;
  /** ms */
  readonly at: number;
}

/** A report's numbers: those of the epoch, the reported one where it is not among them, and that of each part. */
export function reportPoints(header: StudyHeader, report: TrialReport, nonFinite: NonFinite): Point[] {
  const reported = header.settings.prune_by?.metric ?? header.objectives[0]?.metric ?? "value";
  const { metrics, value, parts = [], step, at } = report;
  const own = Object.hasOwn(metrics, reported) ? metrics : { ...metrics, [reported]: value };
  const ofParts = Object.fromEntries(parts.map((number, i) => [`${reported}.part-${i + 1}`, number]));
  return metricPoints({ ...own, ...ofParts }, { at, step }, nonFinite);
}

/** Numbers as MLflow takes them. */
export function metricPoints(
  metrics: Metrics,
  { at, step }: { at: number; step: number },
  nonFinite: NonFinite,
): Point[] {
  return Object.entries(metrics).flatMap(([name, value]): Point[] => {
    if (Number.isFinite(value)) return [[fitKey(name), value, at, step]];
    return nonFinite === "tag" ? [] : [[fitKey(name), String(value) as "NaN", at, step]];
  });
}

/**
 * A trial that has ended: its values, what it was judged by, and its state.
 * @param given `notFinite`: which of its numbers are not logged, in words
 */
export function trialEnded(
  state: StudyState,
  trial: Trial,
  { nonFinite, notFinite }: { nonFinite: NonFinite; notFinite: readonly string[] },
): Operation {
  const at = endOf(trial);
  return {
    ...{ run: trialRun(trial.number), attempt: trial.attempt, reports: trial.intermediate.length },
    ...{ status: trialStatus[trial.state], end: at, ended: trial.state },
    // Those that were suggested without being declared are known only now.
    params: paramTexts(trial.params),
    metrics: metricPoints(
      finalMetrics(state.header, trial),
      { at, step: trial.intermediate.at(-1)?.[0] ?? 0 },
      nonFinite,
    ),
    tags: { ...endTags(trial, notFinite), ...annotationTags(state, trial.number) },
  };
}

/** Under names of their own: the last value of `val_rmse`, which MLflow's table shows, is not the trial's. */
function finalMetrics({ objectives }: StudyHeader, trial: Trial): Metrics {
  const { metrics, values, constraints, spread, seconds, parts } = trial;
  const of = (i: number): string => `objective/${objectives[i]?.metric ?? i}`;
  const ofPart = parts?.flatMap((part, n) => part.values.map((value, i) => [`${of(i)}.part-${n + 1}`, value] as const));
  return {
    ...Object.fromEntries((values ?? []).map((value, i) => [of(i), value])),
    ...Object.fromEntries(Object.entries(metrics.best ?? {}).map(([name, value]) => [`best/${name}`, value])),
    ...Object.fromEntries(Object.entries(constraints).map(([name, value]) => [`constraint/${name}`, value])),
    ...(spread === null ? {} : { [`${of(0)}.spread`]: spread }),
    ...Object.fromEntries(ofPart ?? []),
    ...(seconds === null ? {} : { "trial/seconds": seconds }),
  };
}

/** What diverged has a tag of its own, by which runs are found. */
function endTags(trial: Trial, notFinite: readonly string[]): Texts {
  const { failure, prune_reason, constraints, parts, intermediate, values } = trial;
  const odd = [...intermediate.map(([, value]) => value), ...(values ?? [])].some((value) => !Number.isFinite(value));
  const names = partNames(parts ?? []).map(
    (name, i) => [`mlbench_hpo.part-${i + 1}`, `${name} (seed ${parts?.[i]?.seed})`] as const,
  );
  return tagTexts({
    ...{ "mlbench_hpo.state": trial.state, "mlbench_hpo.ended": trial.state, "mlbench_hpo.attempt": trial.attempt },
    ...{ "mlbench_hpo.reports": intermediate.length, "mlbench_hpo.seed": trial.seed },
    ...{ "mlbench_hpo.backend": trial.backend, "mlbench_hpo.kernels": trial.kernels },
    ...(failure && { "mlbench_hpo.failure": `${failure.class}: ${failure.message} (${failure.where})` }),
    ...{ "mlbench_hpo.prune_reason": prune_reason, "mlbench_hpo.retry_of": trial.retry_of },
    ...(Object.keys(constraints).length > 0 ? { "mlbench_hpo.feasible": isFeasible(trial) } : {}),
    ...(odd || failure?.class === "diverged" ? { diverged: 1 } : {}),
    ...(notFinite.length > 0 ? { "mlbench_hpo.not_finite": notFinite.join("; ") } : {}),
    ...Object.fromEntries(names),
    ...prefixed("mlbench_hpo.user_attrs", trial.user_attrs),
  });
}

/** What people say of a trial: sent again whenever the study is. */
export function annotationTags({ annotations }: Pick<StudyState, "annotations">, number: number): Texts {
  const annotation = annotations.get(number);
  if (!annotation) return {};
  const { note, tags, banned } = annotation;
  return tagTexts({ "mlflow.note.content": note, "mlbench_hpo.tags": tags.join(", "), "mlbench_hpo.banned": banned });
}

/** ms; of a record without an end its start. */
function endOf({ finished_at, started_at }: Trial): number {
  return Date.parse(finished_at ?? started_at ?? "") || 0;
}

/**
 * When each report of a record was made, as far as the record tells: at the seconds that its training had taken by then,
 * or evenly over its time. The same record always gives the same times: a point that is sent twice is one point.
 * @param seconds since the trial began, one a report; undefined where it was not reported
 */
export function reportTimes(trial: Trial, seconds: readonly (number | undefined)[]): number[] {
  const start = Date.parse(trial.started_at ?? trial.finished_at ?? "") || 0;
  const end = isFinished(trial) ? endOf(trial) : start;
  const count = trial.intermediate.length;
  const rises = seconds.every((value, i) => value !== undefined && value >= (seconds[i - 1] ?? 0));
  if (rises && start + (seconds.at(-1) ?? Infinity) * 1000 <= end)
    return (seconds as readonly number[]).map((value) => Math.round(start + value * 1000));
  return trial.intermediate.map((_, i) => start + Math.round(((i + 1) / Math.max(count, 1)) * (end - start)));
}
