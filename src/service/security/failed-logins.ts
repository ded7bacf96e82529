/** Wrong tokens, counted by the address that they come from. */
import { ServiceError } from "../problem.js";

const WINDOW_MS = 60_000;
/** Addresses that are remembered at once; the oldest go first. */
const ADDRESSES = 10_000;

/** A window of counts. Right tokens are always taken: with 256 bits nobody guesses one. */
export class FailedLogins {
  readonly #byAddress = new Map<string, { count: number; until: number }>();

  /** Wrong tokens since the start. */
  total = 0;

  constructor(
    /** Wrong tokens of one address in a minute. */
    readonly limit: number,
    readonly now: () => number = () => performance.now(),
  ) {}

  /** @throws ServiceError `too-many-failures` (429) once there were too many */
  add(address: string): void {
    this.total++;
    const now = this.now();
    const key = network(address);
    const found = this.#byAddress.get(key);
    const entry = found && found.until > now ? found : { count: 0, until: now + WINDOW_MS };
    entry.count++;
    this.#byAddress.delete(key);
    this.#byAddress.set(key, entry);
    if (this.#byAddress.size > ADDRESSES) {
      const [oldest] = this.#byAddress.keys();
      if (oldest !== undefined) this.#byAddress.delete(oldest);
    }
    if (entry.count <= this.limit) return;
    const seconds = Math.max(1, Math.ceil((entry.until - now) / 1000));
    throw new ServiceError("too-many-failures", 429, `too many wrong tokens: wait ${seconds} s`, {
      headers: { "retry-after": String(seconds) },
    });
  }
}

/** Whoever has one IPv6 address has the rest of its /64. */
function network(address: string): string {
  return address.includes(":") && !address.includes(".") ? address.split(":").slice(0, 4).join(":") : address;
}
