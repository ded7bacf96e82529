/** Sends everything of a study that its server has not got: what waits, and what was run without a server. */
import { rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import type { StudyState, TrackedStudy } from "../../core/index.js";
import { catchUp } from "./catch-up.js";
import type { StudyDoors } from "./catch-up.js";
import type { RunStatus } from "./client.js";
import { STUDY_RUN, trialRun } from "./operations.js";
import { withRetries } from "./retry.js";
import { Session, targetFolder } from "./session.js";
import type { MlflowSettings } from "./settings.js";
import { annotationTags, studyBegun, studyEnded, studyIdOf } from "./study-runs.js";
import type { NonFinite } from "./study-runs.js";
import { MLFLOW_FOLDER } from "./tracker.js";

/** What came of a synchronization. */
export interface SyncResult {
  readonly uri: string;
  readonly experiment: string;
  /** The id of the study's own run. */
  readonly run: string;
  /** Trials that the server has. */
  readonly trials: number;
  /** Requests that sent something; 0: it had everything. */
  readonly requests: number;
  /** What the server would not take, a line each. */
  readonly refused: readonly string[];
}

/** What is sent, and to where. */
export interface SyncParts {
  readonly settings: MlflowSettings;
  readonly study: TrackedStudy;
  readonly doors: StudyDoors;
  readonly nonFinite: NonFinite;
  /** Hears how many trials are done, of how many. */
  readonly onProgress?: (done: number, of: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Trials to a delivery. */
const TRIALS = 50;

/**
 * Doing it twice sends nothing twice. The study has to be this process's to write meanwhile.
 * @throws MlflowError for a server that does not answer, or refuses, after as many tries as the settings say
 */
export async function syncStudy(parts: SyncParts): Promise<SyncResult> {
  const { settings, study } = parts;
  const refused: string[] = [];
  const { directory } = study;
  const session = new Session({
    ...{ settings, studyId: studyIdOf(study.state.header), files: directory },
    directory: directory === null ? null : join(directory, MLFLOW_FOLDER),
    onRefused: (line) => refused.push(line),
  });
  try {
    return { ...(await send(session, parts)), refused };
  } finally {
    session.client.close();
    await session.spool.close();
  }
}

/**
 * Sends the trainings that wait in a folder, and removes it.
 * @returns what the server would not take, a line each
 * @throws as {@link syncStudy}
 */
export async function syncTrainings(
  settings: MlflowSettings,
  directory: string,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const refused: string[] = [];
  const session = new Session({
    ...{ settings, directory, studyId: null, files: null, root: "" },
    onRefused: (line) => refused.push(line),
  });
  try {
    await withRetries(settings.retry, () => session.delivery.deliver(signal), { signal });
  } finally {
    session.client.close();
    await session.spool.close();
  }
  await rm(targetFolder(directory, settings), { recursive: true, force: true });
  // The folder itself, where nothing waits for another server.
  await rmdir(directory).catch(() => undefined);
  return refused;
}

async function send(session: Session, parts: SyncParts): Promise<Omit<SyncResult, "refused">> {
  const { settings, study, doors, onProgress, signal } = parts;
  const { state } = study;
  const again = <T>(work: () => Promise<T>): Promise<T> => withRetries(settings.retry, work, { signal });
  const experiment = await again(() => session.delivery.prepare(signal));
  await again(() => session.delivery.deliver(signal));
  const whole = session.ledger.uploaded === state.revision && session.progress(STUDY_RUN)?.ended !== null;
  if (!whole) {
    // Who has run it says more than who sends it.
    const source = session.progress(STUDY_RUN) ? { tags: {} } : doors.source();
    session.append(studyBegun(state, { token: session.token(), now: Date.now(), source }));
  }
  for (const [i, trial] of state.trials.entries()) {
    const progress = session.progress(trialRun(trial.number));
    const operations = await catchUp({ ...parts, token: () => session.token() }, trial, progress);
    for (const operation of operations) session.append(operation);
    const tags = operations.length > 0 || whole ? {} : annotationTags(state, trial.number);
    if (Object.keys(tags).length > 0) session.append({ run: trialRun(trial.number), attempt: trial.attempt, tags });
    if ((i + 1) % TRIALS > 0) continue;
    await flushed(session, () => again(() => session.delivery.deliver(signal)));
    onProgress?.(i + 1, state.size);
  }
  if (!whole) session.append(studyEnded(state, { status: statusOf(state), at: lastEnd(state) }));
  await flushed(session, () => again(() => session.delivery.deliver(signal)));
  onProgress?.(state.size, state.size);
  const run = session.ledger.get(STUDY_RUN);
  if (run && !whole) {
    for await (const { path, body } of doors.artifactsOf(study))
      await again(() => session.delivery.send(run, path, body, signal));
    session.ledger.uploaded = state.revision;
  }
  return { uri: settings.uri, experiment, run: run?.id ?? "", trials: state.size, requests: session.delivery.answered };
}

async function flushed(session: Session, deliver: () => Promise<void>): Promise<void> {
  await session.spool.flush();
  await deliver();
}

/** Of a study that nobody optimizes. */
function statusOf({ counts, finished }: StudyState): RunStatus {
  if (finished === 0) return "SCHEDULED";
  return counts.waiting + counts.running > 0 ? "KILLED" : "FINISHED";
}

/** ms */
function lastEnd({ trials, header }: StudyState): number {
  const ends = trials.map(({ finished_at }) => Date.parse(finished_at ?? "") || 0);
  return ends.reduce((last, end) => Math.max(last, end), Date.parse(header.created_at));
}
