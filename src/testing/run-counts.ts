/** Counts of what the runs of a property met, so that a property whose runs mostly say nothing fails. */
import assert from "node:assert/strict";

/** How many of a property's runs met each named case. */
export class RunCounts {
  readonly #counts = new Map<string, number>();

  /** Counts a run in which `met` holds. */
  count(name: string, met = true): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + (met ? 1 : 0));
  }

  /** Fails with the counts of the cases that were met in fewer runs than asked. */
  expectAtLeast(least: Readonly<Record<string, number>>): void {
    const rare = Object.entries(least).flatMap(([name, wanted]) => {
      const found = this.#counts.get(name) ?? 0;
      return found < wanted ? [`${name}: ${found} runs, at least ${wanted} wanted`] : [];
    });
    assert.deepEqual(rare, []);
  }
}
