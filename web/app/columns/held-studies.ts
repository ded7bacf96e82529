/** The studies whose columns are held: those that a page has open, and for a while those that are only asked about. */
import type { Columns } from "../api/types.js";
import type { ColumnRequests, Standing } from "./protocol.js";
import { StudyQueries } from "./study-queries.js";

/** A study that is compared is fetched again no sooner than this after the last time. */
const COMPARED_MS = 900;
/** What no page has open is kept so long after it was last asked about. */
const KEPT_MS = 60_000;

/** What is asked of the surroundings; tests have their own. */
export interface HeldParts {
  /** @param since the revision that is there; null: nothing is */
  readonly fetch: (study: string, since: number | null) => Promise<Columns>;
  readonly now: () => number;
}

interface Held {
  readonly queries: StudyQueries;
  isOpen: boolean;
  asked: number;
  fetched: number;
  /** The request for columns under way. */
  underWay: Promise<void> | null;
}

/** Columns by study. */
export class HeldStudies {
  readonly #parts: HeldParts;
  readonly #held = new Map<string, Held>();

  constructor(parts: HeldParts) {
    this.#parts = parts;
  }

  /** The names of those that are held. */
  get names(): string[] {
    return [...this.#held.keys()];
  }

  /** A study's columns as they are; fetched where they are not there, as after the end of the thread before this one. */
  async of(name: string): Promise<StudyQueries> {
    const held = this.#find(name);
    if (!held.queries.isLoaded) await (held.underWay ?? this.#fetch(held));
    return held.queries;
  }

  /** For a page that has the study open: fetches what is lacking. */
  async refresh(name: string): Promise<Standing> {
    const held = this.#find(name);
    held.isOpen = true;
    await this.#refresh(held);
    return standing(held);
  }

  /** For a page that has the study open: takes in rows that changed. */
  async apply(name: string, changes: ColumnRequests["apply"]["changes"]): Promise<Standing> {
    const held = this.#find(name);
    held.isOpen = true;
    // Of a study that is not there the rows that changed are not all of it.
    if (!held.queries.isLoaded) await (held.underWay ?? this.#fetch(held));
    held.queries.apply(changes);
    return standing(held);
  }

  /** A study beside others, hardly older than now. */
  async compared(name: string): Promise<StudyQueries> {
    const held = this.#find(name);
    if (held.underWay) await held.underWay;
    else if (!held.queries.isLoaded || this.#parts.now() - held.fetched > COMPARED_MS) await this.#refresh(held);
    return held.queries;
  }

  /** No page has it open any more. A request under way finds its end, and nothing holds what it brings. */
  close(name: string): void {
    this.#held.delete(name);
  }

  /** Lets go of what no page has open and nobody has asked about for a while; to be called now and then. */
  sweep(): void {
    const oldest = this.#parts.now() - KEPT_MS;
    for (const [name, { isOpen, asked }] of this.#held) if (!isOpen && asked < oldest) this.#held.delete(name);
  }

  #find(name: string): Held {
    let held = this.#held.get(name);
    if (!held) {
      held = { queries: new StudyQueries(name), isOpen: false, asked: 0, fetched: -Infinity, underWay: null };
      this.#held.set(name, held);
    }
    held.asked = this.#parts.now();
    return held;
  }

  /** Fetches what is lacking: whoever comes meanwhile waits for the request under way, and then asks anew. */
  async #refresh(held: Held): Promise<void> {
    await held.underWay?.catch(() => {});
    await (held.underWay ?? this.#fetch(held));
  }

  #fetch(held: Held): Promise<void> {
    held.fetched = this.#parts.now();
    held.underWay = this.#load(held.queries).finally(() => (held.underWay = null));
    return held.underWay;
  }

  async #load(queries: StudyQueries): Promise<void> {
    const { name, isLoaded, store } = queries;
    const { fetch } = this.#parts;
    const columns = isLoaded ? await fetch(name, store.revision) : null;
    // Of another study that was made under the name, what changed since then is not all there is.
    if (columns?.created_at === store.created) queries.load(columns);
    else queries.load({ ...(columns?.reset ? columns : await fetch(name, null)), reset: true });
  }
}

const standing = ({ queries: { store } }: Held): Standing => ({ revision: store.revision, size: store.size });
