/** How sure a cross-validated study's win is by its record: a pessimistic bound of each trial, and the winner against the defaults part by part. */
import type { Direction, KnownKeys, StudyState, Trial } from "../core/index.js";
import { canonicalJson, comparableTrials, isBetter, isFeasible, requireKnownKeys, UsageError } from "../core/index.js";
import { trialsInSpace } from "../search-space/earlier-spaces.js";
import type { StudyTarget } from "./address.js";
import { locate } from "./address.js";
import { meanInterval, studentTQuantile } from "./student-t.js";
import type { Interval } from "./student-t.js";
import { loadStudyPlugins } from "./study-plugins.js";
import { winnerOf, winnersOf } from "./winners.js";

/** What the best trial is chosen by: its value, the mean over its parts, or the bound that this mean is unlikely to be worse than. */
export type ChosenBy = "value" | "bound";

/** A trial against the defaults on the same parts, as they stand in the record. */
export interface DefaultsMargin {
  /** The trial of the defaults. */
  readonly trial: number;
  /** Parts that both could score. */
  readonly parts: number;
  /** Of the first objective, paired: trial - defaults, with its 95 % interval (Student's t). */
  readonly difference: Interval;
}

/** A best trial and how sure it is. */
export interface JudgedTrial {
  readonly trial: Trial;
  /** What it was chosen by. */
  readonly by: ChosenBy;
  /**
   * Value plus (minimized) or minus (maximized) t · spread / √n over the n parts that could be scored, t being the 95 %
   * quantile of Student's t with n - 1 degrees of freedom; null where fewer than two could be.
   */
  readonly bound: number | null;
  /** Null where the study has not tried the defaults whole, or they are this trial, or fewer than two parts match. */
  readonly againstDefaults: DefaultsMargin | null;
}

/** What {@link judgeBest} is told. */
export interface JudgeOptions {
  /** @default "value" */
  readonly by?: ChosenBy | undefined;
}

const keys: KnownKeys<JudgeOptions> = { by: true };

/** The first objective of a trial's parts, in their order. */
function partValues({ parts }: Trial): readonly number[] {
  return (parts ?? []).map(({ values }) => values[0] ?? NaN);
}

const directionOf = ({ header }: StudyState): Direction => header.objectives[0]?.direction as Direction;

/** What a trial's mean over its parts is unlikely to be worse than; see {@link JudgedTrial}. */
export async function boundOf(trial: Trial, direction: Direction): Promise<number | null> {
  const value = trial.values?.[0] ?? NaN;
  const n = partValues(trial).filter((part) => !Number.isNaN(part)).length;
  if (trial.spread === null || n < 2 || Number.isNaN(value)) return null;
  const margin = ((await studentTQuantile(0.95, n - 1)) * trial.spread) / Math.sqrt(n);
  return direction === "minimize" ? value + margin : value - margin;
}

/** The complete trial of the defaults, where a study over a model has tried them. */
async function triedDefaults({ header, trials }: StudyState, base: string | null): Promise<Trial | null> {
  if (header.task.dataset === undefined) return null;
  await loadStudyPlugins(header, base);
  const { defaultTrial } = await import("./default-trial.js");
  const params = canonicalJson(defaultTrial(header.task, header.space));
  const tried = trialsInSpace(header, trials).find(
    (trial) => trial.state === "complete" && canonicalJson(trial.params) === params,
  );
  return tried ?? null;
}

/** Parts stand in the same order in all trials of a study. */
async function marginOf(trial: Trial, defaults: Trial | null): Promise<DefaultsMargin | null> {
  if (defaults === null || defaults.number === trial.number) return null;
  const theirs = partValues(defaults);
  const differences = partValues(trial)
    .map((value, i) => value - (theirs[i] ?? NaN))
    .filter((difference) => Number.isFinite(difference));
  if (differences.length < 2) return null;
  return { trial: defaults.number, parts: differences.length, difference: await meanInterval(differences) };
}

async function bestByBound(state: StudyState): Promise<Trial> {
  const direction = directionOf(state);
  let best: { readonly trial: Trial; readonly bound: number } | null = null;
  for (const trial of comparableTrials(state)) {
    if (trial.state !== "complete" || !isFeasible(trial)) continue;
    const bound = await boundOf(trial, direction);
    if (bound !== null && (best === null || isBetter(bound, best.bound, direction))) best = { trial, bound };
  }
  return best?.trial ?? winnerOf(state.header.name, winnersOf(state));
}

/** @throws UsageError `no-parts`, `several-objectives`. */
function requireBounds({ header: { name, objectives, settings } }: StudyState): void {
  if (objectives.length > 1)
    throw new UsageError(
      "several-objectives",
      `study "${name}" has ${objectives.length} objectives: a bound chooses by one alone`,
    );
  if ((settings.folds ?? null) === null && (settings.seeds ?? 1) === 1)
    throw new UsageError(
      "no-parts",
      `study "${name}" trains one model a trial: there is no spread to choose by; ` +
        `a study with --folds or --seeds has one`,
    );
}

/** As {@link judgeBest}, of a study that is read already. @param base where the study's relative paths start */
export async function judged(state: StudyState, base: string | null, by: ChosenBy): Promise<JudgedTrial> {
  if (by === "bound") requireBounds(state);
  const trial = by === "bound" ? await bestByBound(state) : winnerOf(state.header.name, winnersOf(state));
  return judgedTrial(state, base, { trial, by });
}

/** One trial judged, as it was chosen. */
export async function judgedTrial(
  state: StudyState,
  base: string | null,
  { trial, by }: Pick<JudgedTrial, "trial" | "by">,
): Promise<JudgedTrial> {
  const defaults = trial.parts === null ? null : await triedDefaults(state, base);
  const bound = await boundOf(trial, directionOf(state));
  return { trial, by, bound, againstDefaults: await marginOf(trial, defaults) };
}

/**
 * The best trial of a study with one objective, and how sure its win is by the record alone: over the parts (folds and
 * seeds) of its trials. The trial was chosen on these very parts, and folds share training cells, so that both say at
 * most that a win is doubtful, not that it holds on other cells: {@link retrain} compares under fresh seeds.
 * @throws UsageError `no-parts` (by bound, of a study without folds and seeds), `several-objectives`, `several-winners`,
 * `invalid-option`, `unknown-option`; MlbenchError `no-best-trial`, `no-feasible-trial`.
 * @example
 * const { trial, bound, againstDefaults } = await judgeBest({ name: "folded", storage: "studies" }, { by: "bound" });
 */
export async function judgeBest(target: StudyTarget, options: JudgeOptions = {}): Promise<JudgedTrial> {
  requireKnownKeys("judgeBest", options, keys);
  const { by = "value" } = options;
  if (!["value", "bound"].includes(by))
    throw new UsageError("invalid-option", `judgeBest: by: expected "value" or "bound", got ${JSON.stringify(by)}`);
  const { storage, name } = await locate("judgeBest", target);
  return judged(await storage.read(name), storage.baseDirectory(name), by);
}
