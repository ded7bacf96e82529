/** One target of runs: its client, and the ledger and spool that lie beside a study for it. */
import { createHash, randomUUID } from "node:crypto";
import { join } from "node:path";
import { MlflowClient } from "./client.js";
import { Delivery } from "./delivery.js";
import { Ledger } from "./ledger.js";
import { progressAfter, STUDY_RUN } from "./operations.js";
import type { Operation, Progress } from "./operations.js";
import type { MlflowSettings } from "./settings.js";
import { FileSpool, MemorySpool } from "./spool.js";
import type { Spool } from "./spool.js";
import { rememberTarget } from "./target.js";

/** What a session is opened for. */
export interface SessionOptions {
  readonly settings: MlflowSettings;
  /** Where ledger and spool lie, in a folder of the target's own; null: in memory. */
  readonly directory: string | null;
  /** What tells the study from all others; null for a training that is no trial. */
  readonly studyId: string | null;
  /** The run that `MLFLOW_RUN_ID` stands for. @default the study's own */
  readonly root?: string;
  /** Where the files of operations start; null: they are absolute. */
  readonly files: string | null;
  readonly onRefused: (message: string) => void;
}

/** The folder of a target: runs on another server, or in another experiment, are other runs. */
export function targetFolder(directory: string, { uri, experiment, workspace, runId }: MlflowSettings): string {
  const target = JSON.stringify([uri, experiment.name, experiment.id, workspace, runId]);
  return join(directory, createHash("sha256").update(target).digest("hex").slice(0, 8));
}

/** What takes operations, and how far each run has got with those that it took. */
export class Session {
  readonly client: MlflowClient;
  readonly ledger: Ledger;
  readonly spool: Spool;
  readonly delivery: Delivery;
  /** Of what was appended in this session; {@link Session.progress} looks further. */
  readonly #progress = new Map<string, Progress>();
  readonly #fresh = new Set<string>();

  /** @throws the system's errors where the folder cannot be made or read */
  constructor({ settings, directory, studyId, root = STUDY_RUN, files, onRefused }: SessionOptions) {
    const folder = directory === null ? null : targetFolder(directory, settings);
    this.ledger = new Ledger(folder, studyId ?? "training");
    if (folder !== null) rememberTarget(folder, settings);
    this.client = new MlflowClient(settings);
    this.spool = folder === null ? new MemorySpool() : new FileSpool(folder, this.ledger);
    const [{ client, ledger, spool }, own] = [this, { studyId, root, files, onRefused, fresh: this.#fresh }];
    this.delivery = new Delivery({ client, ledger, spool, ...own });
  }

  /** Takes in what earlier processes have left, as progress. */
  async takeStock(): Promise<void> {
    const left = new Map<string, Progress>();
    for await (const operation of this.spool.waiting())
      left.set(operation.run, progressAfter(left.get(operation.run) ?? this.ledger.get(operation.run), operation));
    for (const [run, progress] of left) if (!this.#progress.has(run)) this.#progress.set(run, progress);
  }

  append(operation: Operation): void {
    this.#progress.set(operation.run, progressAfter(this.progress(operation.run), operation));
    this.spool.append(operation);
  }

  /** How far a run will have got once all that waits is sent. */
  progress(run: string): Progress | undefined {
    return this.#progress.get(run) ?? this.ledger.get(run);
  }

  /** The runs that are known, or on their way. */
  get runs(): string[] {
    return [...new Set([...this.#progress.keys(), ...this.ledger.runs.keys()])];
  }

  /** A mark for a run to be made. */
  token(): string {
    const token = randomUUID();
    this.#fresh.add(token);
    return token;
  }
}
