/** A study's runs of CMA-ES, replayed from its records. */
import type { Direction, Trial } from "../../core/index.js";
import { isFinished } from "../../core/index.js";
import type { Dimension } from "./dimensions.js";
import { unitPoint } from "./dimensions.js";
import type { Start } from "./evolution.js";
import { compareRanks, rankOf } from "./ranking.js";
import type { Member, RunRule } from "./run.js";
import { Runs } from "./run.js";
import { promisingStart } from "./warm-start.js";

export interface ReplayRule extends RunRule {
  /** How many trials with something to compare come before the first generation. */
  readonly nStartupTrials: number;
  readonly sigma0: number;
  /** Trials below this number come from elsewhere: the first run starts from the best of them. */
  readonly warmStart: number;
}

/** A history's finished trials in the order in which they ended; by number where that is not known. */
export function inFinishOrder(trials: readonly Trial[]): Trial[] {
  const ordered: Trial[] = [];
  let sorted = true;
  let last = -Infinity;
  for (const trial of trials) {
    if (!isFinished(trial)) continue;
    const place = placeOf(trial);
    if (place < last) sorted = false;
    last = place;
    ordered.push(trial);
  }
  return sorted ? ordered : ordered.sort((a, b) => placeOf(a) - placeOf(b) || a.number - b.number);
}

function placeOf({ finish_index, number }: Trial): number {
  return finish_index ?? number;
}

/** What the finished trials of one space and direction come to, taken in one after another. */
export class Replay {
  readonly #dimensions: readonly Dimension[];
  readonly #direction: Direction;
  readonly #rule: ReplayRule;
  readonly #taken: Trial[] = [];
  #allFrozen = true;
  /** Trials from before the first generation. */
  readonly #first: Member[] = [];
  #runs: Runs | null = null;
  /** What would begin now, where trials of another origin may still come before it. */
  #early: Runs | null = null;

  constructor(dimensions: readonly Dimension[], direction: Direction, rule: ReplayRule) {
    this.#dimensions = dimensions;
    this.#direction = direction;
    this.#rule = rule;
  }

  /** The runs so far; null while the first trials are drawn. */
  get runs(): Runs | null {
    return this.#runs ?? this.#early;
  }

  /** Whether what was taken in is how `ordered` begins: frozen records stay what they are. */
  continues(ordered: readonly Trial[]): boolean {
    const taken = this.#taken;
    if (!this.#allFrozen || taken.length > ordered.length) return false;
    for (let i = 0; i < taken.length; i++) if (taken[i] !== ordered[i]) return false;
    return true;
  }

  /** Takes in what `ordered` has beyond what was taken. */
  advance(ordered: readonly Trial[]): void {
    for (let i = this.#taken.length; i < ordered.length; i++) this.#take(ordered[i] as Trial);
    if (this.#first.length < this.#rule.nStartupTrials || this.#runs) return;
    // Not for good: one that is finished by the next ask still counts among the first, as where nobody asks before it.
    this.#early ??= this.#begin();
  }

  #take(trial: Trial): void {
    const { nStartupTrials, warmStart } = this.#rule;
    this.#taken.push(trial);
    if (!Object.isFrozen(trial)) this.#allFrozen = false;
    const rank = rankOf(trial, this.#direction);
    const point = rank && unitPoint(this.#dimensions, trial.params);
    if (!point) return;
    const member: Member = { point, rank };
    if (!this.#runs && (trial.number < warmStart || this.#first.length < nStartupTrials)) {
      this.#first.push(member);
      this.#early = null;
    } else (this.#runs ??= this.#early ?? this.#begin()).take(member);
  }

  #begin(): Runs {
    return new Runs(this.#dimensions, this.#rule, this.#start());
  }

  #start(): Start {
    const { sigma0, warmStart } = this.#rule;
    const ranked = [...this.#first].sort((a, b) => compareRanks(a.rank, b.rank)).map(({ point }) => point);
    if (warmStart > 0 && ranked.length > 0) return promisingStart(ranked);
    const mean = ranked.length > 0 ? recombined(ranked) : this.#dimensions.map(() => 0.5);
    return { mean, sigma: sigma0 };
  }
}

/** The better half's mean, weighted by rank as a generation's (eq. 49 of Hansen's tutorial). */
function recombined(ranked: readonly Float64Array[]): Float64Array {
  const mu = Math.max(1, Math.floor(ranked.length / 2));
  const weights = ranked.slice(0, mu).map((_, k) => Math.log(mu + 0.5) - Math.log(k + 1));
  const total = weights.reduce((a, b) => a + b, 0);
  const mean = new Float64Array((ranked[0] as Float64Array).length);
  weights.forEach((weight, k) => {
    for (let i = 0; i < mean.length; i++)
      mean[i] = (mean[i] as number) + (weight / total) * ((ranked[k] as Float64Array)[i] as number);
  });
  return mean;
}
