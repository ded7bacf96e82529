/** Which trials of a study's earlier spaces fit the one that it has now, and what they are there. */
import { canonicalJson, contains, isActive } from "../core/index.js";
import type { ConfigValue, Distribution, EarlierSpace, Params, ParamValue } from "../core/index.js";
import type { SearchSpace, StudyHeader, Trial } from "../core/index.js";
import { listOfChoice } from "./list-choice.js";
import { drawOrder } from "./parents-first.js";
import { inSpaceOrder } from "./points.js";

/** What is to be known of a study. */
type Header = Pick<StudyHeader, "space" | "earlier_spaces"> & Partial<Pick<StudyHeader, "task">>;

/** How a trial stands to a study's space: what it is there, or why it is nothing there. */
export type SpaceFit =
  | { readonly fits: true; readonly params: Params }
  | {
      readonly fits: false;
      /** The parameter that keeps it out. */
      readonly name: string;
    };

/** The space, as kept, that a trial was started under; undefined where that is the one of now. */
function earlierOf({ earlier_spaces = [] }: Pick<Header, "earlier_spaces">, trial: Trial): EarlierSpace | undefined {
  return earlier_spaces[trial.space_version ?? 0];
}

/** The space that a trial was drawn from. */
export function spaceOfTrial(header: Pick<Header, "space" | "earlier_spaces">, trial: Trial): SearchSpace {
  return earlierOf(header, trial)?.space ?? header.space;
}

/** A study's header as it was for a trial: with the space that it was drawn from, and what was fixed. */
export function headerOfTrial<H extends Header & Pick<StudyHeader, "task">>(header: H, trial: Trial): H {
  const earlier = earlierOf(header, trial);
  if (!earlier) return header;
  const { space, fixed } = earlier;
  const params = Object.entries(header.task.params ?? {}).filter(([name]) => !Object.hasOwn(space, name));
  return { ...header, space, task: { ...header.task, params: { ...Object.fromEntries(params), ...fixed } } };
}

/** A fixed value as a parameter of that name would have it: a list of features is `soh+capacity`. */
function asChoice(value: ConfigValue | undefined): ParamValue | undefined {
  return Array.isArray(value) ? value.join("+") : (value as ParamValue | undefined);
}

function sameSetting(a: ConfigValue, b: ConfigValue): boolean {
  const [x, y] = [a, b].map((value) => (typeof value === "string" ? [listOfChoice(value)].flat() : [value].flat()));
  return canonicalJson(x ?? null) === canonicalJson(y ?? null);
}

/** One trial, as it was under an earlier space. */
class EarlierTrial {
  readonly #earlier: EarlierSpace;
  readonly #params: Params;

  constructor(earlier: EarlierSpace, { params }: Trial) {
    this.#earlier = earlier;
    this.#params = params;
  }

  /** What it ran with; undefined for what it did not have. */
  setting(name: string): ConfigValue | undefined {
    if (Object.hasOwn(this.#params, name)) return this.#params[name];
    const { space, fixed } = this.#earlier;
    return !Object.hasOwn(space, name) && Object.hasOwn(fixed, name) ? fixed[name] : undefined;
  }

  /** Whether a parameter meant anything to it. */
  uses(name: string, path: readonly string[] = []): boolean {
    if (Object.hasOwn(this.#params, name)) return true;
    const { space, conditions } = this.#earlier;
    if (Object.hasOwn(space, name)) return false;
    const when = Object.hasOwn(conditions, name) ? conditions[name] : undefined;
    return Object.entries(when ?? {}).every(([parent, wanted]) => {
      const value = asChoice(this.setting(parent));
      // A circle of conditions is none that a registry or a space lets through.
      if (value === undefined || path.includes(parent) || !this.uses(parent, [...path, name])) return false;
      return Array.isArray(wanted) ? wanted.includes(value) : wanted === value;
    });
  }
}

/**
 * How a started trial stands to the study's space. One of an earlier space fits where it ran with a value of the space
 * for each parameter that is searched now (one that was fixed then counts with its value of then), and with the value of
 * now for each that is fixed now, as far as those meant anything to it.
 */
export function fitOf(header: Header, trial: Trial): SpaceFit {
  const earlier = earlierOf(header, trial);
  const { space, task } = header;
  if (!earlier || Object.keys(space).length === 0) return { fits: true, params: trial.params };
  const then = new EarlierTrial(earlier, trial);
  const own: Record<string, ParamValue> = {};
  for (const name of drawOrder(space)) {
    const distribution = space[name] as Distribution;
    if (!isActive(distribution, own)) continue;
    const value = asChoice(then.setting(name));
    if (value === undefined || !contains(distribution, value)) return { fits: false, name };
    own[name] = value;
  }
  const fixed = (task?.params ?? {}) as Readonly<Record<string, ConfigValue>>;
  for (const [name, now] of Object.entries(fixed)) {
    const before = then.setting(name);
    if (before !== undefined && !sameSetting(before, now) && then.uses(name)) return { fits: false, name };
  }
  // What it had and what no trial has now, neither searched nor fixed, made it what it was.
  const gone = Object.keys(trial.params).find((name) => !Object.hasOwn(own, name) && !Object.hasOwn(fixed, name));
  return gone === undefined ? { fits: true, params: inSpaceOrder(space, own) } : { fits: false, name: gone };
}

const known = new WeakMap<readonly EarlierSpace[], WeakMap<Trial, Trial | null>>();

function sameParams(a: Params, b: Params): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && a[name] === b[name]);
}

/**
 * A trial as one of the study's space: the record itself where it was drawn from it or waits, one with the parameters
 * that it is told by now where an earlier one fits, and null where it does not.
 */
export function trialInSpace(header: Header, trial: Trial): Trial | null {
  const { earlier_spaces } = header;
  if (!earlier_spaces || trial.state === "waiting" || !earlierOf(header, trial)) return trial;
  let fits = known.get(earlier_spaces);
  if (!fits) known.set(earlier_spaces, (fits = new WeakMap()));
  const before = fits.get(trial);
  if (before !== undefined) return before;
  const fit = fitOf(header, trial);
  const told = !fit.fits
    ? null
    : sameParams(fit.params, trial.params)
      ? trial
      : Object.freeze({ ...trial, params: Object.freeze(fit.params) });
  fits.set(trial, told);
  return told;
}

/** The trials that are of the study's space; see {@link trialInSpace}. The list itself where the space never changed. */
export function trialsInSpace(header: Header, trials: readonly Trial[]): readonly Trial[] {
  if (!header.earlier_spaces) return trials;
  return trials.flatMap((trial) => trialInSpace(header, trial) ?? []);
}
