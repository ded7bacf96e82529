/** The groups of undeclared parameters that are drawn together. */
import type { Distribution, SearchSpace, Trial } from "../core/index.js";

/**
 * The groups of undeclared parameters that are drawn together: the coarsest ones such that each finished trial has
 * either all names of a group or none (Optuna's group decomposition). Grows with the finished trials.
 */
export class ParameterGroups {
  #groups: ReadonlySet<string>[] = [];
  readonly #distributions = new Map<string, Distribution>();
  #taken = 0;

  /** Takes in the trials that were finished since the last call; `finished` is in the order of finishing. */
  update(finished: readonly Trial[]): void {
    for (; this.#taken < finished.length; this.#taken++) {
      const trial = finished[this.#taken] as Trial;
      if (trial.state !== "complete" && trial.state !== "pruned") continue;
      const { distributions } = trial;
      if (!distributions) continue;
      for (const [name, distribution] of Object.entries(distributions)) this.#distributions.set(name, distribution);
      this.#split(new Set(Object.keys(distributions)));
    }
  }

  #split(names: Set<string>): void {
    const next: ReadonlySet<string>[] = [];
    for (const group of this.#groups) {
      const inside = [...group].filter((name) => names.has(name));
      if (inside.length === 0 || inside.length === group.size) next.push(group);
      else next.push(new Set(inside), new Set([...group].filter((name) => !names.has(name))));
      for (const name of inside) names.delete(name);
    }
    if (names.size > 0) next.push(names);
    this.#groups = next;
  }

  /** The space of the group with this name, in the order in which its parameters were first seen; null if it is new. */
  spaceOf(name: string): SearchSpace | null {
    const group = this.#groups.find((candidate) => candidate.has(name));
    if (!group) return null;
    const space: Record<string, Distribution> = {};
    for (const member of group) space[member] = this.#distributions.get(member) as Distribution;
    return space;
  }
}
