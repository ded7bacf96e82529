/** The page's sessions: a cookie that says whose token it was traded for, signed, so that they outlive a restart. */
import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";

const DAY_S = 86_400;
/** How long a session lasts from the last time that its cookie was made anew. */
export const SESSION_S = 14 * DAY_S;

interface Session {
  readonly tokenId: string;
  readonly nonce: string;
  /** Seconds since 1970. */
  readonly expires: number;
}

/** Makes and reads session cookies. */
export class Sessions {
  /** Those that were ended here, until they would have expired. */
  readonly #ended = new Map<string, number>();

  /** Each storage's service has its own: browsers send a host's cookies to all of its ports. */
  readonly cookieName: string;

  constructor(readonly key: Buffer) {
    this.cookieName = `mlbench-hpo-${createHash("sha256").update(key).digest("hex").slice(0, 8)}`;
  }

  /** @param secure whether browsers are to send it over TLS alone */
  cookie(tokenId: string, path: string, secure: boolean): string {
    const expires = Math.floor(Date.now() / 1000) + SESSION_S;
    const content = `${tokenId}.${expires}.${randomBytes(12).toString("base64url")}`;
    return this.#header(`${content}.${this.#sign(content)}`, path, secure, SESSION_S);
  }

  /** What takes the cookie back. */
  emptyCookie(path: string, secure: boolean): string {
    return this.#header("", path, secure, 0);
  }

  /** The session of a request's Cookie header; null where there is none that holds. */
  read(cookies: string | undefined): Session | null {
    for (const part of (cookies ?? "").split(";")) {
      const at = part.indexOf("=");
      if (part.slice(0, at).trim() !== this.cookieName) continue;
      const session = this.#parse(part.slice(at + 1).trim());
      if (session) return session;
    }
    return null;
  }

  /** Whether it is time for a new cookie: each is good for two weeks, and made anew once a day. */
  isOld({ expires }: Session): boolean {
    return expires - Date.now() / 1000 < SESSION_S - DAY_S;
  }

  /** The session is over, whoever still has its cookie. */
  end({ nonce, expires }: Session): void {
    const now = Date.now() / 1000;
    for (const [other, until] of this.#ended) if (until < now) this.#ended.delete(other);
    this.#ended.set(nonce, expires);
  }

  #parse(value: string): Session | null {
    const [, content, tokenId, expires, nonce, signature] =
      /^((first|[0-9a-f]{12})\.(\d{1,12})\.([A-Za-z0-9_-]{16}))\.([A-Za-z0-9_-]{43})$/.exec(value) ?? [];
    if (!content || !tokenId || !expires || !nonce || !signature) return null;
    const expected = this.#sign(content);
    if (!timingSafeEqual(Buffer.from(signature), Buffer.from(expected))) return null;
    const session = { tokenId, nonce, expires: Number(expires) };
    return session.expires <= Date.now() / 1000 || this.#ended.has(nonce) ? null : session;
  }

  #sign(content: string): string {
    return createHmac("sha256", this.key).update(`session.${this.cookieName}.${content}`).digest("base64url");
  }

  #header(value: string, path: string, secure: boolean, seconds: number): string {
    const parts = [`${this.cookieName}=${value}`, `Path=${path}`, `Max-Age=${seconds}`, "HttpOnly", "SameSite=Strict"];
    return (secure ? [...parts, "Secure"] : parts).join("; ");
  }
}
