/** Errors as the service answers them: RFC 9457 problem details with our codes, and never what is inside. */
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { MlbenchError, messageOf, oneLine, userErrorOf, withoutSecrets } from "../core/index.js";

/** The body of every answer from 400 on: `application/problem+json`. */
export interface Problem {
  /** `urn:mlbench-hpo:problem:CODE`. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  /** One line: what was wrong, and what would be right. */
  readonly detail: string;
  readonly code: string;
  readonly [extra: string]: unknown;
}

/** An error that is the service's own: it knows its status. */
export class ServiceError extends MlbenchError {
  readonly status: number;
  readonly extra: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: string,
    status: number,
    message: string,
    more: {
      readonly extra?: Readonly<Record<string, unknown>>;
      readonly headers?: Readonly<Record<string, string>>;
      readonly cause?: unknown;
    } = {},
  ) {
    super(code, message, { exitCode: status < 500 ? 2 : 1, cause: more.cause });
    this.name = "ServiceError";
    this.status = status;
    this.extra = more.extra ?? {};
    this.headers = more.headers ?? {};
  }
}

/** Codes whose status is not 400 (a mistake in what was asked) or 500 (a failure while doing it). */
const statuses: Readonly<Record<string, number>> = {
  "unknown-study": 404,
  "unknown-trial": 404,
  "no-run": 404,
  "no-log": 404,
  "no-best-trial": 404,
  "no-feasible-trial": 404,
  "not-available": 404,
  "study-deleted": 410,
  "run-finished": 410,
  "study-exists": 409,
  "study-locked": 409,
  "run-exists": 409,
  "run-ended": 409,
  "study-archived": 409,
  "being-optimized": 409,
  "already-optimizing": 409,
  "not-optimizing": 409,
  "lease-lost": 409,
  "trial-not-running": 409,
  "trial-not-asked": 409,
  "trial-finished": 409,
  "not-failed": 409,
  "confirm-name": 400,
  "not-confirmed": 400,
  "not-allowed": 403,
  "owner-busy": 503,
  "owner-died": 503,
  "no-owner": 503,
  "study-closed": 503,
  "host-closing": 503,
  "study-thread-ended": 503,
  "analysis-busy": 503,
  "analysis-ended": 503,
  "analysis-timeout": 503,
  "storage-full": 507,
};

const titles: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  409: "Conflict",
  410: "Gone",
  413: "Content Too Large",
  414: "URI Too Long",
  415: "Unsupported Media Type",
  416: "Range Not Satisfiable",
  421: "Misdirected Request",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  503: "Service Unavailable",
  507: "Insufficient Storage",
};

/** What Fastify itself refuses, by its code: ours, and the line. Others of its errors are `invalid-request` or inside. */
const ofFastify: Readonly<Record<string, readonly [code: string, detail: string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ["body-too-large", "the body is larger than this route takes"],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ["invalid-content-type", "expected Content-Type: application/json"],
  FST_ERR_CTP_INVALID_JSON_BODY: ["invalid-json", "the body is no JSON that is accepted"],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ["invalid-request", "the body is not as long as Content-Length says"],
  FST_ERR_BAD_URL: ["invalid-url", "the URL cannot be read"],
  FST_ERR_NOT_FOUND: ["unknown-route", "there is nothing here"],
};

export function problemOf(error: unknown): {
  readonly problem: Problem;
  readonly headers: Readonly<Record<string, string>>;
} {
  if (error instanceof ServiceError) return given(error.code, error.status, error.message, error.extra, error.headers);
  if (error instanceof MlbenchError) return given(error.code, statusOf(error), error.message, extraOf(error));
  const { code = "", statusCode, validation } = error as Partial<FastifyError>;
  if (validation) return given("invalid-request", 400, validationInWords(error as FastifyError));
  const known = ofFastify[code];
  if (known) return given(known[0], statusCode ?? 400, known[1]);
  // After what Fastify says itself: at the end of a deep stack stands whoever made the request.
  const own = userErrorOf(error);
  if (own) return given("user-code", 400, own.message);
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return given("invalid-request", statusCode, messageOf(error));
  return given("internal", 500, "this looks like a bug in mlbench-hpo: the service's log says more with --verbose");
}

function given(
  code: string,
  status: number,
  detail: string,
  extra: Readonly<Record<string, unknown>> = {},
  headers: Readonly<Record<string, string>> = {},
): ReturnType<typeof problemOf> {
  const own = { type: `urn:mlbench-hpo:problem:${code}`, title: titles[status] ?? "Error", status };
  return { problem: { ...extra, ...own, detail: withoutSecrets(oneLine(detail)), code }, headers };
}

function statusOf({ code, exitCode }: MlbenchError): number {
  return Object.hasOwn(statuses, code) ? (statuses[code] as number) : exitCode === 2 ? 400 : 500;
}

/** What a caller can act on: who holds the study, which fields differ. */
function extraOf(error: MlbenchError): Readonly<Record<string, unknown>> {
  const { owner, differences } = error as { owner?: unknown; differences?: unknown };
  const extra: Record<string, unknown> = {};
  if (typeof owner === "object" && owner !== null) {
    const { pid, host, since, url } = owner as Record<string, unknown>;
    Object.assign(extra, { pid: pid ?? null, host: host ?? null, since: since ?? null });
    if (url !== undefined) extra["url"] = url;
  }
  if (differences !== undefined) extra["differences"] = differences;
  return extra;
}

/** Every issue in a line, unknown keys by name. */
function validationInWords({ validation = [], validationContext }: FastifyError): string {
  const lines = validation.slice(0, 5).map(({ instancePath, message: said = "is wrong", params }) => {
    const nearest = nearestOf((params as { errors?: unknown }).errors);
    const path = [...instancePath.split("/"), ...(nearest?.path ?? [])].filter((part) => part !== "").join(".");
    const message = nearest?.message ?? said;
    const where = path === "" ? (validationContext ?? "request") : path;
    const unknown = (params as { keys?: unknown }).keys;
    if (!Array.isArray(unknown)) return `${where}: ${message}`;
    const names = unknown.map((key) => JSON.stringify(key)).join(", ");
    return `${where}: unknown ${unknown.length === 1 ? "key" : "keys"} ${names}`;
  });
  const more = validation.length - lines.length;
  return lines.join("; ") + (more > 0 ? `; and ${more} more` : "");
}

type Issue = { readonly path?: readonly unknown[]; readonly message?: string; readonly errors?: unknown };

/** What the nearest of several forms that are taken would have wanted, the one that was followed furthest; null: no such. */
function nearestOf(forms: unknown): { readonly path: readonly string[]; readonly message: string } | null {
  if (!Array.isArray(forms)) return null;
  const found = (forms as readonly (readonly Issue[])[]).flat().map(({ path = [], message = "", errors }) => {
    const own = path.map(String);
    const inner = nearestOf(errors);
    return inner ? { path: [...own, ...inner.path], message: inner.message } : { path: own, message };
  });
  const furthest = Math.max(...found.map(({ path }) => path.length));
  const nearest = found.filter(({ path }) => path.length === furthest);
  const [first] = nearest;
  if (!first) return null;
  const wanted = nearest.filter(({ path }) => path.join() === first.path.join()).map(({ message }) => message);
  const words = [...new Set(wanted)].slice(0, 4).map((text) => text.replace(/^Invalid (?:input|option): /, ""));
  return { path: first.path, message: words.join(", or ") };
}

/** Answers with an error; whatever was set for another answer is taken back. */
export function sendProblem(error: unknown, _request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { problem, headers } = problemOf(error);
  for (const name of ["etag", "content-encoding", "content-disposition", "content-range", "accept-ranges"])
    reply.removeHeader(name);
  return reply
    .code(problem.status)
    .headers(headers)
    .header("cache-control", "no-store")
    .type("application/problem+json")
    .serializer((body: unknown) => JSON.stringify(body))
    .send(problem);
}
