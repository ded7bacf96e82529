/** The API of a service as a program asks it: JSON, files, event streams; whatever goes wrong becomes one line. */
import { readJson } from "../core/plain-json.js";
import { messageOf, MlbenchError, oneLine, stringifyJson, UsageError } from "../core/index.js";
import type { ServerInfo } from "../service/schemas/service.js";
import type { ServerAddress } from "./address.js";
import { eventsOf } from "./event-stream.js";
import type { ServerEvent } from "./event-stream.js";

/** What is asked. */
export interface Asked {
  /** @default GET, with a body POST */
  readonly method?: "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

/** How a stream of events is followed. */
export interface Followed {
  /** The id of the last event known; asked again for each connection. */
  readonly lastId: () => number;
  readonly signal?: AbortSignal | undefined;
}

/** Codes that a mistake has nothing to do with, although the answer's status is below 500: exit code 1, as without a service. */
const failures: ReadonlySet<string> = new Set([
  ...["study-locked", "not-optimizing", "lease-lost", "trial-not-running", "being-optimized", "study-deleted"],
  ...["run-finished", "run-ended", "no-best-trial", "too-many-requests", "storage-full", "study-damaged"],
]);

/** Codes of what is over by itself after a while. */
const passing: ReadonlySet<string> = new Set(["server-unreachable", "host-closing", "too-many-requests"]);

/** How long a connection that is lost is tried again, in milliseconds; and the pauses between. */
const PATIENCE = 60_000;
const PAUSES = [250, 500, 1000, 2000, 5000];

/** Asks one service. */
export class ServiceClient {
  readonly url: string;
  readonly #token: string | null;

  constructor({ url, token }: ServerAddress) {
    this.url = url;
    this.#token = token;
  }

  /**
   * The JSON of an answer; null of an empty one.
   * @param path below `/api/v1`
   * @throws MlbenchError `server-unreachable`, `not-a-service`, `server-too-old`, `invalid-certificate` | UsageError
   * `unauthorized`, `forbidden`; and with its code what the service answers.
   */
  async json<T>(path: string, asked: Asked = {}): Promise<T> {
    const answer = await this.open(path, asked);
    const text = await this.#text(answer);
    if (text === "") return null as T;
    if (!isJson(answer)) throw this.#noService(answer);
    return readJson(text) as T;
  }

  /** An answer whose body is still to be read. @throws as {@link ServiceClient.json}. */
  async open(path: string, { method, body, headers = {}, signal }: Asked = {}): Promise<Response> {
    const answer = await this.#fetch(path, {
      method: method ?? (body === undefined ? "GET" : "POST"),
      headers: {
        accept: "application/json",
        ...(this.#token === null ? {} : { authorization: `Bearer ${this.#token}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      // A token goes to nobody else.
      redirect: "manual",
      ...(body === undefined ? {} : { body: stringifyJson(body) }),
      ...(signal ? { signal } : {}),
    });
    if (answer.ok) return answer;
    throw await this.#refusal(answer);
  }

  /**
   * The events of a stream, connected again where the connection is lost, until `signal` is aborted.
   * @throws as {@link ServiceClient.json}; `server-unreachable` when it has been gone for a minute.
   */
  async *events(path: string, { lastId, signal }: Followed): AsyncGenerator<ServerEvent> {
    let lostAt: number | null = null;
    for (let tries = 0; !signal?.aborted; tries++) {
      // Whoever has heard enough hangs up.
      const left = new AbortController();
      try {
        const headers = { accept: "text/event-stream", "last-event-id": String(lastId()) };
        const ends = signal ? AbortSignal.any([signal, left.signal]) : left.signal;
        const answer = await this.open(path, { headers, signal: ends });
        if (!answer.headers.get("content-type")?.startsWith("text/event-stream")) throw this.#noService(answer);
        [lostAt, tries] = [null, 0];
        for await (const event of eventsOf(answer)) yield event;
      } catch (error) {
        if (signal?.aborted) return;
        // What was read so far holds; what the service refuses now, it refuses again.
        if (error instanceof MlbenchError && !passing.has(error.code)) throw error;
        lostAt ??= performance.now();
        if (performance.now() - lostAt > PATIENCE) throw error;
      } finally {
        left.abort();
      }
      await pause(PAUSES[Math.min(tries, PAUSES.length - 1)] as number, signal);
    }
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    try {
      return await fetch(`${this.url}/api/v1${path}`, init);
    } catch (error) {
      throw this.#unreachable(error);
    }
  }

  async #text(answer: Response): Promise<string> {
    try {
      return await answer.text();
    } catch (error) {
      throw this.#unreachable(error);
    }
  }

  #unreachable(error: unknown): unknown {
    if (error instanceof Error && error.name === "AbortError") return error;
    const cause = (error as { cause?: unknown }).cause ?? error;
    const { code = "" } = cause as { code?: string };
    if (isCertificates(code))
      return new MlbenchError(
        "invalid-certificate",
        `${this.url}: its certificate is not trusted (${oneLine(messageOf(cause))}); NODE_EXTRA_CA_CERTS=FILE.pem names ` +
          "the authority that signed it",
        { cause: error },
      );
    const why = reasons[code] ?? oneLine(messageOf(cause));
    return new MlbenchError(
      "server-unreachable",
      `${this.url} cannot be reached: ${why}; is mlbench-hpo serve running there?`,
      { cause: error },
    );
  }

  /** What an answer from 300 on means. */
  async #refusal(answer: Response): Promise<MlbenchError> {
    const { status } = answer;
    const text = await answer.text().catch(() => "");
    const { code, detail, ...extra } = problemIn(answer, text);
    if (code === undefined || detail === undefined) return this.#noService(answer);
    if (status === 401)
      return new UsageError(
        "unauthorized",
        this.#token === null
          ? `${this.url} wants a token: --token-file FILE, MLBENCH_HPO_TOKEN, or the URL with #token=…`
          : `${this.url} does not take this token: it is not known there, was revoked or has expired`,
      );
    if (status === 403) return new UsageError(code, `${this.url}: ${detail}`);
    if (code === "unknown-route") return this.#otherVersion();
    if (status === 421) return new UsageError(code, `${this.url}: ${detail}`);
    const error = status < 500 && !failures.has(code) ? new UsageError(code, detail) : new MlbenchError(code, detail);
    return Object.assign(error, extra);
  }

  async #otherVersion(): Promise<MlbenchError> {
    const version = await this.json<ServerInfo>("/server").then(
      (server) => ` ${server.version}`,
      () => "",
    );
    return new MlbenchError(
      "server-too-old",
      `the service at ${this.url} runs mlbench-hpo${version}, which cannot do this yet: update it`,
    );
  }

  #noService({ status, headers }: Response): MlbenchError {
    // What stands before a service says so while that is started anew.
    if (status === 502 || status === 503 || status === 504)
      return new MlbenchError(
        "server-unreachable",
        `${this.url} cannot be reached: what stands before it answers ${status}; is mlbench-hpo serve running there?`,
      );
    const type = (headers.get("content-type") ?? "no content").split(";")[0] ?? "";
    return new MlbenchError(
      "not-a-service",
      `${this.url} is no service of mlbench-hpo: it answers ${oneLine(`${status} ${type}`)}`,
    );
  }
}

/** A path's part. @throws UsageError `invalid-study-name` for what a URL takes for a step upwards. */
export function part(text: string): string {
  if (/^\.{0,2}$/.test(text)) throw new UsageError("invalid-study-name", `no study is called ${JSON.stringify(text)}`);
  return encodeURIComponent(text);
}

function isJson({ headers }: Response): boolean {
  return /^application\/(?:problem\+)?json\b/.test(headers.get("content-type") ?? "");
}

function problemIn(answer: Response, text: string): { code?: string; detail?: string } & Record<string, unknown> {
  if (!isJson(answer)) return {};
  try {
    const {
      code,
      detail,
      type: _type,
      title: _title,
      status: _status,
      ...extra
    } = JSON.parse(text) as Record<string, unknown>;
    return typeof code === "string" && typeof detail === "string" ? { ...extra, code, detail } : {};
  } catch {
    return {};
  }
}

function isCertificates(code: string): boolean {
  return /^(?:CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERR_TLS_CERT)/.test(code) || code === "HOSTNAME_MISMATCH";
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there",
  ENOTFOUND: "there is no host of that name",
  EAI_AGAIN: "the name cannot be looked up now",
  ECONNRESET: "the connection was cut",
  UND_ERR_SOCKET: "the connection was cut",
  ETIMEDOUT: "it does not answer",
  UND_ERR_CONNECT_TIMEOUT: "it does not answer",
  UND_ERR_HEADERS_TIMEOUT: "it does not answer",
  EHOSTUNREACH: "no way leads to that host",
  ENETUNREACH: "no way leads to that network",
  ERR_SSL_WRONG_VERSION_NUMBER: "it speaks no TLS: try http://",
  HPE_INVALID_CONSTANT: "it speaks no HTTP: try https://",
};

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done);
  });
}
