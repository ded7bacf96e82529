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

function hashOf(token: string): string {
  // Taken when it is needed: every command loads this file, and starts without it.
  return process.getBuiltinModule("node:crypto").createHash("sha256").update(token).digest("hex");
}
