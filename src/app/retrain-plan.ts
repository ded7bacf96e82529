/** How both sides of a retraining are trained: as the study's trials were, or, after folds, on all cells that none of them was the test of. */
import type { ConfigValue, RunConfig, StudyHeader, StudyState, Trial } from "../core/index.js";
import { canonicalJson, valueOfEpochs } from "../core/index.js";
import type { StudyObjective } from "../core/index.js";
import { run, scoreTrial } from "../training/index.js";
import type { ConfigOfTrial } from "./optimize-study.js";
import { defaultTrial } from "./default-trial.js";

/** One side. */
export interface RetrainedSide {
  readonly config: RunConfig;
  /** It is trained for so many epochs, without a validation part; null: all epochs, the best of them on the validation part. */
  readonly epochs: number | null;
}

export interface RetrainPlan {
  readonly winner: RetrainedSide;
  readonly defaults: RetrainedSide;
}

/** Whether a study's trials are cross-validated over folds. */
export function hasFolds({ settings }: Pick<StudyHeader, "settings">): boolean {
  return (settings.folds ?? null) !== null;
}

/** A run over folds as one on all that they were cut from: what is set aside for the test stays aside. */
function onAll({ folds: _folds, seeds: _seeds, params = {}, ...config }: RunConfig): RunConfig {
  const kept = Object.entries(params).filter(([name]) => !["data.val_cells", "data.val_split"].includes(name));
  const all: Record<string, ConfigValue> = { ...Object.fromEntries(kept), "data.val_part": "empty" };
  return { ...config, params: all };
}

/** The epoch that a trial's value was taken from: the best one of the mean curve. */
function chosenEpoch({ settings, objectives }: StudyHeader, { metrics, intermediate }: Trial): number | undefined {
  if (settings.trial_value === "last") return metrics.last?.["epoch"];
  if (settings.trial_value === "best" || settings.prune_by) return metrics.best?.["epoch"];
  const [{ direction }] = objectives as readonly [StudyObjective];
  const values = intermediate.map(([, value]) => value);
  const chosen = valueOfEpochs(values, settings.trial_value, direction);
  return chosen ? intermediate[chosen.index]?.[0] : undefined;
}

/** Where the study has not tried the defaults, their folds are trained once, for the number of epochs alone. */
async function epochsOf(config: RunConfig, { objectives, settings, seed }: StudyHeader, signal?: AbortSignal) {
  const result = await run({ ...config, seed }, { baselines: false, ...(signal ? { signal } : {}) });
  signal?.throwIfAborted();
  const figures = { ...{ seconds: 0, parameters: 0, epochs: result.epoch }, inference_us: NaN };
  const judged = { objectives, constraints: [], trialValue: settings.trial_value };
  const scores = scoreTrial(result.history, figures, judged);
  const chosen = settings.trial_value === "last" ? scores?.metrics.last : scores?.metrics.best;
  return chosen?.["epoch"] ?? result.epoch;
}

function sameParams(a: Trial["params"], b: Trial["params"]): boolean {
  return canonicalJson(a) === canonicalJson(b);
}

/**
 * The winner and the defaults as they are to be trained, by the header as it was for the winner. After folds each side's number of epochs is that of its own mean
 * curve's best one: no number is chosen on what it is scored on.
 */
export async function retrainPlan(
  { header, trials }: Pick<StudyState, "header" | "trials">,
  winner: Trial,
  { configOf, signal }: { readonly configOf: ConfigOfTrial; readonly signal?: AbortSignal | undefined },
): Promise<RetrainPlan> {
  const params = defaultTrial(header.task, header.space);
  const sides = { winner: configOf(winner), defaults: configOf({ params }) };
  if (!hasFolds(header)) return { winner: withoutParts(sides.winner), defaults: withoutParts(sides.defaults) };
  const tried = trials.find(
    (trial) =>
      trial.state === "complete" && trial.space_version === winner.space_version && sameParams(trial.params, params),
  );
  const known = tried && chosenEpoch(header, tried);
  return {
    winner: { config: onAll(sides.winner), epochs: chosenEpoch(header, winner) ?? null },
    defaults: { config: onAll(sides.defaults), epochs: known ?? (await epochsOf(sides.defaults, header, signal)) },
  };
}

/** Under fresh seeds of its own a side needs no others. */
function withoutParts({ seeds: _seeds, ...config }: RunConfig): RetrainedSide {
  return { config, epochs: null };
}
