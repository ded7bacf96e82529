/** The values of parameters that an objective suggests without declaring them. */
import type { Distribution, SearchSpace, StudyHeader } from "../core/index.js";
import { contains, createRng, isPromised, UsageError } from "../core/index.js";
import type { History, ParamValue } from "../core/index.js";
import { drawUniform } from "../search-space/draw-uniform.js";
import type { ParameterGroups } from "../search-space/parameter-groups.js";
import type { StudyComponents } from "./components.js";

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
    const alone = this.#suggest({ [name]: distribution }, history);
    // A suggested null is a choice like any other.
    return Object.hasOwn(alone, name) ? (alone[name] as ParamValue) : drawUniform(distribution, this.#rng(name));
  }

  #drawGroup(space: SearchSpace | null, history: History): void {
    if (!space) return;
    for (const [name, value] of Object.entries(this.#suggest(space, history))) this.#drawn.set(name, value);
  }

  #suggest(space: SearchSpace, history: History): Readonly<Record<string, ParamValue>> {
    const { sampler } = this.#components;
    const rng = this.#rng(Object.keys(space).join("\n"));
    if (sampler.suggestAtOnce) return sampler.suggestAtOnce(space, history, rng) ?? {};
    const suggested = sampler.suggest(space, history, rng);
    if (!isPromised(suggested)) return suggested ?? {};
    Promise.resolve(suggested).catch(() => undefined);
    throw new UsageError(
      "undeclared-parameter",
      `sampler "${sampler.name}" is asynchronous: declare the study's space instead of suggesting "${Object.keys(space).join(", ")}"`,
    );
  }

  /** A stream for each group, so that the order of asking changes no other group's values. */
  #rng(path: string): () => number {
    return createRng(this.#components.sampler.seed ?? this.#header.seed, this.#number, "sampler", path);
  }
}
