/** Trials as rows of numbers in the order of a space. */
import type { Distribution, FloatDistribution, Params, ParamValue, SearchSpace, Trial } from "../../core/index.js";
import { contains, isActive, isFinished, stringifyJson } from "../../core/index.js";
import { drawOrder } from "../../search-space/parents-first.js";

/** A space laid out once: its parameters in the order in which they are drawn. */
export interface SpaceEncoding {
  readonly names: readonly string[];
  readonly distributions: readonly Distribution[];
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

interface EncodingWithMemory extends SpaceEncoding {
  /** The continuous ranges by place: the check that a first ask over a long history makes most often. */
  readonly continuous: readonly (FloatDistribution | null)[];
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
  const continuous = distributions.map((d) => (d.type === "float" && d.step === null ? d : null));
  const conditional = distributions.some((d) => d.when);
  return { names, distributions, conditional, continuous, trials: [], observations: [] };
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

function encodeParams(encoding: EncodingWithMemory, params: Params): Encoded | null {
  const { names, distributions, conditional, continuous } = encoding;
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
    const range = continuous[i];
    if (range) {
      if (!((value as number) >= range.low && (value as number) <= range.high) || typeof value !== "number")
        return null;
      encoded[i] = value;
    } else if (Number.isNaN((encoded[i] = encodeValue(distributions[i] as Distribution, value)))) return null;
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
