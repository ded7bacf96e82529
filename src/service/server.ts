/** The service: a study host over HTTP. Made, opened to the network, drained and closed here. */
import { createServer as createHttp } from "node:http";
import { createServer as createHttps } from "node:https";
import { resolve } from "node:path";
import rateLimit from "@fastify/rate-limit";
import Fastify from "fastify";
import type { FastifyRequest } from "fastify";
import { validatorCompiler } from "fastify-type-provider-zod";
import type { ZodType } from "zod/v4";
import { MlbenchError, stringifyJson } from "../core/index.js";
import type { StudyHost } from "../host/host.js";
import { problemOf, sendProblem, ServiceError } from "./problem.js";
import type { ServiceApp, ServiceContext } from "./routes.js";
import { routes } from "./routes/index.js";
import { FailedLogins } from "./security/failed-logins.js";
import { Gate, setSecurityHeaders } from "./security/gate.js";
import { allowedHosts } from "./security/hosts.js";
import { Sessions } from "./security/sessions.js";
import { Streams } from "./security/streams.js";
import { TokenStore } from "./security/tokens.js";

/** How a service is set up. Everything has a default but the package's version. */
export interface ServiceOptions {
  readonly version: string;
  /** The address to listen at. @default "127.0.0.1" */
  readonly hostName?: string | undefined;
  /** 0: a free one. @default 7070 */
  readonly port?: number | undefined;
  /** Key and certificate, PEM: the service speaks TLS. */
  readonly tls?: { readonly key: string; readonly cert: string } | undefined;
  /** Whether one proxy in front is believed about address, host and protocol (X-Forwarded-*). @default false */
  readonly behindProxy?: boolean | undefined;
  /** More names that the service is called by. @default none */
  readonly allowedHosts?: readonly string[] | undefined;
  /** Folders whose files requests may name. @default none */
  readonly allow?: readonly string[] | undefined;
  /** The path under which browsers see the service: `/hpo`. @default "", or what the proxy says */
  readonly pathPrefix?: string | undefined;
  readonly limits?: Partial<ServiceLimits> | undefined;
  /** Hears a line of every request and of what went wrong inside; no secrets. */
  readonly log?: ((line: string) => void) | undefined;
  /** Whether answers are held against their schemas; for tests. @default false */
  readonly checkAnswers?: boolean | undefined;
}

/** What the service takes on. */
export interface ServiceLimits {
  readonly bodyBytes: number;
  readonly largeBodyBytes: number;
  readonly requestsPerSecond: number;
  readonly streams: number;
  readonly streamsPerToken: number;
  readonly requestMs: number;
  readonly headersMs: number;
  readonly wrongTokensPerMinute: number;
}

const usual: ServiceLimits = {
  bodyBytes: 64 * 1024,
  largeBodyBytes: 1024 * 1024,
  requestsPerSecond: 200,
  streams: 64,
  streamsPerToken: 32,
  requestMs: 30_000,
  headersMs: 10_000,
  wrongTokensPerMinute: 20,
};

/** A service over a host that is open. */
export interface Service {
  readonly app: ServiceApp;
  readonly context: ServiceContext;
  /** Opens it to the network. @throws UsageError `port-in-use`, `invalid-option` */
  listen(): Promise<string>;
  /** Where it is reached, without a trailing slash; null until it listens. */
  readonly url: string | null;
  /** Ends streams, lets requests under way end, closes the port. The host stays open. Idempotent. */
  close(): Promise<void>;
}

const API = "/api/v1";

/**
 * Makes a service; nothing listens yet.
 * @throws UsageError `cannot-write` for a storage that cannot be written, `invalid-token-file`
 */
export async function createService(of: {
  readonly host: StudyHost;
  readonly storageDir: string;
  readonly options: ServiceOptions;
}): Promise<Service> {
  const { host, options } = of;
  const limits = { ...usual, ...options.limits };
  const { hostName = "127.0.0.1", port = 7070, behindProxy = false, tls, log = () => undefined } = options;
  const tokens = await TokenStore.open(of.storageDir);
  const closing = new AbortController();
  let url: string | null = null;
  const sessions = new Sessions(tokens.sessionKey);
  const failures = new FailedLogins(limits.wrongTokensPerMinute);
  const hosts = allowedHosts(hostName, options.allowedHosts ?? []);
  const gate = new Gate({ hosts, tokens, sessions, failures, behindProxy, tls: tls !== undefined });
  const context: ServiceContext = {
    ...{ host, tokens, sessions, failures, gate },
    storageDir: resolve(of.storageDir),
    settings: {
      version: options.version,
      allow: options.allow ?? [],
      behindProxy,
      get url() {
        return url;
      },
    },
    streams: new Streams({ inAll: limits.streams, each: limits.streamsPerToken }),
    closing: closing.signal,
    prefixOf: prefixReader(options.pathPrefix, behindProxy),
  };
  const app = createApp(options, limits, gate, log);
  await addLimits(app, limits);
  addGate(app, context);
  addAnswers(app, options.checkAnswers ?? false, log);
  await app.register(
    async (api) => {
      for (const [name, add] of Object.entries(routes))
        await api.register(async (own) => add(own as ServiceApp, context), { name });
    },
    { prefix: API },
  );
  return {
    app,
    context,
    get url() {
      return url;
    },
    listen: async () => {
      url = await listenAt(app, hostName, port, tls !== undefined);
      return url;
    },
    close: async () => {
      closing.abort();
      context.streams.end(() => true);
      await app.close();
    },
  };
}

function createApp(
  options: ServiceOptions,
  limits: ServiceLimits,
  gate: Gate,
  log: (line: string) => void,
): ServiceApp {
  const { tls } = options;
  const prefix = options.pathPrefix ?? "";
  const timeouts = {
    requestTimeout: limits.requestMs,
    headersTimeout: limits.headersMs,
    keepAliveTimeout: 72_000,
    connectionsCheckingInterval: Math.min(5000, limits.headersMs),
    maxHeaderSize: 16 * 1024,
  };
  const app = Fastify({
    serverFactory: (handler) => (tls ? createHttps({ ...timeouts, ...tls }, handler) : createHttp(timeouts, handler)),
    bodyLimit: limits.bodyBytes,
    requestTimeout: limits.requestMs,
    routerOptions: { maxParamLength: 512, caseSensitive: true },
    logger: false,
    trustProxy: options.behindProxy ? (_address: string, hop: number) => hop === 0 : false,
    forceCloseConnections: "idle",
    return503OnClosing: true,
    rewriteUrl: ({ url = "/" }) =>
      prefix !== "" && (url === prefix || url.startsWith(`${prefix}/`)) ? url.slice(prefix.length) || "/" : url,
    frameworkErrors: (error, request, reply) => {
      setSecurityHeaders(reply, false);
      try {
        gate.requireHost(request);
        void sendProblem(error, request, reply);
      } catch (refused) {
        void sendProblem(refused, request, reply);
      }
    },
  }) as unknown as ServiceApp;
  app.decorateRequest("identity", null);
  app.addHook("onResponse", async (request, reply) => {
    const { method, url, ip, identity } = request;
    const path = url.split("?")[0] ?? "";
    log(`${ip} ${identity?.name ?? "-"} ${method} ${path} ${reply.statusCode} ${reply.elapsedTime.toFixed(1)} ms`);
  });
  return app;
}

const noHeaders = {
  ...{ "x-ratelimit-limit": false, "x-ratelimit-remaining": false, "x-ratelimit-reset": false },
  "retry-after": false,
};

async function addLimits(app: ServiceApp, limits: ServiceLimits): Promise<void> {
  // Behind the gate's own hook, which says whose token it is.
  await app.register(rateLimit, {
    ...{ global: true, max: limits.requestsPerSecond, timeWindow: 1000, cache: 10_000, hook: "preParsing" },
    keyGenerator: ({ identity, ip }: FastifyRequest) => identity?.id ?? ip,
    addHeaders: noHeaders,
    addHeadersOnExceeding: { "x-ratelimit-limit": false, "x-ratelimit-remaining": false, "x-ratelimit-reset": false },
    errorResponseBuilder: (_request, { max, ttl }) =>
      new ServiceError("too-many-requests", 429, `more than ${max} requests a second: wait a moment`, {
        headers: { "retry-after": String(Math.max(1, Math.ceil(ttl / 1000))) },
      }),
  });
  app.addHook("onRoute", (route) => {
    const scope = route.config?.scope;
    if (scope === undefined) throw new Error(`${String(route.method)} ${route.url}: config.scope says who may use it`);
    if (route.config?.limit === "large") route.bodyLimit ??= limits.largeBodyBytes;
  });
}

function addGate(app: ServiceApp, { gate, streams }: ServiceContext): void {
  app.addHook("onRequest", async (request, reply) => {
    setSecurityHeaders(reply, gate.isSecure(request));
    gate.requireHost(request);
    if (request.method === "OPTIONS") throw new ServiceError("method-not-allowed", 405, "OPTIONS is not answered");
    const { scope } = request.routeOptions.config;
    gate.requireOwnOrigin(request, request.is404 || !request.url.startsWith("/api/"));
    if (scope === undefined || scope === "none") return;
    if ("token" in (request.query as object) || "access_token" in (request.query as object))
      throw new ServiceError(
        "token-in-url",
        400,
        "a token in a URL ends up in logs: send it as Authorization: Bearer TOKEN",
      );
    request.identity = await gate.identify(request);
    gate.requireScope(request, scope);
    if (request.routeOptions.config.stream) streams.add(request.identity, reply.raw);
  });
}

function addAnswers(app: ServiceApp, check: boolean, log: (line: string) => void): void {
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(({ schema, url, method }) => (value: unknown) => {
    const text = stringifyJson(value);
    if (check) {
      const checked = (schema as unknown as ZodType).safeParse(JSON.parse(text));
      if (!checked.success)
        throw new Error(`${method} ${url}: its answer is not as its schema says: ${checked.error.message}`);
    }
    return text;
  });
  app.setErrorHandler((error, request, reply) => {
    const { problem } = problemOf(error);
    if (problem.status >= 500 && !(error instanceof MlbenchError))
      log(`${request.method} ${request.routeOptions.url ?? "?"}: ${(error as Error).stack ?? String(error)}`);
    return sendProblem(error, request, reply);
  });
  app.setNotFoundHandler((request, reply) =>
    sendProblem(new ServiceError("unknown-route", 404, "there is nothing here"), request, reply),
  );
}

const PREFIX = /^(?:\/[A-Za-z0-9._~-]+)+$/;

/** A prefix goes into pages and cookies: nothing but plain segments is taken. */
function prefixReader(given: string | undefined, behindProxy: boolean): ServiceContext["prefixOf"] {
  if (given) return () => given;
  if (!behindProxy) return () => "";
  return ({ headers }) => {
    const told = headers["x-forwarded-prefix"];
    const text = typeof told === "string" ? told.replace(/\/$/, "") : "";
    return PREFIX.test(text) && text.length <= 200 ? text : "";
  };
}

async function listenAt(app: ServiceApp, host: string, port: number, tls: boolean): Promise<string> {
  await app.listen({ host, port });
  const address = app.server.address();
  const bound = typeof address === "object" && address !== null ? address.port : port;
  const name = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "[::1]" : host.includes(":") ? `[${host}]` : host;
  return `${tls ? "https" : "http"}://${name}:${bound}`;
}
