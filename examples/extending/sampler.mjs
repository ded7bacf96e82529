// A quasi-random sampler: the points of Halton's sequence, which cover a space more evenly than random ones do.
// J. H. Halton, Numerische Mathematik 2 (1960).

const primes = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53];

/** The digits of `index` in a base, mirrored at the point: 6 is 110 in base 2, and becomes 0.011 = 0.375. */
export function radicalInverse(index, base) {
  let value = 0;
  for (let left = index, digit = 1 / base; left > 0; left = Math.floor(left / base), digit /= base)
    value += (left % base) * digit;
  return value;
}

export default function register({ samplers, buildParams, valueAtQuantile, parameter, z, UsageError }) {
  class HaltonSampler {
    name = "halton";
    // It looks at no value, so it serves any number of objectives.
    objectives = "several";

    constructor({ skip }) {
      this.skip = skip;
    }

    suggest(space, history) {
      const names = Object.keys(space);
      if (names.length > primes.length)
        throw new UsageError("space-too-wide", `halton: ${names.length} parameters; expected at most ${primes.length}`);
      // Running trials are in the history too: trials asked for in parallel get points of their own.
      const index = 1 + this.skip + history.trials.length;
      const quantile = (name) => radicalInverse(index, primes[names.indexOf(name)]);
      return buildParams(space, (name, distribution) => valueAtQuantile(distribution, quantile(name)));
    }
  }

  const skip = parameter(z.number().int().min(0).default(0), { description: "points of the sequence left out" });
  samplers.register("halton", { summary: "a quasi-random sequence (example)", parameters: z.strictObject({ skip }) })(
    (options) => new HaltonSampler(options),
  );
}
