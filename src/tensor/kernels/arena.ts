/** The working memory that the programs of one memory share: all that none of them needs beyond its own end. */

/** What the arena lies in. */
interface Blocks {
  allocate(bytes: number): number;
  free(address: number): void;
}

/** Someone whose addresses lie in the arena. */
export interface Tenant {
  /** The arena moves: the addresses are void. */
  evicted(): void;
}

/**
 * One block that all tenants work in, one after another. Networks that take turns, as the parts of a cross-validated run
 * do, then find it in the cache, whose share of each would be gone by its next turn. A tenant runs to its end before
 * another one does, and writes anew what was there before ({@link isTaken}).
 */
export class Arena {
  #address = 0;
  #bytes = 0;
  #last: Tenant | null = null;
  readonly #tenants = new Set<Tenant>();

  constructor(private readonly blocks: Blocks) {}

  /**
   * Where a tenant finds so many bytes. If there are too few, the others are evicted for a larger block: they come back
   * with new addresses.
   * @throws RangeError when the memory can't grow so far
   */
  enter(tenant: Tenant, bytes: number): number {
    if (bytes > this.#bytes) {
      for (const other of [...this.#tenants]) {
        this.leave(other);
        other.evicted();
      }
      this.#address = this.blocks.allocate(bytes);
      this.#bytes = bytes;
    }
    this.#tenants.add(tenant);
    return this.#address;
  }

  /** Without tenants the block is given back. */
  leave(tenant: Tenant): void {
    if (this.#last === tenant) this.#last = null;
    if (!this.#tenants.delete(tenant) || this.#tenants.size > 0) return;
    this.blocks.free(this.#address);
    this.#address = this.#bytes = 0;
  }

  /** Takes the arena for a tenant's turn. True: another one may have had it since, and left anything there. */
  isTaken(tenant: Tenant): boolean {
    if (this.#last === tenant) return false;
    this.#last = tenant;
    return true;
  }
}

/** Hands out blocks one after another, from an address on, as {@link Blocks} aligns them. */
export class Places {
  #end: number;

  constructor(private readonly start: number) {
    this.#end = start;
  }

  get bytes(): number {
    return this.#end - this.start;
  }

  readonly take = (floats: number): number => {
    const at = this.#end;
    this.#end += Math.max(64, Math.ceil((floats * 4) / 64) * 64);
    return at;
  };
}
