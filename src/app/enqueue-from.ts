/** Trials of other studies, queued in this one with the parameters that they had there. */
import type { Distribution, KnownKeys, Params, ParamValue, StudyHeader, StudyState, Trial } from "../core/index.js";
import {
  canonicalJson,
  contains,
  inRank,
  isActive,
  messageOf,
  requireKnownKeys,
  unknownTrial,
  UsageError,
} from "../core/index.js";
import { withForcedParents } from "../search-space/forced-parents.js";
import { checkParams, drawOrder, formatDistribution, pointKey } from "../search-space/index.js";
import type { StudyTarget } from "./address.js";
import { locate } from "./address.js";
import { commandStudy } from "./command-study.js";
import { openStudy } from "./study.js";

/** Which trials of another study, or of the same, are queued. */
export interface EnqueueFromOptions {
  /** The study that they are of. */
  readonly study: StudyTarget;
  /** The number of one trial, in whatever state it is. */
  readonly trial?: number | undefined;
  /**
   * In place of `trial`: so many of its best complete trials that meet its constraints, in its own directions; of several
   * objectives the Pareto front first, then the front of the rest, and so on. @default 10
   */
  readonly top?: number | undefined;
  /** Take the place of the trial's own values; with `trial` only. */
  readonly params?: Params | undefined;
}

const keys: KnownKeys<EnqueueFromOptions> = { study: true, trial: true, top: true, params: true };

/** A trial that was not queued, and why. */
export interface SkippedTrial {
  readonly trial: number;
  readonly reason: string;
}

/** What {@link enqueueFrom} has done. */
export interface EnqueuedFrom {
  /** The waiting records, durable; `user_attrs.enqueued_from` says which trial each repeats. */
  readonly enqueued: readonly Trial[];
  /** Of the best trials those that do not fit, or whose parameters this study has already. */
  readonly skipped: readonly SkippedTrial[];
}

const USUAL_TOP = 10;
/** Queued trials come before everything else: more of them would be a study of their own. */
const MOST_TOP = 1000;

/**
 * Queues trials of another study, or of the same, with the parameters that they had: what this study searches is taken
 * from their own parameters and from what their study had fixed. A parameter that is fixed here at the trial's value is no
 * obstacle; a name that does not exist here, or a value out of range, is: one trial is refused, of several it is skipped.
 * The study may be optimized by another process meanwhile.
 * @throws UsageError `unknown-study`, `unknown-trial`, `does-not-fit`, `nothing-to-enqueue`, `invalid-option`,
 * `unknown-option`.
 * @example
 * const { enqueued, skipped } = await enqueueFrom(
 *   { name: "tuned", storage: "studies" },
 *   { study: { name: "pilot", storage: "studies" }, top: 3 },
 * );
 */
export async function enqueueFrom(target: StudyTarget, options: EnqueueFromOptions): Promise<EnqueuedFrom> {
  requireKnownKeys("enqueueFrom", options, keys);
  checkOptions(options);
  const { storage, name } = await locate("enqueueFrom", target);
  const source = await locate("enqueueFrom: study", options.study);
  const [own, other] = [await storage.read(name), await source.storage.read(source.name)];
  const { chosen, skipped } =
    options.trial === undefined
      ? bestFitting(other, own, options.top ?? USUAL_TOP)
      : { chosen: [oneTrial(other, own, options.trial, options.params ?? {})], skipped: [] };
  const study = await openStudy(storage, name);
  const enqueued: Trial[] = [];
  try {
    for (const { number, params } of chosen) {
      const userAttrs = { enqueued_from: `${source.name}:${number}` };
      enqueued.push(await commandStudy(study, { type: "enqueue", params, userAttrs }));
    }
  } finally {
    await study.close();
  }
  return { enqueued, skipped };
}

function checkOptions({ trial, top, params }: EnqueueFromOptions): void {
  const isCount = (value: number, least: number): boolean => Number.isSafeInteger(value) && value >= least;
  if (trial !== undefined && top !== undefined)
    throw new UsageError("invalid-option", "enqueueFrom: trial names one, top several: give one of them");
  if (trial !== undefined && !isCount(trial, 0))
    throw new UsageError("invalid-option", `enqueueFrom: trial ${String(trial)}: expected a trial's number`);
  if (top !== undefined && !(isCount(top, 1) && top <= MOST_TOP))
    throw new UsageError(
      "invalid-option",
      `enqueueFrom: top ${String(top)}: expected a whole number from 1 to ${MOST_TOP}`,
    );
  if (params !== undefined && trial === undefined)
    throw new UsageError("invalid-option", "enqueueFrom: params change one trial: give its number as trial");
}

/** A trial as it would be queued here. */
interface Chosen {
  readonly number: number;
  readonly params: Params;
}

function oneTrial(other: StudyState, own: StudyState, number: number, changed: Params): Chosen {
  const trial = other.trial(number);
  if (!trial) throw unknownTrial(other.header.name, number, other.size);
  const fitted = fit(trial, other.header, own.header, changed);
  if (typeof fitted !== "string") return { number, params: fitted };
  throw new UsageError(
    "does-not-fit",
    `trial ${number} of "${other.header.name}" does not fit study "${own.header.name}": ${fitted}`,
  );
}

/** The best trials of another study that fit this one and are not in it. */
function bestFitting(other: StudyState, own: StudyState, top: number) {
  const best = inRank(other, top);
  const name = other.header.name;
  if (best.length === 0)
    throw new UsageError(
      "nothing-to-enqueue",
      `study "${name}" has no complete trial that meets its constraints: nothing to enqueue`,
    );
  const { space } = own.header;
  const known = new Map(
    own.trials.map(({ number, params }) => [pointKey(space, params), `trial ${number} of this study`]),
  );
  const chosen: Chosen[] = [];
  const skipped: SkippedTrial[] = [];
  let fitting = 0;
  for (const trial of best) {
    const { number } = trial;
    const params = fit(trial, other.header, own.header, {});
    if (typeof params === "string") {
      skipped.push({ trial: number, reason: params });
      continue;
    }
    fitting += 1;
    const key = pointKey(space, params);
    const same = key === null ? undefined : known.get(key);
    if (same !== undefined) {
      skipped.push({ trial: number, reason: `the same parameters as ${same}` });
      continue;
    }
    if (key !== null) known.set(key, `trial ${number} of "${name}"`);
    chosen.push({ number, params });
  }
  if (fitting === 0) {
    const [{ trial, reason } = { trial: 0, reason: "" }] = skipped;
    throw new UsageError(
      "nothing-to-enqueue",
      `none of the ${best.length} best trials of "${name}" fits study "${own.header.name}": trial ${trial}: ${reason}`,
    );
  }
  return { chosen, skipped };
}

/** What a study's trials have in common, its only model included. */
function fixedOf({ task }: StudyHeader): ReadonlyMap<string, unknown> {
  const model = typeof task.model === "string" ? { model: task.model } : {};
  return new Map(Object.entries({ ...model, ...task.params }));
}

/**
 * The parameters of a trial as a study's space has them.
 * @param changed values in place of the trial's
 * @returns in words why they do not fit
 */
function fit(trial: Trial, theirs: StudyHeader, ours: StudyHeader, changed: Params): Params | string {
  const { space } = ours;
  // Without a declared space every name goes.
  if (Object.keys(space).length === 0) return { ...trial.params, ...changed };
  const fixedHere = fixedOf(ours);
  for (const [name, value] of Object.entries(trial.params)) {
    if (Object.hasOwn(space, name)) continue;
    if (!fixedHere.has(name)) return `${name} is no parameter here (searched: ${Object.keys(space).join(", ")})`;
    const here = fixedHere.get(name);
    if (canonicalJson(here) !== canonicalJson(value))
      return `${name} = ${JSON.stringify(value)}, which is fixed at ${JSON.stringify(here)} here`;
  }
  const fixedThere = fixedOf(theirs);
  const params: Record<string, ParamValue> = {};
  for (const name of drawOrder(space)) {
    const distribution = space[name] as Distribution;
    const value = valueThere(name, trial, fixedThere, changed);
    if (value === undefined || !isActive(distribution, params)) continue;
    if (!Object.hasOwn(changed, name) && !contains(distribution, value))
      return `${name} = ${JSON.stringify(value)} is outside of ${formatDistribution(distribution)}`;
    params[name] = value;
  }
  try {
    checkParams({ ...params, ...changed }, space);
    return withForcedParents({ ...params, ...changed }, space);
  } catch (error) {
    if (error instanceof UsageError) return messageOf(error);
    throw error;
  }
}

function valueThere(
  name: string,
  trial: Trial,
  fixed: ReadonlyMap<string, unknown>,
  changed: Params,
): ParamValue | undefined {
  if (Object.hasOwn(changed, name)) return changed[name];
  if (Object.hasOwn(trial.params, name)) return trial.params[name];
  const value = fixed.get(name);
  return value === undefined || typeof value === "object" ? undefined : (value as ParamValue);
}
