/** What is still to be said of a trial, by its record and by how far its run has got. */
import { isFinished } from "../../core/index.js";
import type { Metrics, TrackedStudy, Trial } from "../../core/index.js";
import { trialRun } from "./operations.js";
import type { FileToSend, Operation, Progress } from "./operations.js";
import type { NonFinite, RunSource, TrialReport } from "./study-runs.js";
import { reportPoints, reportTimes, trialBegun, trialEnded, trialStatus } from "./study-runs.js";

/** What this room does not know of studies and gets from who puts it together. */
export interface StudyDoors {
  /** What an attempt at a trial has reported besides values, by the trial's folder. */
  readonly reportsIn: (
    directory: string,
    attempt: number,
  ) => Promise<readonly { readonly step: number; readonly value: number; readonly metrics: Metrics }[]>;
  /** The files of a finished trial that go to its run; sources seen from the study's own folder. */
  readonly filesOf: (study: TrackedStudy, trial: Trial) => Promise<readonly FileToSend[]>;
  /** What goes to the study's run at the end of a call: its records, its pictures. */
  readonly artifactsOf: (study: TrackedStudy) => AsyncIterable<Artifact>;
  readonly source: () => RunSource;
}

/** A file made of a study. */
export interface Artifact {
  /** Where it goes, seen from the run's artifacts. */
  readonly path: string;
  readonly body: string | Uint8Array;
}

/** How trials become operations. */
export interface CatchUpContext {
  readonly study: TrackedStudy;
  readonly doors: StudyDoors;
  readonly nonFinite: NonFinite;
  readonly token: () => string;
}

/** Reports to an operation: a line of a spool stays short. */
const REPORTS = 200;

/** @param notFinite of the reports that were logged already */
export async function catchUp(
  context: CatchUpContext,
  trial: Trial,
  progress: Progress | undefined,
  notFinite: NotFinite = new Map(),
): Promise<Operation[]> {
  const { study, doors, nonFinite } = context;
  const { header } = study.state;
  const same = progress?.attempt === trial.attempt ? progress : undefined;
  if (same && same.ended !== null && isFinished(trial)) return [];
  const begun = same ? [] : [begin(context, trial)];
  const reports = await missingReports(context, trial, same?.reports ?? 0);
  const logged = slices(reports).map((some, i): Operation => ({
    ...{ run: trialRun(trial.number), attempt: trial.attempt },
    metrics: some.flatMap((report) => reportPoints(header, report, nonFinite)),
    reports: (same?.reports ?? 0) + Math.min(reports.length, (i + 1) * REPORTS),
  }));
  if (!isFinished(trial)) return [...begun, ...logged, ...(same ? [stateOf(trial)] : [])];
  const odd = new Map(notFinite);
  for (const report of reports) noteNotFinite(odd, report);
  const end = trialEnded(study.state, trial, { nonFinite, notFinite: [...odd.values()] });
  const files = (await doors.filesOf(study, trial)).map((file): Operation => {
    return { run: trialRun(trial.number), attempt: trial.attempt, file };
  });
  // The state last: a run that has ended has everything.
  return [...begun, ...logged, ...files, end];
}

function begin({ study, doors, token }: CatchUpContext, trial: Trial): Operation {
  const given = { token: token(), now: Date.now(), source: doors.source(), status: trialStatus[trial.state] };
  const status = isFinished(trial) ? "RUNNING" : given.status;
  return trialBegun(study.state.header, trial, { ...given, status });
}

function stateOf({ number, attempt, state }: Trial): Operation {
  const tags = { "mlbench_hpo.state": state };
  return { run: trialRun(number), attempt, status: trialStatus[state], tags };
}

function slices(reports: readonly TrialReport[]): (readonly TrialReport[])[] {
  const count = Math.ceil(reports.length / REPORTS);
  return Array.from({ length: count }, (_, i) => reports.slice(i * REPORTS, (i + 1) * REPORTS));
}

/** The reports of a record from one on, with their metrics where they were kept. */
async function missingReports({ study, doors }: CatchUpContext, trial: Trial, from: number): Promise<TrialReport[]> {
  const { intermediate, intermediate_parts: parts } = trial;
  if (intermediate.length <= from) return [];
  const directory = study.directoryOf(trial.number);
  const kept = directory === null ? [] : await doors.reportsIn(directory, trial.attempt).catch(() => []);
  const metricsAt = new Map(kept.map(({ step, metrics }) => [step, metrics]));
  const times = reportTimes(
    trial,
    intermediate.map(([step]) => metricsAt.get(step)?.["seconds"]),
  );
  return intermediate
    .map(([step, value], i): TrialReport => {
      const metrics = metricsAt.get(step) ?? {};
      return { step, value, metrics, parts: parts?.[i], at: times[i] as number };
    })
    .slice(from);
}

/** Which numbers were not finite, and where first, by name. */
export type NotFinite = Map<string, string>;

/** Takes in a report: `val_r2 is NaN at step 3`. */
export function noteNotFinite(
  into: NotFinite,
  { step, value, metrics }: Pick<TrialReport, "step" | "value" | "metrics">,
): void {
  for (const [name, number] of Object.entries({ value, ...metrics }))
    if (!Number.isFinite(number) && !into.has(name)) into.set(name, `${name} is ${number} at step ${step}`);
}
