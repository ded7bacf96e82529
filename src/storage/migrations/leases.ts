/** Leases of files that kept the token itself: only its hash is read. */
import { keptLease } from "../../core/index.js";
import type { Lease } from "../../core/index.js";
import type { Raw } from "./migration.js";

/** A record or event with its lease as it is kept; itself where it is so already, and where it is damaged. */
export function withKeptLease(raw: Raw): Raw {
  const lease = (raw as Raw | null)?.["lease"] as Partial<Lease> | null | undefined;
  return typeof lease?.token === "string" ? { ...raw, lease: keptLease(lease as Lease) } : raw;
}

/** {@link withKeptLease} of whatever an event carries. */
export function eventWithKeptLease(raw: Raw): Raw {
  return raw["type"] === "trial-created" ? { ...raw, trial: withKeptLease(raw["trial"] as Raw) } : withKeptLease(raw);
}
