/** Waiting operations carried out on the server, each run's in order, several runs at a time. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { messageOf, UsageError } from "../../core/index.js";
import { isGone } from "./client.js";
import type { MlflowClient, RemoteRun, RunStatus } from "./client.js";
import type { KnownRun, Ledger } from "./ledger.js";
import type { Batch } from "./limits.js";
import { batchesOf } from "./limits.js";
import { STUDY_RUN } from "./operations.js";
import type { FileToSend, Operation } from "./operations.js";
import { halved } from "./halved-batch.js";
import { MlflowError } from "./request.js";
import type { Chunk, Spool } from "./spool.js";
import { STUDY_ID_TAG, TOKEN_TAG, TRIAL_TAG } from "./tags.js";
import { gathered } from "./work.js";
import type { Work } from "./work.js";

/** What a delivery stands on. */
export interface DeliveryContext {
  readonly client: MlflowClient;
  readonly ledger: Ledger;
  readonly spool: Spool;
  /** What tells the study from all others; null for a training that is no trial. */
  readonly studyId: string | null;
  /** The run that `MLFLOW_RUN_ID` stands for. */
  readonly root: string;
  /** Where the files of operations start; null: they are absolute. */
  readonly files: string | null;
  /** Hears of what the server will not take: a line each. */
  readonly onRefused: (message: string) => void;
  /** Tokens of runs that nobody has tried to make; of all others the server is asked first. */
  readonly fresh: Set<string>;
}

/** Runs at a time: a server with one worker answers no faster to more. */
const AT_ONCE = 4;

/** Empties a spool. What fails for the moment is thrown, and done again by the next call. */
export class Delivery {
  readonly #context: DeliveryContext;
  #experiment: string | null = null;
  #chunk: { chunk: Chunk; open: Work[] } | null = null;
  #noFiles = false;
  /** Requests that were answered, for those who want to know whether there is progress. */
  answered = 0;

  constructor(context: DeliveryContext) {
    this.#context = context;
  }

  /** @throws MlflowError; UsageError `mlflow-experiment`, `mlflow-run` */
  async deliver(signal?: AbortSignal): Promise<void> {
    await this.prepare(signal);
    for (;;) {
      this.#chunk ??= await this.#nextChunk();
      const current = this.#chunk;
      if (!current) return;
      await this.#work(current.open, signal);
      await current.chunk.done();
      this.#chunk = null;
    }
  }

  async #nextChunk(): Promise<{ chunk: Chunk; open: Work[] } | null> {
    const chunk = await this.#context.spool.next();
    return chunk && { chunk, open: gathered(chunk.operations) };
  }

  /** The experiment, and what the server has of the study already. */
  async prepare(signal?: AbortSignal): Promise<string> {
    if (this.#experiment !== null) return this.#experiment;
    const { client, ledger, studyId, root } = this.#context;
    const { runId } = client.settings;
    if (runId !== null) {
      const found = await this.#namedRun(runId, signal);
      if (ledger.get(root)?.id !== runId) ledger.set(root, known(found, { attempt: 1 }));
      this.#experiment = found.experiment;
      return found.experiment;
    }
    const experiment = await client.experiment(signal);
    if (studyId !== null) await this.#recognise(experiment, studyId, signal);
    this.#experiment = experiment;
    return experiment;
  }

  /** @throws UsageError `mlflow-run` */
  async #namedRun(id: string, signal?: AbortSignal): Promise<RemoteRun> {
    const where = `MLflow run ${id} (MLFLOW_RUN_ID)`;
    const found = await this.#context.client.run(id, signal).catch((error: unknown) => {
      if (!isGone(error)) throw error;
      throw new UsageError("mlflow-run", `${where}: there is none of that id at ${this.#context.client.settings.uri}`);
    });
    if (!found.deleted) return found;
    throw new UsageError("mlflow-run", `${where} was deleted: restore it, or unset MLFLOW_RUN_ID`);
  }

  /** A ledger that says what the server no longer has is void; where there is none, the server is asked for the study's runs. */
  async #recognise(experiment: string, studyId: string, signal?: AbortSignal): Promise<void> {
    const { client, ledger } = this.#context;
    const parent = ledger.get(STUDY_RUN);
    if (parent) {
      const there = await client.run(parent.id, signal).catch((error: unknown) => {
        if (isGone(error)) return null;
        throw error;
      });
      if (there && !there.deleted) return;
      ledger.forget();
    }
    // Newest first: of several runs of a trial the first one stays.
    for await (const found of client.runsTagged(experiment, STUDY_ID_TAG, studyId, signal)) {
      const number = found.tags[TRIAL_TAG];
      const run = number === undefined ? STUDY_RUN : `trial-${number}`;
      if (!ledger.get(run)) ledger.set(run, adopted(found));
    }
  }

  /** The study's own run first: others are hung under it. */
  async #work(open: Work[], signal?: AbortSignal): Promise<void> {
    const root = open.filter(({ run }) => run === STUDY_RUN);
    for (const work of root) {
      await this.#carryOut(work, signal);
      open.splice(open.indexOf(work), 1);
    }
    // Attempts at the same trial one after the other.
    const lanes = [...new Set(open.map(({ run }) => run))].map((run) => open.filter((work) => work.run === run));
    const failures: unknown[] = [];
    const lane = async (): Promise<void> => {
      for (let own = lanes.shift(); own && failures.length === 0; own = lanes.shift())
        for (const work of own) {
          await this.#carryOut(work, signal);
          open.splice(open.indexOf(work), 1);
        }
    };
    await Promise.all(
      Array.from({ length: AT_ONCE }, () => lane().catch((error: unknown) => void failures.push(error))),
    );
    if (failures.length > 0) throw failures[0];
  }

  async #carryOut(work: Work, signal?: AbortSignal): Promise<void> {
    const { ledger, onRefused } = this.#context;
    try {
      const run = await this.#runOf(work, signal);
      if (run) await this.#logTo(run, work, signal);
    } catch (error) {
      if (!isGone(error)) throw error;
      ledger.forget(work.run);
      onRefused(`the run of ${work.run.replace("-", " ")} is no longer there (${messageOf(error)})`);
    }
  }

  /** The run that a piece of work is for, made where there is none; null for what nobody needs any more. */
  async #runOf(work: Work, signal?: AbortSignal): Promise<KnownRun | null> {
    const { ledger } = this.#context;
    const there = ledger.get(work.run);
    if (there?.attempt === work.attempt) return there;
    if (there && there.attempt > work.attempt) return null;
    if (there && there.reports === 0) {
      // Nothing was logged under the earlier attempt: its run serves this one.
      const run = { ...there, attempt: work.attempt, ended: null };
      ledger.set(work.run, run);
      return run;
    }
    if (!work.begin) return null;
    if (there) await this.#putAway(there, work, signal);
    const run = await this.#made(work, signal);
    ledger.set(work.run, run);
    return run;
  }

  /** What an earlier attempt has logged cannot be taken out of its run: the run goes to the deleted ones. */
  async #putAway({ id }: KnownRun, { attempt }: Work, signal?: AbortSignal): Promise<void> {
    const { client } = this.#context;
    const tags = [["mlbench_hpo.superseded_by_attempt", String(attempt)]] as const;
    try {
      await client.logBatch(id, { metrics: [], params: [], tags }, signal);
      await client.updateRun(id, "KILLED", null, signal);
      await client.deleteRun(id, signal);
    } catch (error) {
      if (!isGone(error)) throw error;
    }
    this.answered++;
  }

  async #made(work: Work, signal?: AbortSignal): Promise<KnownRun> {
    const { client, ledger, fresh } = this.#context;
    const { name, start, token } = work.begin as NonNullable<Operation["begin"]>;
    const experiment = this.#experiment as string;
    if (!fresh.delete(token))
      for await (const found of client.runsTagged(experiment, TOKEN_TAG, token, signal))
        return known(found, { attempt: work.attempt });
    const parent = work.run === STUDY_RUN ? undefined : ledger.get(STUDY_RUN);
    const own = [...work.tags, [TOKEN_TAG, token] as const];
    const tags = parent ? [...own, ["mlflow.parentRunId", parent.id] as const] : own;
    const run = await client.createRun({ experiment, name, startTime: start, tags }, signal);
    this.answered++;
    return known(run, { attempt: work.attempt });
  }

  async #logTo(run: KnownRun, work: Work, signal?: AbortSignal): Promise<void> {
    const { client, ledger } = this.#context;
    const { metrics, status, end } = work;
    for (const batch of batchesOf({ metrics, params: [...work.params], tags: [...work.tags] }))
      await this.#logBatch(run.id, batch, signal);
    const reports = Math.max(run.reports, work.reports);
    ledger.set(work.run, { ...run, reports });
    if (status !== null && (status !== run.status || end !== null)) {
      await client.updateRun(run.id, status, end, signal);
      this.answered++;
    }
    for (const file of work.files) await this.#upload(run, file, signal);
    const ended = work.ended ?? (work.begin ? null : run.ended);
    ledger.set(work.run, { ...run, reports, ended, status: status ?? run.status });
  }

  /** Of a batch that is refused all but what is at fault is logged. */
  async #logBatch(run: string, batch: Batch, signal?: AbortSignal): Promise<void> {
    try {
      await this.#context.client.logBatch(run, batch, signal);
      this.answered++;
    } catch (error) {
      const refused = error instanceof MlflowError && (error.status === 400 || error.status === 413);
      if (!refused || isGone(error)) throw error;
      const halves = halved(batch);
      if (halves) for (const half of halves) await this.#logBatch(run, half, signal);
      else this.#context.onRefused(messageOf(error));
    }
  }

  async #upload(run: KnownRun, { path, source, bytes, modified }: FileToSend, signal?: AbortSignal): Promise<void> {
    const file = this.#context.files === null ? source : resolve(this.#context.files, source);
    const now = await stat(file).catch(() => null);
    // Removed since, or written anew for something else.
    if (!now || now.size !== bytes || now.mtimeMs !== modified) return;
    await this.send(run, path, { bytes, open: () => createReadStream(file, { end: Math.max(0, bytes - 1) }) }, signal);
  }

  /** Uploads a file to a run; where the server takes none that is said once. */
  async send(
    run: KnownRun,
    path: string,
    body: Parameters<MlflowClient["upload"]>[2],
    signal?: AbortSignal,
  ): Promise<void> {
    if (this.#noFiles) return;
    try {
      await this.#context.client.upload(run, path, body, signal);
      this.answered++;
    } catch (error) {
      const never = error instanceof UsageError || (error instanceof MlflowError && isNoPlaceForFiles(error));
      if (!never) throw error;
      this.#noFiles = error instanceof UsageError || error.status !== 413;
      this.#context.onRefused(messageOf(error));
    }
  }
}

/** A server started with --no-serve-artifacts, or a proxy that takes no files of that size. */
function isNoPlaceForFiles({ status, message }: MlflowError): boolean {
  return [404, 405, 413, 501].includes(status ?? 0) || (status === 503 && message.includes("serve-artifacts"));
}

function known({ id, artifacts, status }: RemoteRun, { attempt }: { attempt: number }): KnownRun {
  return { id, artifacts, status: status as RunStatus, attempt, reports: 0, ended: null };
}

/**
 * How far a run got, by what its own tags say of it. Of a trial's that was cut off nobody knows what was logged: it
 * counts as an earlier attempt's, and whoever begins the trial again gets a new one.
 */
function adopted(run: RemoteRun): KnownRun {
  const attempt = Number(run.tags["mlbench_hpo.attempt"] ?? 1);
  const ended = run.tags["mlbench_hpo.ended"] ?? null;
  if (run.tags[TRIAL_TAG] === undefined) return { ...known(run, { attempt: 1 }), ended };
  if (ended !== null)
    return { ...known(run, { attempt }), reports: Number(run.tags["mlbench_hpo.reports"] ?? 0), ended };
  return run.status === "SCHEDULED" ? known(run, { attempt }) : { ...known(run, { attempt: attempt - 1 }), reports: 1 };
}
