/** MLflow's REST interface, as much of it as tracking needs. */
import type { Readable } from "node:stream";
import { UsageError } from "../../core/index.js";
import type { Batch } from "./limits.js";
import { Connection, MlflowError } from "./request.js";
import type { Request } from "./request.js";
import type { MlflowSettings } from "./settings.js";

/** A run's state there; others are taken and passed over without a word. */
export type RunStatus = "RUNNING" | "SCHEDULED" | "FINISHED" | "FAILED" | "KILLED";

/** A run as the server has it. */
export interface RemoteRun {
  readonly id: string;
  readonly experiment: string;
  readonly status: string;
  readonly deleted: boolean;
  /** `mlflow-artifacts:/1/…/artifacts` where the server takes files. */
  readonly artifacts: string;
  readonly tags: Readonly<Record<string, string>>;
}

interface RunAnswer {
  readonly info: {
    readonly run_id: string;
    readonly experiment_id: string;
    readonly status?: string;
    readonly lifecycle_stage?: string;
    readonly artifact_uri?: string;
  };
  readonly data?: { readonly tags?: readonly { readonly key: string; readonly value: string }[] };
}

/** @throws TypeError for what is none. */
function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  throw new TypeError("no text");
}

function remoteRun({ info, data }: RunAnswer): RemoteRun {
  return {
    ...{ id: textOf(info.run_id), experiment: info.experiment_id, status: info.status ?? "RUNNING" },
    ...{ deleted: info.lifecycle_stage === "deleted", artifacts: info.artifact_uri ?? "" },
    tags: Object.fromEntries((data?.tags ?? []).map(({ key, value }) => [key, value])),
  };
}

/** What a run begins with. */
export interface NewRun {
  readonly experiment: string;
  readonly name: string;
  readonly startTime: number;
  readonly tags: readonly (readonly [key: string, value: string])[];
}

/** Whether an error says that there is no such thing, or that it was deleted. */
export function isGone(error: unknown): boolean {
  if (!(error instanceof MlflowError)) return false;
  if (error.reason === "RESOURCE_DOES_NOT_EXIST") return true;
  return error.status === 400 && /must be in (the )?'active' state|lifecycle_stage/i.test(error.message);
}

const entries = (texts: readonly (readonly [string, string])[]) => texts.map(([key, value]) => ({ key, value }));

/** Calls the server; every call can fail with an {@link MlflowError}, and none is repeated here. */
export class MlflowClient {
  readonly settings: MlflowSettings;
  readonly #connection: Connection;

  constructor(settings: MlflowSettings) {
    this.settings = settings;
    this.#connection = new Connection(settings);
  }

  /** {@link Connection.isStruggling} */
  isStruggling(slowMs: number): boolean {
    return this.#connection.isStruggling(slowMs);
  }

  close(): void {
    this.#connection.close();
  }

  async #call<T>(method: Request["method"], endpoint: string, body?: object, signal?: AbortSignal): Promise<T> {
    const text = await this.#connection.send({
      ...{ method, path: `/api/2.0/mlflow/${endpoint}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
    try {
      const answer: unknown = text.trim() === "" ? {} : JSON.parse(text);
      if (typeof answer === "object" && answer !== null) return answer as T;
    } catch (error) {
      throw this.#stranger(error);
    }
    throw this.#stranger();
  }

  #stranger(cause?: unknown): MlflowError {
    return new MlflowError(`${this.settings.uri}: what answers there is no MLflow server`, {
      ...{ status: 200, transient: false, cause },
    });
  }

  /** A part of an answer, read as MLflow writes it; another program's JSON may have nothing of it. */
  #read<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (error instanceof TypeError) throw this.#stranger(error);
      throw error;
    }
  }

  /**
   * The id of the experiment that the settings name, which is made where there is none of that name.
   * @throws UsageError `mlflow-experiment` where name and id do not agree, the id is unknown, or it was deleted.
   */
  async experiment(signal?: AbortSignal): Promise<string> {
    const { name, id } = this.settings.experiment;
    if (name === null) return this.#experimentById(id ?? "0", signal);
    const found = await this.#experimentByName(name, signal);
    if (found !== null) {
      if (id === null || id === found) return found;
      throw new UsageError(
        "mlflow-experiment",
        `MLflow experiment "${name}" has the id ${found}, not ${id}: give its name or its id`,
      );
    }
    try {
      const made = await this.#call<{ experiment_id: string }>("POST", "experiments/create", { name }, signal);
      return this.#read(() => textOf(made.experiment_id));
    } catch (error) {
      // Another process was quicker, or the answer to an earlier try was lost.
      if (!(error instanceof MlflowError) || error.reason !== "RESOURCE_ALREADY_EXISTS") throw error;
      return (await this.#experimentByName(name, signal)) as string;
    }
  }

  async #experimentByName(name: string, signal?: AbortSignal): Promise<string | null> {
    const query = `experiments/get-by-name?experiment_name=${encodeURIComponent(name)}`;
    try {
      return this.#active(await this.#call<ExperimentAnswer>("GET", query, undefined, signal));
    } catch (error) {
      if (error instanceof MlflowError && error.reason === "RESOURCE_DOES_NOT_EXIST") return null;
      throw error;
    }
  }

  async #experimentById(id: string, signal?: AbortSignal): Promise<string> {
    const query = `experiments/get?experiment_id=${encodeURIComponent(id)}`;
    try {
      return this.#active(await this.#call<ExperimentAnswer>("GET", query, undefined, signal));
    } catch (error) {
      if (!(error instanceof MlflowError) || error.reason !== "RESOURCE_DOES_NOT_EXIST") throw error;
      throw new UsageError(
        "mlflow-experiment",
        `no MLflow experiment has the id ${id}: give one that is there, or a name (MLFLOW_EXPERIMENT_NAME)`,
        { cause: error },
      );
    }
  }

  #active({ experiment }: ExperimentAnswer): string {
    const id = this.#read(() => textOf(experiment.experiment_id));
    if (experiment.lifecycle_stage !== "deleted") return id;
    throw new UsageError(
      "mlflow-experiment",
      `MLflow experiment "${experiment.name}" was deleted: restore it (\`mlflow experiments restore --experiment-id ${experiment.experiment_id}\`), or name another`,
    );
  }

  async createRun({ experiment, name, startTime, tags }: NewRun, signal?: AbortSignal): Promise<RemoteRun> {
    const body = { experiment_id: experiment, run_name: name, start_time: startTime, tags: entries(tags) };
    const { run } = await this.#call<{ run: RunAnswer }>("POST", "runs/create", body, signal);
    return this.#read(() => remoteRun(run));
  }

  async run(id: string, signal?: AbortSignal): Promise<RemoteRun> {
    const query = `runs/get?run_id=${encodeURIComponent(id)}`;
    const { run } = await this.#call<{ run: RunAnswer }>("GET", query, undefined, signal);
    return this.#read(() => remoteRun(run));
  }

  /** Runs that are not deleted and have a tag, page by page. */
  async *runsTagged(experiment: string, key: string, value: string, signal?: AbortSignal): AsyncGenerator<RemoteRun> {
    let page: string | undefined;
    do {
      const body = {
        ...{ experiment_ids: [experiment], filter: `tags.\`${key}\` = '${value}'` },
        ...{ run_view_type: "ACTIVE_ONLY", max_results: 500 },
        ...(page === undefined ? {} : { page_token: page }),
      };
      const found = await this.#call<{ runs?: RunAnswer[]; next_page_token?: string }>(
        ...(["POST", "runs/search", body, signal] as const),
      );
      yield* this.#read(() => (found.runs ?? []).map(remoteRun));
      const next = found.next_page_token || undefined;
      if (next !== undefined && next === page) throw this.#stranger();
      page = next;
    } while (page !== undefined);
  }

  async logBatch(run: string, { metrics, params, tags }: Batch, signal?: AbortSignal): Promise<void> {
    const body = {
      run_id: run,
      metrics: metrics.map(([key, value, timestamp, step]) => ({ key, value, timestamp, step })),
      ...{ params: entries(params), tags: entries(tags) },
    };
    await this.#call("POST", "runs/log-batch", body, signal);
  }

  /** @param endTime null: it has not ended */
  async updateRun(run: string, status: RunStatus, endTime: number | null, signal?: AbortSignal): Promise<void> {
    const body = { run_id: run, status, ...(endTime === null ? {} : { end_time: endTime }) };
    await this.#call("POST", "runs/update", body, signal);
  }

  /** Puts a run among the deleted ones, from which it can be restored. */
  async deleteRun(run: string, signal?: AbortSignal): Promise<void> {
    await this.#call("POST", "runs/delete", { run_id: run }, signal);
  }

  /**
   * Uploads a file through the server.
   * @throws UsageError `mlflow-artifacts` where the run's files are kept somewhere that the server does not stand before
   */
  async upload(
    { artifacts }: Pick<RemoteRun, "artifacts">,
    path: string,
    body: string | Uint8Array | { readonly bytes: number; readonly open: () => Readable },
    signal?: AbortSignal,
  ): Promise<void> {
    const [, authority = "", root = ""] = /^mlflow-artifacts:(?:\/\/([^/]*))?\/?(.*)$/.exec(artifacts) ?? [];
    if (root === "") throw elsewhere(artifacts);
    const file = `${root}/${path}`.split("/").map(encodeURIComponent).join("/");
    await this.#connection.send({
      ...{ method: "PUT", path: `/api/2.0/mlflow-artifacts/artifacts/${file}`, type: "application/octet-stream", body },
      ...(authority === "" ? {} : { server: `${new URL(this.settings.uri).protocol}//${authority}` }),
      ...(signal === undefined ? {} : { signal }),
    });
  }
}

interface ExperimentAnswer {
  readonly experiment: { readonly experiment_id: string; readonly name: string; readonly lifecycle_stage?: string };
}

function elsewhere(artifacts: string): UsageError {
  const where = /^[a-z0-9+.-]+:/i.exec(artifacts)?.[0] ?? artifacts;
  return new UsageError(
    "mlflow-artifacts",
    `this MLflow server keeps artifacts in ${where === "" ? "a place that it does not name" : where}, to which clients ` +
      "write themselves: no files are uploaded; a server started with --serve-artifacts and --artifacts-destination " +
      "takes them, for experiments made from then on",
  );
}
