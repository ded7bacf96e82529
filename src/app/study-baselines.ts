/** The baselines beside a study's best trials: scored on the same windows, once for each choice of the data. */
import { canonicalJson } from "../core/index.js";
import type { Params, StudyHeader, Trial } from "../core/index.js";
import { trialInSpace } from "../search-space/earlier-spaces.js";
import type { Study } from "../study/study.js";
import type { BaselineScores, WantedBaselines } from "./study-work.js";
import { searchedData } from "./views/baselines.js";

/** Scores the baselines on a trial's data. */
export type ScoreBaselines = (trial: Pick<Trial, "params">, wanted: WantedBaselines) => Promise<BaselineScores | null>;

/** Has the baselines scored in the course of a call of `optimize`, and keeps them with the study. */
export class BaselineKeeper {
  readonly #study: Study;
  readonly #score: ScoreBaselines;
  /** What is known to hold for the data as they are now. */
  readonly #settled = new Map<string, Promise<void>>();

  constructor(study: Study, score: ScoreBaselines) {
    this.#study = study;
    this.#score = score;
  }

  /** What is to be scored of the data that all trials have; null where each chooses its own, and once it is done. */
  wantedOfAll(): WantedBaselines | null {
    if (searchesData(this.#study.header) || this.#settled.has(canonicalJson({}))) return null;
    return this.#known({});
  }

  /** Before the first trial: what {@link BaselineKeeper.wantedOfAll} has come to, and what the best trials so far lack. */
  async start(ofAll: BaselineScores | null): Promise<void> {
    const { header, bestTrials } = this.#study;
    if (!searchesData(header)) await this.#settle({}, async () => ofAll);
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
    await this.#settle(params, () => this.#score(told, this.#known(params)));
  }

  #isBest(trial: Trial): boolean {
    return this.#study.bestTrials.some(({ number }) => number === trial.number);
  }

  #known(params: Params): WantedBaselines {
    const key = canonicalJson(params);
    const kept = this.#study.header.baselines?.find((scored) => canonicalJson(scored.params) === key);
    return { known: kept?.dataset_hash ?? null };
  }

  #settle(params: Params, score: () => Promise<BaselineScores | null>): Promise<void> {
    const key = canonicalJson(params);
    const settled = this.#settled.get(key) ?? score().then((scores) => this.#keep(params, scores));
    this.#settled.set(key, settled);
    return settled;
  }

  async #keep(params: Params, scores: BaselineScores | null): Promise<void> {
    if (scores) await this.#study.keepBaselines({ params, ...scores });
  }
}

function searchesData({ space }: StudyHeader): boolean {
  return Object.keys(space).some((name) => name.startsWith("data."));
}
