/** What a file of routes is handed and declares: its scope, its limits, and what the service knows. */
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyRequest,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import type { StudyHost } from "../host/host.js";
import type { FailedLogins } from "./security/failed-logins.js";
import type { Gate } from "./security/gate.js";
import type { Identity, Scope } from "./security/scopes.js";
import type { Sessions } from "./security/sessions.js";
import type { Streams } from "./security/streams.js";
import type { TokenStore } from "./security/tokens.js";

/** The server as routes see it: schemas are zod's, and types follow from them. */
export type ServiceApp = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** What the operator allowed at start, and where the service is. */
export interface ServiceSettings {
  /** Folders, absolute and resolved, whose files requests may name: plug-ins, objectives, data. Empty: none. */
  readonly allow: readonly string[];
  /** This package's. */
  readonly version: string;
  /** Whether a proxy in front of it is believed about addresses, hosts and protocols. */
  readonly behindProxy: boolean;
  /** Where the service is reached: no trailing slash. Null until it listens. */
  readonly url: string | null;
}

/** What every file of routes gets beside the server. */
export interface ServiceContext {
  readonly host: StudyHost;
  /** The storage's folder, absolute. */
  readonly storageDir: string;
  readonly settings: ServiceSettings;
  readonly tokens: TokenStore;
  readonly sessions: Sessions;
  readonly failures: FailedLogins;
  readonly gate: Gate;
  readonly streams: Streams;
  /** Aborted when the service begins to close: streams and waits end. */
  readonly closing: AbortSignal;
  /** Under which path a request's sender sees the service: `/hpo` behind a proxy that says so, else "". */
  readonly prefixOf: (request: FastifyRequest) => string;
}

/** One file of routes under `/api/v1`: a plug-in of its own, so what it adds (content types, hooks) stays in it. */
export type ServiceRoutes = (app: ServiceApp, context: ServiceContext) => void | Promise<void>;

declare module "fastify" {
  interface FastifyContextConfig {
    /** Who may use the route; a route that does not say is refused at start. `none`: anybody, without a token. */
    scope?: Scope | "none";
    /** `large`: a body of 1 MiB instead of 64 KiB. A route's own `bodyLimit` goes before it. */
    limit?: "large";
    /** Whether the body is a file: it may take ten minutes to come in, instead of 30 seconds. */
    upload?: boolean;
    /** Whether the answer goes on: counted among the streams, ended when its token is or the service closes. */
    stream?: boolean;
  }
  interface FastifyRequest {
    /** Whose token it is; null on a route of scope `none`. */
    identity: Identity | null;
  }
}
