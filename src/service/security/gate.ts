/** Who gets in: every request is held against Host, Origin, token, scope and study before its route sees it. */
import type { FastifyReply, FastifyRequest } from "fastify";
import { ServiceError } from "../problem.js";
import { addressOf } from "./asker.js";
import { hostName } from "./hosts.js";
import type { FailedLogins } from "./failed-logins.js";
import { hasScope, maySee } from "./scopes.js";
import type { Identity, Scope } from "./scopes.js";
import type { Sessions } from "./sessions.js";
import type { TokenStore } from "./tokens.js";

export interface GateOptions {
  readonly hosts: ReadonlySet<string>;
  readonly tokens: TokenStore;
  readonly sessions: Sessions;
  readonly failures: FailedLogins;
  readonly behindProxy: boolean;
}

export class Gate {
  constructor(readonly options: GateOptions) {}

  /** The first thing of all. @throws ServiceError `unknown-host` (421) */
  requireHost(request: FastifyRequest): void {
    const { hosts } = this.options;
    const named = request.raw.rawHeaders.filter((text, i) => i % 2 === 0 && text.toLowerCase() === "host").length;
    // Behind a proxy both names count: who passes the proxy by may say what it likes in the forwarded one.
    for (const host of new Set([request.headers.host ?? request.headers[":authority"], request.host])) {
      const name = hostName(host as string | undefined);
      if (name !== null && hosts.has(name) && named <= 1) continue;
      throw new ServiceError(
        "unknown-host",
        421,
        "this service is not called by that name: --allowed-host NAME at its start adds one",
      );
    }
  }

  /**
   * Nothing from another site's page, however it got here.
   * @param isPage whether the route is the dashboard's page, which may be linked to
   * @throws ServiceError `foreign-origin` (403)
   */
  requireOwnOrigin(request: FastifyRequest, isPage: boolean): void {
    const { origin } = request.headers;
    if (origin !== undefined && !this.#isOwn(origin, request)) throw foreign();
    const site = request.headers["sec-fetch-site"];
    if (site === undefined || site === "same-origin" || site === "none") return;
    if (isPage && request.method === "GET" && request.headers["sec-fetch-mode"] === "navigate") return;
    throw foreign();
  }

  /** Who asks; null where nothing says so. @throws ServiceError `unauthorized` (401) for a token that is nobody's */
  async identify(request: FastifyRequest): Promise<Identity | null> {
    const { authorization } = request.headers;
    const { tokens, sessions, failures } = this.options;
    if (authorization !== undefined) {
      const [, text] = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(authorization) ?? [];
      const found = text === undefined ? null : await readable(tokens.identify(text));
      if (found) return found;
      failures.add(addressOf(request));
      throw unauthorized("the token is not known here, was revoked or has expired");
    }
    const session = sessions.read(request.headers.cookie);
    if (!session) return null;
    const holder = await readable(tokens.holder(session.tokenId));
    return holder ? { ...holder, byCookie: true } : null;
  }

  /** @throws ServiceError `unauthorized`, `forbidden`, `foreign-origin`, `invalid-content-type` */
  requireScope(request: FastifyRequest, scope: Scope): void {
    const { identity } = request;
    if (!identity) throw unauthorized("a token is needed: Authorization: Bearer TOKEN");
    if (!hasScope(identity, scope)) throw new ServiceError("forbidden", 403, `this needs a token of scope ${scope}`);
    const { study } = request.params as { study?: unknown };
    if (typeof study === "string" && !maySee(identity, study))
      throw new ServiceError("forbidden", 403, "this token is for other studies");
    // Else it would make itself a token for all studies.
    if (study === undefined && scope === "admin" && identity.studies !== null)
      throw new ServiceError("forbidden", 403, "this needs a token for all studies");
    if (identity.byCookie) this.requireOwnWrite(request);
  }

  /**
   * What a browser sends by itself with its cookie is no wish of the page's: writes name their origin, and come as no
   * form could send them.
   */
  requireOwnWrite(request: FastifyRequest): void {
    if (request.method === "GET" || request.method === "HEAD") return;
    if (request.headers.origin === undefined && request.headers["sec-fetch-site"] !== "same-origin") throw foreign();
    const type = request.headers["content-type"];
    const hasBody = request.headers["content-length"] !== "0" && (type !== undefined || request.method !== "DELETE");
    if (hasBody && !/^application\/json(?:;|$)/i.test(type?.trim() ?? ""))
      throw new ServiceError("invalid-content-type", 415, "expected Content-Type: application/json");
  }

  /** Whether browsers reach the service by TLS. */
  isSecure(request: FastifyRequest): boolean {
    return request.protocol === "https";
  }

  #isOwn(origin: string, request: FastifyRequest): boolean {
    let url: URL;
    try {
      url = new URL(origin);
      if (url.origin !== origin.toLowerCase()) return false;
    } catch {
      return false;
    }
    const { behindProxy } = this.options;
    const isHttps = url.protocol === "https:";
    if (!isHttps && url.protocol !== "http:") return false;
    // A proxy that does not say how it was reached may have been reached by either.
    const told = !behindProxy || request.headers["x-forwarded-proto"] !== undefined;
    if (told && isHttps !== this.isSecure(request)) return false;
    try {
      return new URL(`${url.protocol}//${request.host}`).host === url.host;
    } catch {
      return false;
    }
  }
}

/** Who has no token yet is not told of files. */
async function readable<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new ServiceError(
      "tokens-unreadable",
      503,
      "the service cannot read its tokens: mlbench-hpo tokens list says why",
      {
        cause: error,
      },
    );
  }
}

function foreign(): ServiceError {
  return new ServiceError("foreign-origin", 403, "requests of other sites' pages are refused");
}

export function unauthorized(detail: string): ServiceError {
  return new ServiceError("unauthorized", 401, detail, {
    headers: { "www-authenticate": 'Bearer realm="mlbench-hpo"' },
  });
}

/** What says of the answer, whatever it is, how a browser is to treat it. */
export function setSecurityHeaders(reply: FastifyReply, secure: boolean): void {
  reply.headers({
    "content-security-policy":
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; " +
      "connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'self'; form-action 'none'; " +
      "frame-ancestors 'none'; object-src 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "x-robots-tag": "noindex",
  });
  if (secure) reply.header("strict-transport-security", "max-age=31536000");
}
