/** Trials as rows of numbers in the order of a space. */
import type { Distribution, Params, ParamValue, SearchSpace, Trial } from "../../core/index.js";
import { contains, isActive, isFinished, stringifyJson } from "../../core/index.js";
import { drawOrder } from "../../search-space/parents-first.js";
import type { UnitDimension } from "../../search-space/unit-interval.js";
import { unitDimension } from "../../search-space/unit-interval.js";

/** A space laid out once: its parameters in the order in which they are drawn. */
export interface SpaceEncoding {
  readonly names: readonly string[];
  readonly distributions: readonly Distribution[];
  readonly dimensions: readonly UnitDimension[];
  /** Whether any parameter has a condition. */
  readonly conditional: boolean;
}

/**
 * One trial's values in the encoding's order: external units, a categorical as the index of its choice, NaN where the
 * parameter is inactive or was never drawn.
 */
export type Encoded = Float64Array;

/** A trial with its values under a encoding. */
export interface Observation {
  readonly trial: Trial;
  readonly values: Encoded;
}

interface Range {
  readonly low: number;
  readonly high: number;
  readonly step: number;
}

interface EncodingWithMemory extends SpaceEncoding {
  /** The ranges by place, of real numbers (step 0) and of integers: a first ask over a long history looks at all values. */
  readonly ranges: readonly (Range | null)[];
  /** The last history's records by place: finished ones stay the same objects, so most lookups end here. */
  readonly trials: Trial[];
  readonly observations: (Observation | null)[];
}

const KEPT_PLANS = 32;

/** The encodings of one sampler. Equal spaces share one, because callers may build the same space anew for every ask. */
export class SpaceEncodings {
  readonly #encodings = new Map<string, EncodingWithMemory>();

  of(space: SearchSpace): SpaceEncoding {
    const key = stringifyJson(Object.entries(space));
    let encoding = this.#encodings.get(key);
    if (!encoding) {
      this.#encodings.set(key, (encoding = layOut(space)));
      if (this.#encodings.size > KEPT_PLANS) this.#encodings.delete(this.#encodings.keys().next().value as string);
    }
    return encoding;
  }
}

function layOut(space: SearchSpace): EncodingWithMemory {
  const names = drawOrder(space);
  const distributions = names.map((n) => space[n] as Distribution);
  const ranges = distributions.map(rangeOf);
  const conditional = distributions.some((d) => d.when);
  const dimensions = distributions.map((d) => unitDimension(d));
  return { names, distributions, dimensions, conditional, ranges, trials: [], observations: [] };
}

/** Null for choices, and for steps that are no integers: there numbers are rounded. */
function rangeOf(d: Distribution): Range | null {
  if (d.type === "categorical" || (d.type === "float" && d.step !== null)) return null;
  return { low: d.low, high: d.high, step: d.step ?? 0 };
}

/**
 * Looks through finished trials that are not known yet for those that have all parameters, in their ranges: most of them,
 * in one loop, which is compiled long before a function would be that is called for each. {@link observationAt} does the
 * rest.
 */
export function lookThrough(encoding: SpaceEncoding, trials: readonly Trial[]): void {
  const memory = encoding as EncodingWithMemory;
  const { names, ranges, distributions, conditional, trials: known, observations } = memory;
  if (conditional) return;
  for (let place = 0; place < trials.length; place++) {
    const trial = trials[place] as Trial;
    if (known[place] === trial) continue;
    const { params } = trial;
    let i = 0;
    for (; i < names.length; i++) {
      const value = params[names[i] as string];
      const range = ranges[i];
      if (range) {
        if (typeof value !== "number" || !(value >= range.low && value <= range.high)) break;
        if (range.step > 0 && (value - range.low) % range.step !== 0) break;
      } else if (value === undefined || Number.isNaN(encodeValue(distributions[i] as Distribution, value))) break;
    }
    if (i < names.length || !Object.isFrozen(trial) || !isFinished(trial)) continue;
    known[place] = trial;
    observations[place] = new EncodedLater(memory, trial);
  }
}

/**
 * The trial at a place of the history with its values, kept for frozen finished trials.
 * @returns null for a trial that doesn't fit: a value outside its range, or some but not all of its active parameters.
 */
export function observationAt(encoding: SpaceEncoding, trials: readonly Trial[], place: number): Observation | null {
  const memory = encoding as EncodingWithMemory;
  const trial = trials[place] as Trial;
  if (memory.trials[place] === trial) return memory.observations[place] as Observation | null;
  const values = encodeParams(memory, trial.params);
  const observation = values && { trial, values };
  if (isFinished(trial) && Object.isFrozen(trial)) {
    memory.trials[place] = trial;
    memory.observations[place] = observation;
  }
  return observation;
}

/** A trial that has all parameters. An ask looks at the values of few: theirs alone are laid out. */
class EncodedLater implements Observation {
  readonly trial: Trial;
  readonly #encoding: EncodingWithMemory;
  #values: Encoded | null = null;

  constructor(encoding: EncodingWithMemory, trial: Trial) {
    this.#encoding = encoding;
    this.trial = trial;
  }

  get values(): Encoded {
    return (this.#values ??= encodeParams(this.#encoding, this.trial.params) as Encoded);
  }
}

function encodeParams({ names, distributions, conditional }: SpaceEncoding, params: Params): Encoded | null {
  const encoded = new Float64Array(names.length);
  const active: Record<string, ParamValue> = {};
  let present = 0;
  let missing = 0;
  for (let i = 0; i < names.length; i++) {
    encoded[i] = NaN;
    if (conditional && !isActive(distributions[i] as Distribution, active)) continue;
    const value = params[names[i] as string];
    if (value === undefined) {
      missing++;
      continue;
    }
    if (Number.isNaN((encoded[i] = encodeValue(distributions[i] as Distribution, value)))) return null;
    present++;
    if (conditional) active[names[i] as string] = value;
  }
  return present > 0 && missing > 0 ? null : encoded;
}

/** External units, or the index of a choice; NaN for a value that the parameter cannot have. */
function encodeValue(distribution: Distribution, value: ParamValue): number {
  if (distribution.type === "categorical") {
    const index = distribution.choices.indexOf(value);
    return index < 0 ? NaN : index;
  }
  return contains(distribution, value) ? (value as number) : NaN;
}

/** An encoded value as the parameter's own. */
export function decodeValue(encoding: SpaceEncoding, index: number, value: number): ParamValue {
  const distribution = encoding.distributions[index] as Distribution;
  return distribution.type === "categorical" ? (distribution.choices[value] as ParamValue) : value;
}
