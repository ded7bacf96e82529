/** Leases on trials: the token for the holder alone, and its hash for everybody else. */

/** A time-limited right to run a trial: whoever holds the token may report and tell, until it ends. */
export interface Lease {
  readonly token: string;
  /** How long it lasts after each sign of life. */
  readonly seconds: number;
}

/** A lease as records keep it: it tells the holder from others, and lets no reader of the record act as the holder. */
export interface KeptLease {
  /** SHA-256 of the token, hex. */
  readonly sha256: string;
  readonly seconds: number;
}

/** The lease as a record keeps it. */
export function keptLease({ token, seconds }: Lease): KeptLease {
  return { sha256: hashOf(token), seconds };
}

/** Whether a token is that of a lease; no token is that of no lease. */
export function isTokenOf(lease: KeptLease | null, token: string | undefined): boolean {
  if (lease === null || token === undefined) return lease === null && token === undefined;
  return typeof token === "string" && lease.sha256 === hashOf(token);
}

/** A request's key as records keep it: no reader of the record can ask with it. */
export function hashOfKey(key: string): string {
  return sha256(key).toString("base64url", 0, 16);
}

/**
 * The token of a trial that was asked for with a key: the same for whoever asks again with it, and for nobody else.
 * @param lifetime names the one lease: study, number, attempt
 */
export function tokenOfKey(key: string, lifetime: string): string {
  const hmac = process.getBuiltinModule("node:crypto").createHmac("sha256", key);
  return hmac.update(lifetime).digest().toString("base64url", 0, 16);
}

function hashOf(token: string): string {
  return sha256(token).toString("hex");
}

function sha256(text: string): Buffer {
  // Taken when it is needed: every command loads this file, and starts without it.
  return process.getBuiltinModule("node:crypto").createHash("sha256").update(text).digest();
}
