/** The best trials of another study, taken over into a new one's settings as evidence for its sampler. */
import { createHash } from "node:crypto";
import type { Distribution, KnownKeys, ParamValue, PriorTrial, SearchSpace, Trial } from "../core/index.js";
import { canonicalJson, contains, objectivesInWords, requireKnownKeys, topOfStudy, UsageError } from "../core/index.js";
import type { StudyHeader, StudyObjective, StudyPrior } from "../core/index.js";
import type { StorageAddress } from "./address.js";
import { findStudy, placeInWords } from "./find-study.js";
import type { StorageLocation } from "./storage.js";
import { MOST_PRIOR } from "./study-config.js";

/** Another study, and how many of its best trials are taken over. */
export interface PriorRequest {
  /** The other study's name. */
  readonly name: string;
  /** Where it is. @default the new study's storage */
  readonly storage?: StorageLocation | undefined;
  /** How many of its best trials; of several objectives at most so many of its front. @default 10 */
  readonly top?: number | undefined;
}

const keys: KnownKeys<PriorRequest> = { name: true, storage: true, top: true };

const USUAL_TOP = 10;

/** @throws UsageError `unknown-option`, `invalid-option`. */
export function checkPriorRequest(given: unknown): void {
  if (typeof given === "string") return;
  requireKnownKeys("createStudy: from", given, keys);
  const { name, top = USUAL_TOP } = given as Partial<PriorRequest>;
  if (typeof name !== "string")
    throw new UsageError("invalid-option", "createStudy: from: expected a study's name, or { name, storage?, top? }");
  if (!Number.isInteger(top) || top < 1 || top > MOST_PRIOR)
    throw new UsageError("invalid-option", `top ${String(top)}: expected a whole number from 1 to ${MOST_PRIOR}`);
}

/**
 * What a new study keeps of another.
 * @param usual where the other one is, unless the request says so, and where relative folders start
 * @throws UsageError `unknown-study`, `different-objectives`, `nothing-to-take-over`.
 */
export async function studyPrior(
  given: string | PriorRequest,
  { objectives, space }: Pick<StudyHeader, "objectives" | "space">,
  usual: StorageAddress,
): Promise<StudyPrior> {
  const { name, storage: location = usual.storage, top = USUAL_TOP } = requestOf(given);
  const { storage } = await findStudy(location, name, undefined, usual.directory);
  const state = await storage.read(name);
  requireSameDirections(state.header, objectives);
  const best = topOfStudy(state, top);
  if (best.length === 0) throw nothing(name, "it has no complete trial that meets its constraints");
  const trials = best.flatMap((trial) => fitting(trial, space));
  if (trials.length === 0) throw nothing(name, nothingFits(state.header.space, space, placeInWords(location)));
  const sha256 = createHash("sha256").update(canonicalJson(trials)).digest("hex");
  return { study: name, created_at: state.header.created_at, top, sha256, trials };
}

function requestOf(given: string | PriorRequest): PriorRequest {
  return typeof given === "string" ? { name: given } : given;
}

function nothing(name: string, why: string): UsageError {
  return new UsageError("nothing-to-take-over", `study "${name}" gives nothing to begin from: ${why}`);
}

function nothingFits(theirs: SearchSpace, ours: SearchSpace, place: string): string {
  if (Object.keys(ours).length === 0) return "the new study declares no space";
  const common = Object.keys(ours).filter((name) => Object.hasOwn(theirs, name));
  if (common.length === 0)
    return `no parameter is in both (${Object.keys(ours).join(", ")} here, ${Object.keys(theirs).join(", ") || "none declared"} in ${place})`;
  return `no value of ${common.join(", ")} lies within the new study's ranges`;
}

function requireSameDirections({ name, objectives: theirs }: StudyHeader, ours: readonly StudyObjective[]): void {
  const same = theirs.length === ours.length && theirs.every(({ direction }, i) => direction === ours[i]?.direction);
  if (same) return;
  throw new UsageError(
    "different-objectives",
    `study "${name}" is to ${objectivesInWords(theirs)}, the new one to ${objectivesInWords(ours)}: what is best there is not what is sought here`,
  );
}

/** The part of a trial that is within a space; none where it has nothing in common with it. */
function fitting({ params, values }: Trial, space: SearchSpace): PriorTrial[] {
  const common = Object.entries(params).filter(
    ([name, value]: [string, ParamValue]) => Object.hasOwn(space, name) && contains(space[name] as Distribution, value),
  );
  return common.length === 0 ? [] : [{ params: Object.fromEntries(common), values: values as readonly number[] }];
}
