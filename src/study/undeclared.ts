import type { Distribution, SearchSpace, StudyHeader, Trial } from "../core/index.js";
import { contains, createRng } from "../core/index.js";
import type { History, ParamValue } from "../core/index.js";
import type { StudyComponents } from "./components.js";

/**
 * Which undeclared parameters are drawn together: the coarsest groups of names such that each finished trial has either
 * all names of a group or none (Optuna's group decomposition). Grows with the finished trials.
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

/** One trial's draws of undeclared parameters: a group is drawn when the first of its names is asked for. */
export class UndeclaredDraws {
  readonly #header: StudyHeader;
  readonly #components: StudyComponents;
  readonly #number: number;
  readonly #drawn = new Map<string, ParamValue>();

  constructor(header: StudyHeader, components: StudyComponents, number: number) {
    this.#header = header;
    this.#components = components;
    this.#number = number;
  }

  /** The parameter's value; `history` is that of the moment. */
  draw(name: string, distribution: Distribution, groups: ParameterGroups, history: History): ParamValue {
    if (!this.#drawn.has(name)) this.#drawGroup(groups.spaceOf(name), history);
    const together = this.#drawn.get(name);
    if (together !== undefined && contains(distribution, together)) return together;
    const alone = this.#suggest({ [name]: distribution }, history)[name];
    return alone ?? this.#components.drawUniform(distribution, this.#rng(name));
  }

  #drawGroup(space: SearchSpace | null, history: History): void {
    if (!space) return;
    for (const [name, value] of Object.entries(this.#suggest(space, history))) this.#drawn.set(name, value);
  }

  #suggest(space: SearchSpace, history: History): Readonly<Record<string, ParamValue>> {
    const { sampler } = this.#components;
    return sampler.suggest(space, history, this.#rng(Object.keys(space).join("\n"))) ?? {};
  }

  /** A stream for each group, so that the order of asking changes no other group's values. */
  #rng(path: string): () => number {
    return createRng(this.#components.sampler.seed ?? this.#header.seed, this.#number, "sampler", path);
  }
}
