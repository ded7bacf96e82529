/** How a service is set up, and what it takes on. */

/** Everything has a default but the package's version. */
export interface ServiceOptions {
  readonly version: string;
  /** The address to listen at. @default "127.0.0.1" */
  readonly hostName?: string | undefined;
  /** 0: a free one. @default 7070 */
  readonly port?: number | undefined;
  /** Key and certificate, PEM: the service speaks TLS. */
  readonly tls?: { readonly key: string; readonly cert: string } | undefined;
  /** Whether one proxy in front is believed about address, host, protocol and prefix (X-Forwarded-*). @default false */
  readonly behindProxy?: boolean | undefined;
  /** More names that the service is called by. @default none */
  readonly allowedHosts?: readonly string[] | undefined;
  /** Folders, absolute and resolved, whose files requests may name. @default none */
  readonly allow?: readonly string[] | undefined;
  /** The path under which browsers see the service: `/hpo`. @default "", or what the proxy says */
  readonly pathPrefix?: string | undefined;
  readonly limits?: Partial<ServiceLimits> | undefined;
  /** The dashboard's files. @default those of this package */
  readonly assetsFolder?: string | undefined;
  /** Hears a line of every request and of what went wrong inside; no secrets. */
  readonly log?: ((line: () => string) => void) | undefined;
  /** Whether answers are held against their schemas; for tests. @default false */
  readonly checkAnswers?: boolean | undefined;
}

/** What the service takes on. */
export interface ServiceLimits {
  readonly bodyBytes: number;
  /** Of routes with `limit: "large"`. */
  readonly largeBodyBytes: number;
  /** Of one token, or of one address without a token. */
  readonly requestsPerSecond: number;
  readonly streams: number;
  readonly streamsPerToken: number;
  /** How long a request may take to come in whole; those of routes with `upload` may take longer. */
  readonly requestMs: number;
  readonly uploadMs: number;
  readonly headersMs: number;
  readonly connections: number;
  readonly wrongTokensPerMinute: number;
  /** How long requests under way may take once the service closes. */
  readonly closingMs: number;
}

export const usualLimits: ServiceLimits = {
  bodyBytes: 64 * 1024,
  largeBodyBytes: 1024 * 1024,
  requestsPerSecond: 200,
  streams: 64,
  streamsPerToken: 32,
  requestMs: 30_000,
  uploadMs: 600_000,
  headersMs: 10_000,
  connections: 2048,
  wrongTokensPerMinute: 20,
  closingMs: 5_000,
};
