/** The tracker of a training that is no trial: its epochs become one run. */
import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { messageOf } from "../../core/index.js";
import type { EpochEvent, FinishEvent, Metrics, RunEvent } from "../../core/index.js";
import { noteNotFinite } from "./catch-up.js";
import type { NotFinite } from "./catch-up.js";
import { trainingRun } from "./operations.js";
import type { FileToSend, Operation } from "./operations.js";
import { Sender } from "./sender.js";
import { Session } from "./session.js";
import type { MlflowSettings } from "./settings.js";
import type { NonFinite, RunSource } from "./study-runs.js";
import { metricPoints, paramTexts, tagTexts } from "./study-runs.js";

/** What a training is logged as. */
export interface TrainingTrackerParts {
  readonly settings: MlflowSettings;
  /** What the run is called. */
  readonly name: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly source: RunSource;
  readonly nonFinite: NonFinite;
  /** Where what is not sent waits; null: nowhere. */
  readonly directory: string | null;
  readonly onWarning: (message: string) => void;
}

/** How a training ended. */
export type TrainingEnd = "complete" | "diverged" | "failed" | "interrupted";

const statusAt = { complete: "FINISHED", diverged: "FAILED", failed: "FAILED", interrupted: "KILLED" } as const;

/** Logs one training. Nothing of it is waited for but the end, for a bounded while. */
export class TrainingTracker {
  readonly #parts: TrainingTrackerParts;
  readonly #session: Session;
  readonly #sender: Sender;
  readonly #run: string;
  readonly #notFinite: NotFinite = new Map();

  /** @throws the system's errors where the folder cannot be made */
  constructor(parts: TrainingTrackerParts) {
    this.#parts = parts;
    const { settings, directory, onWarning, name, params, source } = parts;
    this.#run = trainingRun(randomUUID().slice(0, 8));
    const own = { studyId: null, files: null, root: this.#run };
    this.#session = new Session({ ...{ settings, directory }, ...own, onRefused: onWarning });
    const { client, spool, delivery } = this.#session;
    const onTrouble = (message: string): void => {
      onWarning(`${message}; the training goes on`);
    };
    this.#sender = new Sender({ client, spool, delivery, onTrouble });
    this.#append({
      begin: { name, start: Date.now(), token: this.#session.token() },
      ...{ status: "RUNNING", params: paramTexts(params) },
      tags: tagTexts({ ...source.tags, "mlflow.runName": name }),
    });
  }

  #append(operation: Omit<Operation, "run" | "attempt">): void {
    this.#session.append({ run: this.#run, attempt: 1, ...operation });
    this.#sender.nudge();
  }

  onEvent(event: RunEvent): void {
    if (event.event === "epoch") this.#epoch(event);
    if (event.event === "finish") this.#finish(event);
  }

  #epoch({ event: _event, epoch, parts = [], ...numbers }: EpochEvent): void {
    const metrics: Metrics = numbers;
    const ofParts = parts.flatMap(({ label, val_rmse }) => [[`val_rmse.${label}`, val_rmse] as const]);
    const all = { ...metrics, ...Object.fromEntries(ofParts) };
    noteNotFinite(this.#notFinite, { step: epoch, value: 0, metrics: all });
    this.#append({ metrics: metricPoints(all, { at: Date.now(), step: epoch }, this.#parts.nonFinite) });
  }

  #finish({ metrics, baselines, best_epoch, seconds, parts = [] }: FinishEvent): void {
    const at = { at: Date.now(), step: best_epoch };
    const named = (prefix: string, values: Metrics): Metrics =>
      Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}/${name}`, value]));
    const ofParts = parts.flatMap(({ label, metrics: own }) => Object.entries(named(`best/${label}`, own)));
    const all = {
      ...{ ...named("best", metrics), ...named("baseline", baselines), ...Object.fromEntries(ofParts) },
      ...{ "training/seconds": seconds, "training/best_epoch": best_epoch },
    };
    this.#append({ metrics: metricPoints(all, at, this.#parts.nonFinite) });
  }

  /** Ends the run; waits as the tracker of a study does. */
  async close(end: TrainingEnd, files: readonly FileToSend[]): Promise<void> {
    const { onWarning, directory } = this.#parts;
    for (const file of files) this.#append({ file });
    const odd = [...this.#notFinite.values()];
    this.#append({
      ...{ status: statusAt[end], end: Date.now(), ended: end },
      tags: tagTexts({
        ...{ "mlbench_hpo.state": end, ...(end === "diverged" ? { diverged: 1 } : {}) },
        ...(odd.length > 0 ? { "mlbench_hpo.not_finite": odd.join("; ") } : {}),
      }),
    });
    const done = await this.#sender.finish(async () => undefined);
    const kept = await this.#session.spool.close().then(
      () => true,
      (error: unknown) => {
        onWarning(messageOf(error));
        return false;
      },
    );
    if (done && directory !== null) await rm(directory, { recursive: true, force: true }).catch(() => undefined);
    if (done) return;
    const why = this.#sender.trouble === null ? "" : ` (${this.#sender.trouble})`;
    onWarning(
      kept && directory !== null
        ? `not everything was sent${why}: the rest is kept in ${directory}; \`mlbench-hpo mlflow sync ${directory}\` sends it`
        : `not everything was sent${why}, and the rest is lost`,
    );
  }
}
