/** Halton's quasi-random sequence as a sampler, for programs and as a plug-in. */
import { buildParams, UsageError, valueAtQuantile } from "mlbench-hpo";
import type { History, Params, PluginApi, Sampler, SearchSpace } from "mlbench-hpo";

const primes = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53] as const;

/** The digits of `index` in a base, mirrored at the point: 6 is 110 in base 2, and becomes 0.011 = 0.375. */
export function radicalInverse(index: number, base: number): number {
  let value = 0;
  for (let left = index, digit = 1 / base; left > 0; left = Math.floor(left / base), digit /= base)
    value += (left % base) * digit;
  return value;
}

/** How a sequence is taken. */
export interface HaltonOptions {
  /** Points of the sequence left out. @default 0 */
  readonly skip?: number;
}

/** Covers a space more evenly than random points do (J. H. Halton, Numerische Mathematik 2, 1960). */
export class HaltonSampler implements Sampler {
  readonly name = "halton";
  readonly objectives = "several";
  readonly skip: number;

  constructor({ skip = 0 }: HaltonOptions = {}) {
    this.skip = skip;
  }

  /** @throws UsageError `space-too-wide`. */
  suggest(space: SearchSpace, history: History): Params {
    const names = Object.keys(space);
    if (names.length > primes.length)
      throw new UsageError("space-too-wide", `halton: ${names.length} parameters; expected at most ${primes.length}`);
    const index = 1 + this.skip + history.trials.length;
    return buildParams(space, (name, distribution) => {
      const base = primes[names.indexOf(name)] ?? 2;
      return valueAtQuantile(distribution, radicalInverse(index, base));
    });
  }
}

/** The plug-in: `create-study --plugin mlbench-hpo-halton --sampler halton`. */
export default function register({ samplers, parameter, z }: PluginApi): void {
  const skip = parameter(z.number().int().min(0).default(0), { description: "points of the sequence left out" });
  samplers.register("halton", { summary: "Halton's quasi-random sequence", parameters: z.strictObject({ skip }) })(
    (options) => new HaltonSampler({ skip: Number(options["skip"]) }),
  );
}
