/** Requests to the service: JSON in and out, and its refusals as errors with its words. */
import { apiUrl } from "../paths.js";

/** A refusal of the service, in its one line, or the reason why it was not reached. */
export class ApiProblem extends Error {
  override readonly name = "ApiProblem";
  constructor(
    message: string,
    /** The service's code; `unreachable` where there was no answer. */
    readonly code: string,
    /** Of HTTP; 0 without an answer. */
    readonly status: number,
    /** What else the answer said. */
    readonly more: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
  }
}

/** What can be asked for in a URL's query; lists are repeated, what is absent is left out. */
export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | null | undefined>>;

/** How a request is made. */
export interface RequestOptions {
  readonly query?: Query | undefined;
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
}

let unauthorized: () => void = () => {};

/** Says what is done when the service no longer knows this browser. */
export function onUnauthorized(listener: () => void): void {
  unauthorized = listener;
}

/** A query as text, with its question mark where there is one. */
export function queryText(query: Query | undefined): string {
  const pairs = Object.entries(query ?? {}).flatMap(([key, value]) =>
    value === undefined || value === null ? [] : [value].flat().map((one) => [key, String(one)]),
  );
  return pairs.length === 0 ? "" : `?${new URLSearchParams(pairs)}`;
}

async function problemOf(response: Response): Promise<ApiProblem> {
  const text = await response.text().catch(() => "");
  let body: Record<string, unknown> = {};
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null) body = parsed as Record<string, unknown>;
  } catch {
    // A proxy's page: its status says enough.
  }
  const { detail, code, title } = body;
  const message =
    typeof detail === "string" ? detail : typeof title === "string" ? title : `the service answered ${response.status}`;
  return new ApiProblem(message, typeof code === "string" ? code : `http-${response.status}`, response.status, body);
}

/** Asks, and hands out the answer as it came. */
export async function ask(method: string, path: string, options: RequestOptions = {}): Promise<Response> {
  const { query, body, signal } = options;
  const headers: Record<string, string> = { accept: "application/json" };
  if (body !== undefined) headers["content-type"] = "application/json";
  let response: Response;
  try {
    response = await fetch(`${apiUrl(path)}${queryText(query)}`, {
      ...{ method, headers, credentials: "same-origin", cache: "no-cache" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiProblem("the service is not reached; is mlbench-hpo serve still running?", "unreachable", 0);
  }
  if (response.ok || response.status === 304) return response;
  const problem = await problemOf(response);
  if (response.status === 401 && path !== "/session") unauthorized();
  throw problem;
}

/** Asks for JSON; undefined where the answer has no body. */
async function askJson<T>(method: string, path: string, options?: RequestOptions): Promise<T> {
  const response = await ask(method, path, options);
  if (response.status === 204) return undefined as T;
  return (await response.json()) as T;
}

/** The service, a method of HTTP each; paths stand below `/api/v1`. */
export const api = {
  get: <T>(path: string, options?: RequestOptions): Promise<T> => askJson<T>("GET", path, options),
  post: <T>(path: string, body: unknown = {}, options?: RequestOptions): Promise<T> =>
    askJson<T>("POST", path, { ...options, body }),
  patch: <T>(path: string, body: unknown, options?: RequestOptions): Promise<T> =>
    askJson<T>("PATCH", path, { ...options, body }),
  delete: <T = void>(path: string, body?: unknown, options?: RequestOptions): Promise<T> =>
    askJson<T>("DELETE", path, { ...options, ...(body === undefined ? {} : { body }) }),
};

/** What went wrong, for people. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
