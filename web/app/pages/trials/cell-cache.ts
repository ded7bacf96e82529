/** The cells of trials that are on the screen or near it, fetched from the columns' thread as they come into view. */
import type { Cell } from "../../columns/column.js";
import type { TrialCells } from "../../columns/study-queries.js";

/** Fetches the cells of some trials. */
export type FetchCells = (numbers: readonly number[]) => Promise<TrialCells>;

interface Kept {
  readonly cells: readonly Cell[] | null;
  readonly revision: number;
}

/** More trials than this are forgotten when others come: no screen shows as many. */
const MOST_KEPT = 3000;

/** One request at a time; what comes into view meanwhile is asked for next. */
export class CellCache {
  readonly #fetch: FetchCells;
  readonly #changed: () => void;
  readonly #kept = new Map<number, Kept>();
  #wanted: readonly number[] = [];
  #revision = 0;
  #isUnderWay = false;

  /** @param changed cells have come */
  constructor(fetch: FetchCells, changed: () => void) {
    this.#fetch = fetch;
    this.#changed = changed;
  }

  /** What is known of a trial, as it is or as it was; undefined: nothing yet. */
  at(number: number): readonly Cell[] | null | undefined {
    return this.#kept.get(number)?.cells;
  }

  /** These are in view. @param revision cells that are older are fetched anew */
  want(numbers: readonly number[], revision: number): void {
    this.#wanted = numbers;
    this.#revision = revision;
    if (!this.#isUnderWay) void this.#go();
  }

  async #go(): Promise<void> {
    const lacking = this.#wanted.filter((number) => {
      const kept = this.#kept.get(number);
      return kept === undefined || kept.revision < this.#revision;
    });
    if (lacking.length === 0) return;
    this.#isUnderWay = true;
    try {
      const { rows, revision } = await this.#fetch(lacking);
      if (this.#kept.size > MOST_KEPT) {
        const near = new Set(this.#wanted);
        for (const number of this.#kept.keys()) if (!near.has(number)) this.#kept.delete(number);
      }
      lacking.forEach((number, i) =>
        this.#kept.set(number, { cells: rows[i] ?? null, revision: Math.max(revision, this.#revision) }),
      );
      this.#changed();
    } catch {
      // The study is gone or the thread went down: the page says so elsewhere.
      return;
    } finally {
      this.#isUnderWay = false;
    }
    void this.#go();
  }
}
