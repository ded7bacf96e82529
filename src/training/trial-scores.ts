/** A trial's values, metrics and constraints, out of its epochs and of the whole run. */
import type { EpochEvent, Metrics, StudyObjective, TrialPart, TrialValueRule } from "../core/index.js";
import { constraintValues, isBetter, MlbenchError, SMOOTHING_EPOCHS, valueOfEpochs } from "../core/index.js";
import type { PartResult } from "./run-types.js";

/** What is known of a run besides its epochs, so far or at its end; the names are those of metrics. */
export interface RunFigures {
  /** Of all epochs. */
  readonly seconds: number;
  readonly parameters: number;
  readonly epochs: number;
  /** NaN where it was not measured. */
  readonly inference_us: number;
}

/** What a trial is judged by. */
export interface Judgement {
  readonly objectives: readonly StudyObjective[];
  /** `parameters<=50000` */
  readonly constraints: readonly string[];
  readonly trialValue: TrialValueRule;
}

/** What the epochs of a trial come to. */
export interface TrialScores {
  /** One an objective. */
  readonly values: readonly number[];
  readonly constraints: Readonly<Record<string, number>>;
  /** Of the first objective's best epoch, and of the last one, with `parameters` and `epochs` of the run; without what depends on the clock. */
  readonly metrics: { readonly best: Metrics; readonly last: Metrics };
  /** Of each part at the same epoch; null for a run that trained once. */
  readonly parts: readonly TrialPart[] | null;
  /** See {@link spreadOf}; null for a run that trained once. */
  readonly spread: number | null;
}

/** Every number of an epoch under its name, the model's own included; `epoch_seconds` is how long it took. */
export function epochNumbers(event: EpochEvent): Metrics {
  const numbers: Record<string, number> = {};
  for (const [name, value] of Object.entries(event)) if (typeof value === "number") numbers[name] = value;
  const { seconds, ...others } = numbers;
  return { ...others, epoch_seconds: seconds as number };
}

/** @throws MlbenchError `metric-missing` for a metric that could not be scored. */
export function requireMetric(metrics: Metrics, metric: string): number {
  const value = metrics[metric];
  if (value !== undefined) return value;
  const why = metric.startsWith("val_rul_")
    ? ": none of them sees its cell's end of life (data.eol) within data.horizon"
    : "";
  throw new MlbenchError(
    "metric-missing",
    `epoch ${metrics["epoch"]} has no "${metric}": it cannot be scored on these windows${why}`,
  );
}

/**
 * What a trial comes to. The epoch is chosen by the first objective under the trial-value rule; where several epochs
 * are equal in it, as they are in the number of parameters, by the further objectives in their order, and then it is
 * the one whose weights are kept. What belongs to the whole run is that of the whole run, whichever epoch is chosen.
 * @returns null without an epoch
 * @throws MlbenchError `metric-missing` for an objective that could not be scored
 */
export function scoreTrial(
  history: readonly EpochEvent[],
  run: RunFigures,
  { objectives, constraints, trialValue }: Judgement,
  parts: readonly PartResult[] | null = null,
): TrialScores | null {
  const epochs: readonly Metrics[] = history.map((event) => ({ ...epochNumbers(event), ...run }));
  const [first, ...others] = objectives as readonly [StudyObjective, ...StudyObjective[]];
  const values = epochs.map((metrics) => requireMetric(metrics, first.metric));
  const ranks = [...others, { metric: "val_rmse", direction: "minimize" } as const];
  const preferred = (later: number, earlier: number): boolean => {
    for (const { metric, direction } of ranks) {
      const [a, b] = [later, earlier].map((i) => epochs[i]?.[metric] ?? NaN) as [number, number];
      if (isBetter(a, b, direction)) return true;
      if (isBetter(b, a, direction)) return false;
    }
    return false;
  };
  const best = valueOfEpochs(values, "best", first.direction, preferred);
  const chosen = valueOfEpochs(values, trialValue, first.direction, preferred);
  if (!best || !chosen) return null;
  const metrics = epochs[chosen.index] as Metrics;
  const scored = parts && parts.map((part) => partScores(part, run, { objectives, trialValue }, chosen.index));
  return {
    values: [chosen.value, ...others.map(({ metric }) => requireMetric(metrics, metric))],
    constraints: constraintValues(constraints, metrics),
    metrics: {
      best: recorded(history[best.index] as EpochEvent, run),
      last: recorded(history.at(-1) as EpochEvent, run),
    },
    parts: scored,
    spread: scored && spreadOf(scored.map(({ values: [value = NaN] }) => value)),
  };
}

/** A part's values at the epoch that was chosen for all; what belongs to the whole run is the part's own share. */
function partScores(
  { fold, block, seed, history }: PartResult,
  run: RunFigures,
  { objectives, trialValue }: Pick<Judgement, "objectives" | "trialValue">,
  index: number,
): TrialPart {
  const own = { ...run, seconds: secondsOf(history) };
  const at = (epoch: number, metric: string): number => numbersOfPart(history[epoch] as EpochEvent, own)[metric] ?? NaN;
  const from = trialValue === "best-smoothed" ? Math.max(0, index + 1 - SMOOTHING_EPOCHS) : index;
  const values = objectives.map(({ metric }, i) => {
    // Only the first objective's value is smoothed.
    const first = i === 0 ? from : index;
    let sum = 0;
    for (let epoch = first; epoch <= index; epoch++) sum += at(epoch, metric);
    return sum / (index + 1 - first);
  });
  return { fold, ...(block === null ? {} : { block }), seed, values };
}

function secondsOf(history: readonly EpochEvent[]): number {
  return history.reduce((sum, { seconds }) => sum + seconds, 0);
}

/** Every number of a part's epoch, those of the run among them. */
export function numbersOfPart(event: EpochEvent, run: Partial<RunFigures>): Metrics {
  const { seed: _part, ...numbers } = epochNumbers(event) as Record<string, number>;
  return { ...numbers, ...run };
}

/**
 * The sample standard deviation (n - 1) of the parts' values, of those that can be scored.
 * @returns null where there are fewer than two
 */
export function spreadOf(values: readonly number[]): number | null {
  const known = values.filter((value) => !Number.isNaN(value));
  if (known.length < 2) return null;
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  return Math.sqrt(known.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (known.length - 1));
}

/** An epoch's and its run's numbers as a record keeps them: those that come out again when the trial is repeated. */
function recorded(event: EpochEvent, { parameters, epochs }: RunFigures): Metrics {
  const { epoch_seconds: _clock, lr: _setting, ...metrics } = epochNumbers(event);
  return { ...metrics, parameters, epochs };
}
