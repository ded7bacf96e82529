/** The HTTP server with everything that holds for all routes: limits, gate, validation, answers, errors. */
import { createServer as createHttp } from "node:http";
import { createServer as createHttps } from "node:https";
import type { Server } from "node:http";
import type { Socket } from "node:net";
import { finished } from "node:stream";
import rateLimit from "@fastify/rate-limit";
import Fastify from "fastify";
import type { FastifyReply, FastifyRequest } from "fastify";
import { validatorCompiler } from "fastify-type-provider-zod";
import type { ZodType } from "zod";
import { stringifyJson } from "../core/index.js";
import { hasBody } from "./connections.js";
import type { Metrics } from "./metrics.js";
import type { ServiceLimits, ServiceOptions } from "./options.js";
import { problemOf, sendProblem, ServiceError } from "./problem.js";
import type { ServiceApp, ServiceContext } from "./routes.js";
import { addressOf } from "./security/asker.js";
import type { Streams } from "./security/streams.js";
import { setSecurityHeaders } from "./security/gate.js";
import type { Gate } from "./security/gate.js";

type Log = (line: () => string) => void;

/** What the server is made of beside its options. */
export interface AppParts {
  readonly gate: Gate;
  readonly limits: ServiceLimits;
  readonly log: Log;
  /** Sees the server before it listens. */
  readonly onServer: (server: Server) => void;
}

/** A server without routes. */
export function createApp(options: ServiceOptions, { gate, limits, log, onServer }: AppParts): ServiceApp {
  const { tls, pathPrefix: prefix = "" } = options;
  const timeouts = {
    requestTimeout: Math.max(limits.requestMs, limits.uploadMs),
    headersTimeout: limits.headersMs,
    keepAliveTimeout: 72_000,
    connectionsCheckingInterval: Math.min(2000, limits.headersMs),
    maxHeaderSize: 16 * 1024,
  };
  const app = Fastify({
    serverFactory: (handler) => {
      const server = tls ? createHttps({ ...timeouts, ...tls }, handler) : createHttp(timeouts, handler);
      onServer(server);
      return server;
    },
    bodyLimit: limits.bodyBytes,
    requestTimeout: timeouts.requestTimeout,
    routerOptions: { maxParamLength: 512 },
    logger: false,
    trustProxy: options.behindProxy ? (_address: string, hop: number) => hop === 0 : false,
    forceCloseConnections: "idle",
    return503OnClosing: true,
    rewriteUrl: ({ url = "/" }) =>
      prefix !== "" && (url === prefix || url.startsWith(`${prefix}/`)) ? url.slice(prefix.length) || "/" : url,
    frameworkErrors: (error, request, reply) => {
      setSecurityHeaders(reply, false);
      void sendProblem(refusalOf(() => gate.requireHost(request)) ?? error, request, reply);
    },
    clientErrorHandler: answerMalformed,
  }) as unknown as ServiceApp;
  // Bodies are JSON; text that looks like it is a form's, or a mistake.
  app.removeContentTypeParser("text/plain");
  // One without a byte is none, whatever type it is said to have.
  const parse = app.getDefaultJsonParser("error", "error");
  app.addContentTypeParser("application/json", { parseAs: "string" }, (request, text: string, done) => {
    if (text === "") done(null, undefined);
    else void parse(request, text, done);
  });
  app.decorateRequest("identity", null);
  app.setErrorHandler((error, request, reply) => {
    if (problemOf(error).problem.code === "internal")
      log(() => `${request.method} ${request.routeOptions.url ?? "?"}: ${(error as Error).stack ?? String(error)}`);
    return sendProblem(withoutOthers(error, request), request, reply);
  });
  const known = new KnownRoutes();
  app.addHook("onRoute", ({ method, url }) => {
    for (const one of [method].flat()) known.add(one, url);
  });
  app.setNotFoundHandler((request, reply) => sendProblem(known.refusalOf(request), request, reply));
  return app;
}

/** A token for some studies is not told which others there are. */
function withoutOthers(error: unknown, { identity }: FastifyRequest): unknown {
  const isUnknown = (error as { code?: unknown }).code === "unknown-study";
  return isUnknown && identity?.studies ? new ServiceError("unknown-study", 404, "there is no such study") : error;
}

function refusalOf(check: () => void): unknown {
  try {
    check();
    return undefined;
  } catch (error) {
    return error;
  }
}

/** Which methods a path has routes for; what serves the dashboard's files is none. */
class KnownRoutes {
  readonly #routes: { readonly method: string; readonly path: RegExp }[] = [];

  add(method: string, url: string): void {
    if (url.includes("*")) return;
    const path = url.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll(/:[A-Za-z]+/g, "[^/]+");
    this.#routes.push({ method, path: new RegExp(`^${path}$`) });
  }

  /** What there is to say of a request that no route takes. */
  refusalOf({ method, url }: FastifyRequest): ServiceError {
    const path = url.split("?", 1)[0] ?? "/";
    const others = this.#routes.filter((route) => route.path.test(path)).map((route) => route.method);
    if (others.length === 0) return new ServiceError("unknown-route", 404, "there is nothing here");
    const allow = [...new Set(others)].sort().join(", ");
    const detail = `${method} is not answered here; ${allow}`;
    return new ServiceError("method-not-allowed", 405, detail, { headers: { allow } });
  }
}

/** What is no HTTP is answered as far as it can be, and the connection closed. */
function answerMalformed(error: Error & { code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === "ECONNRESET") return void socket.destroy();
  const [status, title] =
    error.code === "HPE_HEADER_OVERFLOW"
      ? [431, "Request Header Fields Too Large"]
      : error.code === "ERR_HTTP_REQUEST_TIMEOUT"
        ? [408, "Request Timeout"]
        : [400, "Bad Request"];
  socket.end(`HTTP/1.1 ${status} ${title}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

/** Host, Origin, token, scope and study of every request, before anything of it is read. */
export function addGate(app: ServiceApp, context: ServiceContext, limits: ServiceLimits): void {
  const { gate, streams } = context;
  app.addHook("onRequest", async (request, reply) => {
    setSecurityHeaders(reply, gate.isSecure(request));
    gate.requireHost(request);
    if (request.method === "OPTIONS" || request.method === "TRACE")
      throw new ServiceError("method-not-allowed", 405, `${request.method} is not answered`);
    const { scope, stream, upload } = request.routeOptions.config;
    gate.requireOwnOrigin(request, !request.url.startsWith("/api/"));
    limitTime(request, upload ? limits.uploadMs : limits.requestMs);
    requireNoTokenInUrl(request);
    if (scope === undefined || scope === "none") return;
    request.identity = await gate.identify(request);
    gate.requireScope(request, scope);
    renewSession(context, request, reply);
    if (stream) streams.add(request.identity, reply.raw);
  });
}

/** Who comes back within two weeks stays logged in. */
function renewSession(
  { sessions, gate, prefixOf }: ServiceContext,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  if (!request.identity?.byCookie) return;
  const session = sessions.read(request.headers.cookie);
  if (!session || !sessions.isOld(session)) return;
  const cookie = sessions.cookie(session.tokenId, `${prefixOf(request)}/`, gate.isSecure(request));
  void reply.header("set-cookie", cookie);
}

/** A body that dribbles in is not waited for. */
function limitTime({ raw }: FastifyRequest, ms: number): void {
  if (!hasBody(raw)) return;
  const timer = setTimeout(() => raw.destroy(), ms).unref();
  const stop = (): void => clearTimeout(timer);
  raw.once("end", stop).once("close", stop);
}

function requireNoTokenInUrl({ query }: FastifyRequest): void {
  const names = Object.keys(query as object);
  if (names.some((name) => /^(?:access_?|auth_?|api_?)?(?:token|key)$/i.test(name)))
    throw new ServiceError(
      "token-in-url",
      400,
      "what stands in a URL ends up in logs: send the token as Authorization: Bearer TOKEN",
    );
}

const silent = { "x-ratelimit-limit": false, "x-ratelimit-remaining": false, "x-ratelimit-reset": false };

/** Requests a second and bytes a request; each route says who may use it. To be added behind {@link addGate}. */
export async function addLimits(app: ServiceApp, limits: ServiceLimits): Promise<void> {
  await app.register(rateLimit, {
    // The gate, a hook of an earlier time, knows whose token it is.
    ...{ global: true, max: limits.requestsPerSecond, timeWindow: 1000, cache: 10_000, hook: "preParsing" },
    keyGenerator: (request: FastifyRequest) => request.identity?.id ?? addressOf(request),
    addHeaders: { ...silent, "retry-after": false },
    addHeadersOnExceeding: silent,
    errorResponseBuilder: (_request, { max, ttl }) =>
      new ServiceError("too-many-requests", 429, `more than ${max} requests a second: wait a moment`, {
        headers: { "retry-after": String(Math.max(1, Math.ceil(ttl / 1000))) },
      }),
  });
  app.addHook("onRoute", (route) => {
    if (route.config?.scope === undefined)
      throw new Error(`${String(route.method)} ${route.url}: config.scope says who may use it`);
    if (route.config.limit === "large") route.bodyLimit ??= limits.largeBodyBytes;
  });
}

/**
 * Every request is counted, and told, when its answer has ended: streams too, which Fastify's own hook does not hear of.
 * To be added before all else, so that it hears of what is refused.
 */
export function addAccessLog(
  app: ServiceApp,
  metrics: Metrics,
  { streams, log }: { streams: Streams; log: Log },
): void {
  app.addHook("onRequest", async (request, reply) => {
    const began = performance.now();
    finished(reply.raw, () => {
      const { method, identity, routeOptions } = request;
      const { statusCode } = reply.raw;
      const ms = performance.now() - began;
      const isStream = streams.knows(reply.raw);
      metrics.count({ method, route: routeOptions.url ?? "none", status: statusCode, ms: isStream ? null : ms });
      log(() => {
        const path = request.url.split("?", 1)[0] ?? "";
        return `${addressOf(request)} ${identity?.name ?? "-"} ${method} ${path} ${statusCode} ${ms.toFixed(1)} ms`;
      });
    });
  });
}

/** Keys of a query or a body where a route takes none are as unknown as others are. */
function requireNothingMore({ query, body, routeOptions }: FastifyRequest): void {
  const { url = "", schema, config } = routeOptions;
  if (!url.startsWith("/api/") || config.upload) return;
  const parts = { querystring: schema?.querystring ? null : query, body: schema?.body ? null : body };
  for (const [where, given] of Object.entries(parts)) {
    const names =
      typeof given === "object" && given !== null ? Object.keys(given).map((key) => JSON.stringify(key)) : [];
    if (names.length === 0) continue;
    const keys = `${names.length === 1 ? "key" : "keys"} ${names.slice(0, 5).join(", ")}`;
    throw new ServiceError("invalid-request", 400, `${where}: unknown ${keys}: nothing is taken here`);
  }
}

/** Schemas are zod's; answers keep numbers that JSON has no word for. */
export function addSchemas(app: ServiceApp, check: boolean): void {
  app.setValidatorCompiler(validatorCompiler);
  app.addHook("preValidation", async (request) => {
    requireNothingMore(request);
    // Where every key may be left out, all of them may.
    if (request.routeOptions.schema?.body) request.body ??= {};
  });
  app.setSerializerCompiler(({ schema, url, method }) => (value: unknown) => {
    const text = stringifyJson(value);
    if (!check) return text;
    const checked = (schema as unknown as ZodType).safeParse(JSON.parse(text));
    if (checked.success) return text;
    throw new Error(`${method} ${url}: its answer is not as its schema says: ${checked.error.message}`);
  });
}
