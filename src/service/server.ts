/** The service: a study host over HTTP. Made, opened to the network and closed here. */
import { resolve } from "node:path";
import type { Server as TlsServer } from "node:tls";
import { MlbenchError, messageOf, UsageError } from "../core/index.js";
import type { StudyHost } from "../host/host.js";
import { addAccessLog, addGate, addLimits, addSchemas, createApp } from "./app.js";
import { addAssets, readAssets } from "./assets.js";
import { Connections } from "./connections.js";
import { Metrics } from "./metrics.js";
import { addMonitoring } from "./monitoring.js";
import { addOpenApi } from "./openapi.js";
import { usualLimits } from "./options.js";
import type { ServiceLimits, ServiceOptions } from "./options.js";
import type { ServiceApp, ServiceContext } from "./routes.js";
import { routes } from "./routes/index.js";
import { FailedLogins } from "./security/failed-logins.js";
import { Gate } from "./security/gate.js";
import { allowedHosts } from "./security/hosts.js";
import { Sessions } from "./security/sessions.js";
import { Streams } from "./security/streams.js";
import { TokenStore } from "./security/tokens.js";

export type { ServiceLimits, ServiceOptions } from "./options.js";

/** A service over a host that is open. */
export interface Service {
  readonly app: ServiceApp;
  readonly context: ServiceContext;
  /**
   * Opens it to the network.
   * @returns its URL
   * @throws UsageError `port-in-use`, `invalid-option`
   */
  readonly listen: () => Promise<string>;
  /** Has connections from now on use another certificate; those that are open keep theirs. Only of one that speaks TLS. */
  readonly useTls: (files: { readonly key: string; readonly cert: string }) => void;
  /** Where it is reached, without a trailing slash; null until it listens. */
  readonly url: string | null;
  /**
   * Ends streams, lets requests under way end, closes the port. The host stays open. Idempotent.
   * @param force ends requests under way as well
   */
  readonly close: (force?: AbortSignal) => Promise<void>;
}

const API = "/api/v1";
/** How often it is looked whether the tokens of open streams still hold. */
const STREAMS_CHECK_MS = 1000;

/**
 * Makes a service; nothing listens yet.
 * @throws UsageError `cannot-write` for a storage that cannot be written, `invalid-token-file`
 */
export async function createService(of: {
  readonly host: StudyHost;
  readonly storageDir: string;
  readonly options: ServiceOptions;
}): Promise<Service> {
  const { options } = of;
  const limits = { ...usualLimits, ...options.limits };
  const { hostName = "127.0.0.1", port = 7070, log = () => undefined } = options;
  const closing = new AbortController();
  const at: { url: string | null } = { url: null };
  const context = await makeContext(of, { limits, closing: closing.signal, at });
  const { gate, streams, failures } = context;
  const connections = new Connections(limits.connections);
  const metrics = new Metrics({
    version: options.version,
    streams: () => streams.size,
    connections: () => connections.size,
    wrongTokens: () => failures.total,
  });
  const app = createApp(options, { gate, limits, log, onServer: (server) => connections.watch(server) });
  addAccessLog(app, metrics, { streams, log });
  addGate(app, context, limits);
  await addLimits(app, limits);
  addSchemas(app, options.checkAnswers ?? false);
  await addOpenApi(app);
  await app.register(
    async (api) => {
      for (const [name, add] of Object.entries(routes))
        await api.register(async (own) => add(own as ServiceApp, context), { name });
    },
    { prefix: API },
  );
  addMonitoring(app, context, metrics);
  addAssets(app, await readAssets(options.assetsFolder), context.prefixOf);
  const checking = checkStreams(context, log);
  let closed: Promise<void> | null = null;
  return {
    ...{ app, context },
    get url() {
      return at.url;
    },
    listen: async () => {
      at.url = await listenAt(app, hostName, port, options.tls !== undefined);
      return at.url;
    },
    useTls: (files) => {
      // The server of `createApp`, which is one of TLS where there is a certificate.
      (app.server as unknown as TlsServer).setSecureContext(files);
    },
    close: (force) =>
      (closed ??= (async () => {
        closing.abort();
        clearInterval(checking);
        streams.end(() => true);
        const cut = (): void => app.server.closeAllConnections();
        const late = setTimeout(cut, limits.closingMs);
        if (force?.aborted) cut();
        force?.addEventListener("abort", cut, { once: true });
        const ended = app.close();
        connections.closeWaiting();
        await ended;
        clearTimeout(late);
        metrics.close();
      })()),
  };
}

/** What routes are handed: the keys of the storage's folder are read, or made. */
async function makeContext(
  { host, storageDir, options }: Parameters<typeof createService>[0],
  more: { readonly limits: ServiceLimits; readonly closing: AbortSignal; readonly at: { readonly url: string | null } },
): Promise<ServiceContext> {
  const { limits, closing, at } = more;
  const { version, hostName = "127.0.0.1", allow = [], behindProxy = false } = options;
  const tokens = await TokenStore.open(storageDir);
  const sessions = new Sessions(tokens.sessionKey);
  const failures = new FailedLogins(limits.wrongTokensPerMinute);
  const hosts = allowedHosts(hostName, options.allowedHosts ?? []);
  return {
    ...{ host, tokens, sessions, failures, closing },
    gate: new Gate({ hosts, tokens, sessions, failures, behindProxy }),
    streams: new Streams({ inAll: limits.streams, each: limits.streamsPerToken }),
    storageDir: resolve(storageDir),
    settings: {
      ...{ version, allow, behindProxy },
      get url() {
        return at.url;
      },
    },
    prefixOf: prefixReader(options.pathPrefix, behindProxy),
  };
}

/** Streams whose token was revoked or has expired are ended. */
function checkStreams({ streams, tokens }: ServiceContext, log: (line: () => string) => void): NodeJS.Timeout {
  const check = async (): Promise<void> => {
    if (streams.size === 0) return;
    await tokens.refresh();
    streams.end((identity) => identity !== null && tokens.holderNow(identity.id) === null);
  };
  return setInterval(() => {
    void check().catch((error: unknown) => log(() => messageOf(error)));
  }, STREAMS_CHECK_MS).unref();
}

/** The path before the service's own: nothing but plain segments, as it goes into pages and cookies. */
export const PATH_PREFIX = /^(?:\/[A-Za-z0-9._~-]+)+$/;

function prefixReader(given: string | undefined, behindProxy: boolean): ServiceContext["prefixOf"] {
  if (given) return () => given;
  if (!behindProxy) return () => "";
  return ({ headers }) => {
    const told = headers["x-forwarded-prefix"];
    const text = typeof told === "string" ? told.replace(/\/$/, "") : "";
    return text.length <= 200 && PATH_PREFIX.test(text) ? text : "";
  };
}

const everywhere: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "[::1]" };

async function listenAt(app: ServiceApp, host: string, port: number, tls: boolean): Promise<string> {
  await app.listen({ host, port }).catch((error: unknown) => {
    throw cannotListen(error, host, port);
  });
  const address = app.server.address();
  const bound = typeof address === "object" && address !== null ? address.port : port;
  const name = everywhere[host] ?? (host.includes(":") ? `[${host}]` : host);
  return `${tls ? "https" : "http"}://${name}:${bound}`;
}

function cannotListen(error: unknown, host: string, port: number): MlbenchError {
  const { code = "" } = error as NodeJS.ErrnoException;
  if (code === "EADDRINUSE")
    return new UsageError("port-in-use", `--port ${port}: in use at ${host}; --port 0 takes a free one`, {
      cause: error,
    });
  if (code === "EACCES")
    return new UsageError("port-in-use", `--port ${port}: not for this user; take one from 1024 on`, { cause: error });
  if (["EADDRNOTAVAIL", "ENOTFOUND", "EAI_AGAIN", "EINVAL"].includes(code))
    return new UsageError("invalid-option", `--host ${host}: no address of this machine`, { cause: error });
  return new MlbenchError("port-in-use", `cannot listen at ${host}, port ${port}: ${messageOf(error)}`, {
    cause: error,
  });
}
