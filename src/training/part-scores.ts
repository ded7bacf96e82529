/** What a part's paths are scored by beside the sums of a pass: registered metrics and the remaining useful life. */
import type { CellTables, DatasetMetadata, Metrics, Split } from "../core/index.js";
import { inOneLine, MlbenchError, placeInWords, UsageError, userPlace } from "../core/index.js";
import { endOfLifeCycles, RulScore } from "../datasets/index.js";
import type { AgedWindows } from "../datasets/index.js";
import { metrics as registry } from "../metrics/index.js";
import type { Metric, ScoredPart } from "../metrics/index.js";

/** A part without what a model predicts on it. */
type Truth = Omit<ScoredPart, "predicted">;

/** The data that a part belongs to. */
export interface PartData {
  readonly tables: CellTables;
  readonly metadata: Pick<DatasetMetadata, "horizon" | "eol">;
}

/** Windows a gathered batch: all at once would hold the inputs of the whole part. */
const BATCH = 256;

/** A part's windows, gathered from its batches. */
function truthOf(split: Split, { tables, metadata: { horizon, eol } }: PartData): Truth {
  const { windows } = split;
  const truth = new Float32Array(windows * horizon);
  const lastSoh = new Float32Array(windows);
  const cell = new Int32Array(windows);
  const cycles = new Int32Array(windows * horizon);
  const tEval = Float32Array.from({ length: horizon }, (_, h) => h + 1);
  let at = 0;
  for (const batch of split.loader({ batchSize: BATCH }).epoch()) {
    truth.set(batch.target, at * horizon);
    lastSoh.set(batch.lastSoh, at);
    cell.set(batch.cell, at);
    for (let b = 0; b < batch.size; b++) {
      const last = batch.cycles[(b + 1) * batch.window - 1] as number;
      for (let h = 0; h < horizon; h++) cycles[(at + b) * horizon + h] = last + h + 1;
    }
    at += batch.size;
  }
  const endOfLife = endOfLifeCycles(tables, eol);
  const cells = tables.cells.map((table) => table.cell);
  return { part: split.name, windows, horizon, truth, lastSoh, tEval, cycles, cell, cells, eol, endOfLife };
}

/** Scores a part's predicted paths, one pass after another; the truth is gathered once. */
export class PartScores {
  /** [N,H], to be filled with the predicted paths; null where nothing needs them. */
  readonly paths: Float32Array | null;
  readonly #truth: Truth;
  /** Its windows as the remaining useful life is scored by. */
  readonly #windows: AgedWindows;
  readonly #metrics: readonly (readonly [name: string, metric: Metric])[];
  /** Whether any window sees an end of life. */
  readonly #endsLife: boolean;

  private constructor(truth: Truth, metrics: readonly (readonly [string, Metric])[]) {
    const { windows: size, horizon, cell, cycles } = truth;
    const last = new Int32Array(size);
    for (let n = 0; n < size; n++) last[n] = (cycles[n * horizon] as number) - 1;
    this.#truth = truth;
    this.#windows = { size, window: 1, horizon, cell, cycles: last };
    this.#metrics = metrics;
    this.#endsLife = (this.rul(truth.truth)["rul_windows"] as number) > 0;
    this.paths = metrics.length > 0 || this.#endsLife ? new Float32Array(truth.truth.length) : null;
  }

  /**
   * @param names of the registered metrics to score. @default all
   * @throws UsageError `unknown-metric`, `invalid-option` for what is no list.
   */
  static async create(split: Split, data: PartData, names: readonly string[] = registry.names()): Promise<PartScores> {
    const given: unknown = names;
    if (!Array.isArray(given))
      throw new UsageError("invalid-option", `metrics: expected a list of names, got a ${typeof names}`);
    const loaded = names.map(async (name) => [name, await registry.get(name).load()] as const);
    return new PartScores(truthOf(split, data), await Promise.all(loaded));
  }

  /**
   * The remaining useful life, where a window sees an end, and every metric that has something to score.
   * @param own the model's own metrics, whose names are taken
   * @throws UsageError `invalid-metric`, `metric-failed`, and whatever a metric throws.
   */
  metrics(own: Metrics): Metrics {
    const { paths } = this;
    if (paths === null) return {};
    const scores: Record<string, number> = {};
    if (this.#endsLife) {
      const { rul_censored_cells: _facts, ...errors } = this.rul(paths);
      Object.assign(scores, errors);
    }
    for (const [name, metric] of this.#metrics) {
      if (Object.hasOwn(own, name))
        throw new UsageError(
          "invalid-metric",
          `the model's own metric "${name}" has the name of a registered one: rename one of them`,
        );
      const score = scoreOf(name, metric, this.#scored(paths));
      if (score !== null) scores[name] = score;
    }
    return scores;
  }

  /** Errors of the remaining useful life that paths imply; counts alone where no window sees its end. */
  rul(paths: Float32Array): Metrics {
    const { endOfLife, eol } = this.#truth;
    const score = new RulScore(endOfLife, eol);
    score.add(this.#windows, paths);
    return score.metrics();
  }

  /** Copies: what one metric does to them must not reach the next one, or the next epoch. */
  #scored(paths: Float32Array): ScoredPart {
    const { truth, lastSoh, tEval, cycles, cell, cells, endOfLife, ...facts } = this.#truth;
    return {
      ...{ ...facts, predicted: paths.slice(), truth: truth.slice(), lastSoh: lastSoh.slice(), tEval: tEval.slice() },
      ...{ cycles: cycles.slice(), cell: cell.slice(), cells: [...cells], endOfLife: [...endOfLife] },
    };
  }
}

/** A metric's number; null where it has nothing to score. */
function scoreOf(name: string, metric: Metric, part: ScoredPart): number | null {
  let score: unknown;
  try {
    score = metric(part);
  } catch (error) {
    // Who throws one of ours, or names the failure's class, has said what is wrong.
    if (error instanceof MlbenchError || (error instanceof Error && "failureClass" in error)) throw error;
    const place = userPlace(error);
    const where = place ? ` (${placeInWords(place)})` : "";
    throw new UsageError("metric-failed", `metric "${name}"${where}: ${inOneLine(error)}`, { cause: error });
  }
  if (score === undefined || score === null) return null;
  if (typeof score === "number") return score;
  if (score instanceof Promise) score.catch(() => undefined);
  const what = score instanceof Promise ? "a promise" : `a ${typeof score}`;
  throw new UsageError(
    "metric-failed",
    `metric "${name}" returned ${what}: expected a number, or null for nothing to score`,
  );
}
