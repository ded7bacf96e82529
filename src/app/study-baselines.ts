/** The baselines beside a study's best trials: scored on the same windows, once for each choice of the data. */
import { canonicalJson } from "../core/index.js";
import type { Dataset, Metrics, Params, StudyHeader, Trial } from "../core/index.js";
import { baselines } from "../datasets/baselines/index.js";
import type { Study } from "../study/study.js";
import { searchedData } from "./views/baselines.js";

/** Scores the baselines in the course of a call of `optimize`, and keeps them with the study. */
export class BaselineKeeper {
  readonly #study: Study;
  readonly #datasetOf: (trial: Pick<Trial, "params">) => Promise<Dataset>;
  /** What is known to hold for the data as they are now. */
  readonly #settled = new Map<string, Promise<void>>();

  constructor(study: Study, datasetOf: (trial: Pick<Trial, "params">) => Promise<Dataset>) {
    this.#study = study;
    this.#datasetOf = datasetOf;
  }

  /**
   * Before the first trial: for all trials where nothing of the data is searched, else for the best ones so far.
   * @param dataset as the parameters' defaults make it
   */
  async start(dataset: Dataset): Promise<void> {
    const { header, bestTrials } = this.#study;
    if (!searchesData(header)) await this.#settle({}, async () => dataset);
    else for (const trial of bestTrials) await this.after(trial);
  }

  /** A trial that is none of the best costs nothing, and neither does one whose windows were scored before. */
  async after(trial: Trial): Promise<void> {
    const params = searchedData(this.#study.header, trial.params);
    if (this.#settled.has(canonicalJson(params)) || !this.#isBest(trial)) return;
    await this.#settle(params, () => this.#datasetOf(trial));
  }

  #isBest(trial: Trial): boolean {
    return this.#study.bestTrials.some(({ number }) => number === trial.number);
  }

  #settle(params: Params, dataset: () => Promise<Dataset>): Promise<void> {
    const key = canonicalJson(params);
    const settled = this.#settled.get(key) ?? dataset().then((data) => this.#score(key, params, data));
    this.#settled.set(key, settled);
    return settled;
  }

  async #score(key: string, params: Params, dataset: Dataset): Promise<void> {
    const { hash: dataset_hash } = dataset.metadata;
    const kept = this.#study.header.baselines?.find((scored) => canonicalJson(scored.params) === key);
    if (kept?.dataset_hash === dataset_hash) return;
    const metrics: Metrics = baselines(dataset, "val");
    await this.#study.keepBaselines({ params, dataset_hash, metrics });
  }
}

function searchesData({ space }: StudyHeader): boolean {
  return Object.keys(space).some((name) => name.startsWith("data."));
}
