/** The answers that go on: counted, limited, and ended when their token is or the service closes. */
import type { ServerResponse } from "node:http";
import { ServiceError } from "../problem.js";
import type { Identity } from "./scopes.js";

export interface StreamLimits {
  readonly inAll: number;
  /** Of one token. */
  readonly each: number;
}

interface OpenStream {
  readonly identity: Identity | null;
  readonly response: ServerResponse;
}

export class Streams {
  readonly #open = new Set<OpenStream>();

  readonly #known = new WeakSet<ServerResponse>();

  constructor(readonly limits: StreamLimits) {}

  get size(): number {
    return this.#open.size;
  }

  /** Whether an answer is, or was, one of them. */
  knows(response: ServerResponse): boolean {
    return this.#known.has(response);
  }

  /**
   * Counts an answer until its connection is closed.
   * @throws ServiceError `too-many-streams`
   */
  add(identity: Identity | null, response: ServerResponse): void {
    const own = [...this.#open].filter((stream) => stream.identity?.id === identity?.id).length;
    if (this.#open.size >= this.limits.inAll) throw tooMany(`${this.limits.inAll} streams are open`);
    if (own >= this.limits.each) throw tooMany(`${this.limits.each} streams of this token are open`);
    const stream = { identity, response };
    this.#open.add(stream);
    this.#known.add(response);
    response.once("close", () => this.#open.delete(stream));
  }

  /** Ends those that a test picks. */
  end(picks: (identity: Identity | null) => boolean): void {
    for (const { identity, response } of this.#open)
      if (picks(identity)) {
        response.end();
        response.destroy();
      }
  }
}

function tooMany(what: string): ServiceError {
  return new ServiceError("too-many-streams", 429, `${what}: close one, or wait`, { headers: { "retry-after": "5" } });
}
