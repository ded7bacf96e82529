/** The baselines beside a study's best trials: scored on the same windows, once for each choice of the data. */
import { canonicalJson } from "../core/index.js";
import type { FoldBaselines, Params, StudyHeader, Trial } from "../core/index.js";
import { baselines } from "../datasets/baselines/index.js";
import { meanMetrics } from "../training/part-means.js";
import { combinedHash } from "../training/run-parts.js";
import type { PartOfData } from "./parts-of-data.js";
import { trialInSpace } from "../search-space/earlier-spaces.js";
import type { Study } from "../study/study.js";
import { searchedData } from "./views/baselines.js";

/** Scores the baselines in the course of a call of `optimize`, and keeps them with the study. */
export class BaselineKeeper {
  readonly #study: Study;
  readonly #dataOf: (trial: Pick<Trial, "params">) => Promise<readonly PartOfData[]>;
  /** What is known to hold for the data as they are now. */
  readonly #settled = new Map<string, Promise<void>>();

  /** @param dataOf a trial's data, a dataset a fold */
  constructor(study: Study, dataOf: (trial: Pick<Trial, "params">) => Promise<readonly PartOfData[]>) {
    this.#study = study;
    this.#dataOf = dataOf;
  }

  /**
   * Before the first trial: for all trials where nothing of the data is searched, else for the best ones so far.
   * @param data as the parameters' defaults make them
   */
  async start(data: readonly PartOfData[]): Promise<void> {
    const { header, bestTrials } = this.#study;
    if (!searchesData(header)) await this.#settle({}, async () => data);
    else for (const trial of bestTrials) await this.after(trial);
  }

  /** A trial that is none of the best costs nothing, and neither does one whose windows were scored before. */
  async after(trial: Trial): Promise<void> {
    const { header } = this.#study;
    // What does not fit the space any more was scored when it did.
    const told = trialInSpace(header, trial);
    if (!told) return;
    const params = searchedData(header, told.params);
    if (this.#settled.has(canonicalJson(params)) || !this.#isBest(trial)) return;
    await this.#settle(params, () => this.#dataOf(told));
  }

  #isBest(trial: Trial): boolean {
    return this.#study.bestTrials.some(({ number }) => number === trial.number);
  }

  #settle(params: Params, dataOf: () => Promise<readonly PartOfData[]>): Promise<void> {
    const key = canonicalJson(params);
    const settled = this.#settled.get(key) ?? dataOf().then((data) => this.#score(key, params, data));
    this.#settled.set(key, settled);
    return settled;
  }

  async #score(key: string, params: Params, data: readonly PartOfData[]): Promise<void> {
    const dataset_hash = combinedHash(data.map(({ dataset }) => dataset.metadata.hash));
    const kept = this.#study.header.baselines?.find((scored) => canonicalJson(scored.params) === key);
    if (kept?.dataset_hash === dataset_hash) return;
    const scores = data.map(({ dataset }) => baselines(dataset, "val"));
    const folds = data.flatMap(({ part }, i): FoldBaselines[] => {
      if (!part) return [];
      const { fold, block } = part;
      return [{ fold, ...(block === null ? {} : { block }), metrics: scores[i] ?? {} }];
    });
    const metrics = meanMetrics(scores);
    await this.#study.keepBaselines({ params, dataset_hash, metrics, ...(folds.length > 0 ? { folds } : {}) });
  }
}

function searchesData({ space }: StudyHeader): boolean {
  return Object.keys(space).some((name) => name.startsWith("data."));
}
