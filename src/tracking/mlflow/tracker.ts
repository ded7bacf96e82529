/** The tracker of a study: what a call of `optimize` tells becomes runs, sent in the background. */
import { join } from "node:path";
import { createStudyState, isFinished, messageOf } from "../../core/index.js";
import type { OptimizeEvent, StudyState, TrackedStudy, Tracker, Trial } from "../../core/index.js";
import { catchUp, noteNotFinite } from "./catch-up.js";
import type { CatchUpContext, NotFinite, StudyDoors } from "./catch-up.js";
import { STUDY_RUN, trialRun } from "./operations.js";
import { Sender } from "./sender.js";
import { Session } from "./session.js";
import type { MlflowSettings } from "./settings.js";
import type { NonFinite, TrialReport } from "./study-runs.js";
import { annotationTags, reportPoints, studyBegun, studyEnded, studyIdOf, trialBegun } from "./study-runs.js";

/** The folder beside the trials' that ledger and spool lie in. */
export const MLFLOW_FOLDER = "mlflow";

/** What a tracker is made of. */
export interface StudyTrackerParts {
  readonly settings: MlflowSettings;
  readonly doors: StudyDoors;
  readonly nonFinite: NonFinite;
  /** Hears what does not get through, a line each. */
  readonly onWarning: (message: string) => void;
  /** What is typed to send the rest of a study. */
  readonly resend: (study: string) => string;
}

type EventOf<T extends OptimizeEvent["event"]> = Extract<OptimizeEvent, { readonly event: T }>;

/**
 * Logs a study's call: a run for the study, one under it for each trial. Nothing of it is waited for but the end, for a
 * bounded while; nothing that goes wrong harms the study. What was not sent lies beside the study.
 */
export class StudyTracker implements Tracker {
  readonly #parts: StudyTrackerParts;
  #study: TrackedStudy | null = null;
  #session: Session | null = null;
  #sender: Sender | null = null;
  /** What has to be read from the disk first, in order. */
  #reading: Promise<void> = Promise.resolve();
  readonly #notFinite = new Map<number, NotFinite>();
  /** Trials that began in this call, and how often each has reported. */
  readonly #reports = new Map<number, number>();
  #warned = 0;

  constructor(parts: StudyTrackerParts) {
    this.#parts = parts;
  }

  open(study: TrackedStudy): void {
    this.#study = study;
    const { settings } = this.#parts;
    const studyId = studyIdOf(study.state.header);
    const given = { settings, studyId, files: study.directory, onRefused: (line: string) => this.#warn(line) };
    const directory = study.directory === null ? null : join(study.directory, MLFLOW_FOLDER);
    try {
      this.#session = new Session({ ...given, directory });
    } catch (error) {
      this.#warn(`${directory}: ${messageOf(error)}; what is not sent in this call is lost`);
      this.#session = new Session({ ...given, directory: null });
    }
    const { client, spool, delivery } = this.#session;
    this.#sender = new Sender({
      ...{ client, spool, delivery },
      onTrouble: (message) => {
        this.#warn(`${message}; the study goes on`);
      },
    });
  }

  /** A server may refuse every point of a long study. */
  #warn(message: string): void {
    if (++this.#warned <= 5) this.#parts.onWarning(message);
  }

  get #context(): CatchUpContext {
    const { doors, nonFinite } = this.#parts;
    const session = this.#session as Session;
    return { study: this.#study as TrackedStudy, doors, nonFinite, token: () => session.token() };
  }

  onEvent(event: OptimizeEvent): void {
    if (!this.#study && event.event === "start") this.open(unknownStudy(event.study));
    if (!this.#session) return;
    switch (event.event) {
      case "start":
        this.#begin();
        break;
      case "trial-start":
        this.#trialStart(event);
        break;
      case "report":
        this.#report(event);
        break;
      case "trial":
        this.#later(() => this.#end(event.trial));
        break;
      case "requeued":
        this.#requeued(event.number);
        break;
      case "finish":
        this.#later(async () => this.#finish(event));
        break;
      default:
        return;
    }
    this.#sender?.nudge();
  }

  #later(work: () => Promise<void>): void {
    this.#reading = this.#reading.then(work).catch((error: unknown) => {
      this.#warn(messageOf(error));
    });
  }

  #begin(): void {
    const { study, doors, token } = this.#context;
    const session = this.#session as Session;
    const before = study.state;
    session.append(studyBegun(before, { token: token(), now: Date.now(), source: doors.source() }));
    this.#later(async () => {
      await session.takeStock();
      // Those that a process has begun which did not get to their end.
      const open = session.runs.filter((run) => run !== STUDY_RUN && session.progress(run)?.ended === null);
      const trials = open.flatMap((run) => before.trial(Number(run.replace("trial-", ""))) ?? []);
      for (const trial of trials)
        if (!this.#reports.has(trial.number) && (isFinished(trial) || trial.state === "waiting"))
          await this.#end(trial);
      this.#sender?.nudge();
    });
  }

  #trialStart({ number, attempt, params }: EventOf<"trial-start">): void {
    const { study, doors, token } = this.#context;
    const record = study.state.trial(number) ?? { number, attempt, params };
    this.#reports.set(number, 0);
    this.#notFinite.delete(number);
    const given = { token: token(), now: Date.now(), source: doors.source() };
    this.#session?.append(trialBegun(study.state.header, record, given));
  }

  #report({ number, step, value, metrics, parts }: EventOf<"report">): void {
    const { study, nonFinite } = this.#context;
    const session = this.#session as Session;
    const count = this.#reports.get(number);
    const progress = session.progress(trialRun(number));
    // One that began elsewhere is logged from its record when it ends.
    if (count === undefined || !progress) return;
    const report: TrialReport = { step, value, metrics, parts, at: Date.now() };
    this.#reports.set(number, count + 1);
    noteNotFinite(this.#oddOf(number), report);
    session.append({
      ...{ run: trialRun(number), attempt: progress.attempt, reports: count + 1 },
      metrics: reportPoints(study.state.header, report, nonFinite),
    });
  }

  #oddOf(number: number): NotFinite {
    const known = this.#notFinite.get(number) ?? new Map<string, string>();
    this.#notFinite.set(number, known);
    return known;
  }

  async #end(trial: Trial): Promise<void> {
    const session = this.#session as Session;
    const odd = this.#notFinite.get(trial.number);
    for (const operation of await catchUp(this.#context, trial, session.progress(trialRun(trial.number)), odd))
      session.append(operation);
    this.#notFinite.delete(trial.number);
    this.#reports.delete(trial.number);
    this.#sender?.nudge();
  }

  #requeued(number: number): void {
    const progress = this.#session?.progress(trialRun(number));
    this.#reports.delete(number);
    if (!progress) return;
    this.#session?.append({
      ...{ run: trialRun(number), attempt: progress.attempt, status: "SCHEDULED" },
      tags: { "mlbench_hpo.state": "waiting" },
    });
  }

  #finish({ result: { stoppedBy, exitCode } }: EventOf<"finish">): void {
    const { state } = this.#context.study;
    // What people have said of trials that had ended before.
    for (const number of state.annotations.keys()) {
      const trial = state.trial(number);
      if (trial && this.#session?.progress(trialRun(number)))
        this.#session.append({ run: trialRun(number), attempt: trial.attempt, tags: annotationTags(state, number) });
    }
    const status = exitCode === 1 ? "FAILED" : stoppedBy === "interrupt" ? "KILLED" : "FINISHED";
    this.#session?.append(studyEnded(state, { status, at: Date.now(), stoppedBy }));
  }

  /** Waits for what is on its way: up to 8 s for a server that answers, 3 % of the call's time for one that does not. */
  async close(): Promise<void> {
    const [session, sender] = [this.#session, this.#sender];
    if (!session || !sender) return;
    await this.#reading;
    const done = await sender.finish((signal) => this.#uploadArtifacts(session, signal));
    this.#session = null;
    const kept = await session.spool.close().then(
      () => session.ledger.failure === null,
      () => false,
    );
    if (done && session.spool.lost === 0) return;
    const why = sender.trouble === null ? "" : ` (${sender.trouble})`;
    const { name, directory } = this.#study as TrackedStudy;
    this.#parts.onWarning(
      kept && directory !== null
        ? `not everything was sent${why}: the rest is kept beside the study; \`${this.#parts.resend(name)}\` sends it`
        : `not everything was sent${why}, and the rest is lost: this study's storage keeps no files`,
    );
  }

  async #uploadArtifacts({ ledger, delivery }: Session, signal: AbortSignal): Promise<void> {
    const { study, doors } = this.#context;
    const { revision } = study.state;
    if (ledger.uploaded === revision) return;
    const run = ledger.get(STUDY_RUN);
    if (!run) return;
    for await (const { path, body } of doors.artifactsOf(study)) await delivery.send(run, path, body, signal);
    ledger.uploaded = revision;
  }
}

/** Of a study that a program tells of without showing it. */
function unknownStudy(name: string): TrackedStudy {
  const header: StudyState["header"] = {
    ...{ name, objectives: [{ metric: "value", direction: "minimize" }], created_at: new Date().toISOString() },
    ...{
      seed: 0,
      task: {},
      space: {},
      sampler: { name: "unknown", options: {} },
      pruner: { name: "unknown", options: {} },
    },
    settings: {
      ...{ trial_value: "best", on_nan: "fail", on_duplicate: "resample", dry_run_pruner: false },
      ...{ plugins: [], objective: null, data_files: [], accepted_changes: [] },
    },
    user_attrs: {},
  };
  return { name, state: createStudyState(header), directory: null, directoryOf: () => null };
}
