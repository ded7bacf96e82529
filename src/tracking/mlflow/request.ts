/** One request to a server, over connections that are kept: its answer, or an error that says whether to try again. */
import { Agent, request as httpRequest } from "node:http";
import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { Agent as TlsAgent, request as httpsRequest } from "node:https";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setImmediate } from "node:timers/promises";
import { MlbenchError, messageOf, withoutSecrets } from "../../core/index.js";
import type { MlflowSettings } from "./settings.js";

/** Why a request came to nothing. */
export class MlflowError extends MlbenchError {
  /** The answer's status; null where there was none. */
  readonly status: number | null;
  /** MLflow's own: `RESOURCE_DOES_NOT_EXIST`, …; null where it gave none. */
  readonly reason: string | null;
  /** Whether the same request may be answered another time. */
  readonly transient: boolean;
  /** How long the server wants not to be asked; null where it does not say. */
  readonly retryAfterMs: number | null;

  constructor(
    message: string,
    given: {
      status?: number;
      reason?: string | null;
      transient: boolean;
      retryAfterMs?: number | null;
      cause?: unknown;
    },
  ) {
    super(given.status === undefined ? "mlflow-unreachable" : "mlflow-refused", message, { cause: given.cause });
    this.status = given.status ?? null;
    this.reason = given.reason ?? null;
    this.transient = given.transient;
    this.retryAfterMs = given.retryAfterMs ?? null;
  }
}

/** What is sent. */
export interface Request {
  readonly method: "GET" | "POST" | "PUT" | "PATCH";
  /** From the server's root, its query included. */
  readonly path: string;
  /** Of another server than the tracking one: `http://host:port`. */
  readonly server?: string;
  readonly body?: string | Uint8Array | { readonly bytes: number; readonly open: () => Readable };
  readonly type?: string;
  readonly signal?: AbortSignal;
}

const TRANSIENT = new Set([408, 425, 429, 500, 502, 503, 504]);
/** A page of a search with every run's tags has some megabytes. */
const MOST_BYTES = 64 * 1024 * 1024;

/** Sends requests to one server. */
export class Connection {
  readonly #settings: MlflowSettings;
  readonly #agents: { readonly http: Agent; readonly https: TlsAgent };
  /** When each request that is out was sent. */
  readonly #out = new Map<object, number>();
  #lastMs = 0;
  #failed = false;

  constructor(settings: MlflowSettings) {
    this.#settings = settings;
    const { insecure, ca, clientCert } = settings.tls;
    const kept = { keepAlive: true, maxSockets: 8, keepAliveMsecs: 10_000 };
    const own = clientCert === null ? {} : { cert: clientCert, key: clientCert };
    // A certificate that is named is checked against, as in MLflow, whatever is said of insecure ones.
    const trust = ca === null ? { rejectUnauthorized: !insecure } : { ca };
    this.#agents = { http: new Agent(kept), https: new TlsAgent({ ...kept, ...trust, ...own }) };
  }

  /** Whether the last request failed, or it or one that is out takes longer than a server at hand does. */
  isStruggling(slowMs: number): boolean {
    const now = performance.now();
    return this.#failed || this.#lastMs > slowMs || [...this.#out.values()].some((sent) => now - sent > slowMs);
  }

  close(): void {
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }

  /** @returns the body's text. @throws MlflowError; what `signal` was aborted with */
  async send(given: Request): Promise<string> {
    const { signal } = given;
    signal?.throwIfAborted();
    const sent = performance.now();
    this.#out.set(given, sent);
    try {
      const { answer, text } = await this.#exchange(given);
      const status = answer.statusCode ?? 0;
      this.#failed = TRANSIENT.has(status);
      if (status >= 200 && status < 300) return text;
      throw refusal(this.#where(given), answer, text, this.#settings.retry.respectRetryAfter);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof MlflowError) throw error;
      this.#failed = true;
      throw unreachable(given.server ?? this.#settings.uri, error);
    } finally {
      this.#lastMs = performance.now() - sent;
      this.#out.delete(given);
    }
  }

  #where({ server, path }: Request): string {
    return `${server ?? this.#settings.uri}${path.replace(/\?.*/s, "")}`;
  }

  #headers({ body, type = "application/json" }: Request): OutgoingHttpHeaders {
    const { authorization, workspace } = this.#settings;
    const bytes = typeof body === "object" && "bytes" in body ? body.bytes : Buffer.byteLength(body ?? "");
    return {
      ...{ accept: "application/json", "user-agent": "mlbench-hpo" },
      ...(body === undefined ? {} : { "content-type": type, "content-length": bytes }),
      ...(authorization === null ? {} : { authorization }),
      ...(workspace === null ? {} : { "x-mlflow-workspace": workspace }),
    };
  }

  async #exchange(given: Request): Promise<{ answer: IncomingMessage; text: string }> {
    const { method, path, server, body } = given;
    const url = new URL(`${server ?? this.#settings.uri}${path}`);
    const secure = url.protocol === "https:";
    const ending = new AbortController();
    const { signal } = given;
    const abort = (): void => {
      ending.abort();
    };
    signal?.addEventListener("abort", abort, { once: true });
    const options = { method, headers: this.#headers(given), signal: ending.signal, timeout: this.#settings.timeoutMs };
    const sent = secure
      ? httpsRequest(url, { ...options, agent: this.#agents.https })
      : httpRequest(url, { ...options, agent: this.#agents.http });
    try {
      const answered = new Promise<IncomingMessage>((resolve, reject) => {
        sent.once("response", resolve).once("error", reject);
        sent.once("timeout", () => sent.destroy(new Error(`no answer in ${this.#settings.timeoutMs / 1000} s`)));
      });
      // Else a failure to send, told below as well, would be nobody's.
      answered.catch(() => undefined);
      if (typeof body === "object" && "bytes" in body)
        await pipeline(body.open(), sent).catch(async (error: unknown) => {
          // A server that refuses may answer and close before it has read all of it.
          if (!(await Promise.race([answered.catch(() => null), setImmediate(null)]))) throw error;
        });
      else sent.end(body);
      const answer = await answered;
      return { answer, text: await textOf(answer) };
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of answer as AsyncIterable<Buffer>) {
    bytes += piece.byteLength;
    if (bytes > MOST_BYTES) throw new Error(`its answer is larger than ${MOST_BYTES / 2 ** 20} MiB`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nobody answers there",
  ENOTFOUND: "there is no such host",
  EAI_AGAIN: "the host's name cannot be resolved",
  ECONNRESET: "it closed the connection",
  EPIPE: "it closed the connection",
  ETIMEDOUT: "no answer",
  EHOSTUNREACH: "the host cannot be reached",
  ENETUNREACH: "the network cannot be reached",
};

/** Certificates that do not hold will not do so another time. */
const forGood = /^(CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_|ERR_TLS_|ERR_SSL|HOSTNAME_MISMATCH)/;

/** Of several addresses that were tried, the last one's code. */
function codeOf(error: unknown): string {
  const { code, errors } = error as NodeJS.ErrnoException & { errors?: readonly unknown[] };
  return code ?? (errors ? codeOf(errors.at(-1)) : "");
}

function unreachable(server: string, error: unknown): MlflowError {
  const code = codeOf(error);
  const what = reasons[code] ?? messageOf(error);
  return new MlflowError(`${server}: ${what}`, { transient: !forGood.test(code), cause: error });
}

function refusal(where: string, answer: IncomingMessage, text: string, respectRetryAfter: boolean): MlflowError {
  const status = answer.statusCode ?? 0;
  const { reason, message } = wordsOf(text);
  const later = respectRetryAfter ? retryAfter(answer.headers["retry-after"]) : null;
  const hint =
    status === 401 || status === 403
      ? "; MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN, say who asks"
      : status >= 300 && status < 400
        ? `; it points to ${withoutSecrets(brief(answer.headers.location ?? "another place"))}: give that URL`
        : later !== null && later > 0
          ? `; it asks to come back in ${Math.ceil(later / 1000)} s`
          : "";
  return new MlflowError(`${where} answered ${status}${message === "" ? "" : `: ${message}`}${hint}`, {
    ...{ status, reason, transient: TRANSIENT.has(status) },
    retryAfterMs: later,
  });
}

/** What MLflow says about an error; of another text (a proxy's page) its beginning. */
function wordsOf(text: string): { reason: string | null; message: string } {
  try {
    const { error_code, message } = JSON.parse(text) as { error_code?: unknown; message?: unknown };
    const reason = typeof error_code === "string" ? error_code : null;
    return { reason, message: brief(typeof message === "string" ? message : (reason ?? "")) };
  } catch {
    return { reason: null, message: brief(text.replaceAll(/<[^>]*>/g, " ")) };
  }
}

function brief(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length > 300 ? `${line.slice(0, 299)}…` : line;
}

/** Seconds, or a date. */
function retryAfter(header: string | undefined): number | null {
  if (header === undefined) return null;
  const seconds = Number(header);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : null;
}
