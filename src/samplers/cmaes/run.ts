/** CMA-ES over the trials of a study: its generations in the order in which trials ended, and its restarts. */
import type { Rng } from "../../core/index.js";
import { createRng } from "../../core/index.js";
import { looksSmooth } from "./convergence.js";
import type { Dimension } from "./dimensions.js";
import type { Start } from "./evolution.js";
import { Evolution } from "./evolution.js";
import { Margin } from "./margin.js";
import type { Rank } from "./ranking.js";
import { compareRanks } from "./ranking.js";
import { sharedWeights, strategyOf } from "./strategy.js";
import { lengthOf } from "./vectors.js";
import { drawWithinCells } from "./within-cells.js";

/** What follows a run that has converged: one with twice the population (IPOP, Auger & Hansen 2005), or nothing. */
export type Restarts = "ipop" | "none";

export interface RunRule {
  /** Trials a generation of the first run. */
  readonly populationSize: number;
  readonly restarts: Restarts;
  /** Decides where restarts begin. */
  readonly seed: number;
}

/** A trial as CMA-ES sees it. */
export interface Member {
  /** On the unit cube; gridded coordinates at the middle of their cell. */
  readonly point: Float64Array;
  readonly rank: Rank;
  /** Decides where within its cells it counts. */
  readonly rng: Rng;
}

/** A run has found its valley when no continuous coordinate spreads further than this share of its range, … */
const VALLEY = 1e-3;
/** … and is at the end of what is worth having at this one. */
const CONVERGED = 1e-10;
const LARGEST_CONDITION = 1e14;
/** Best values that differ by less than this share of their size no longer tell points apart. */
const SAME_VALUES = 1e-12;
const RESTART_SIGMA = 0.25;

/** Runs of CMA-ES, one after another, fed with trials in the order in which they ended. */
export class Runs {
  readonly #dimensions: readonly Dimension[];
  readonly #continuous: readonly number[];
  readonly #rule: RunRule;
  #evolution: Evolution;
  #margin: Margin | null;
  #pending: Member[] = [];
  /** The run's trials whose generations are over. */
  #members: Member[] = [];
  /** The best values of the run's generations. */
  #bests: number[] = [];
  /** Whether the run goes on to the last digits of its valley; null before it has found one. */
  #polishes: boolean | null = null;
  #restarts = 0;
  #left: { readonly evolution: Evolution; trials: number } | null = null;

  constructor(dimensions: readonly Dimension[], rule: RunRule, start: Start) {
    this.#dimensions = dimensions;
    this.#continuous = dimensions.flatMap(({ cells }, i) => (cells === 0 ? [i] : []));
    this.#rule = rule;
    [this.#evolution, this.#margin] = this.#started(start);
  }

  /** The distribution to draw from. */
  get evolution(): Evolution {
    return this.#evolution;
  }

  /** null where no coordinate has a grid. */
  get margin(): Margin | null {
    return this.#margin;
  }

  /** The trials of the generation under way. */
  get pending(): readonly Member[] {
    return this.#pending;
  }

  /** How often it began anew. */
  get restarts(): number {
    return this.#restarts;
  }

  #started(start: Start): [Evolution, Margin | null] {
    const n = this.#dimensions.length;
    const population = this.#rule.populationSize * 2 ** this.#restarts;
    const gridded = this.#continuous.length < n;
    return [
      new Evolution(strategyOf(n, population), start),
      gridded ? new Margin(this.#dimensions, 1 / (n * population)) : null,
    ];
  }

  /** Takes in one more trial; every generation's last one updates the distribution. */
  take(member: Member): void {
    if (this.#isOfLastRun(member)) return;
    this.#pending.push(member);
    if (this.#pending.length < this.#evolution.strategy.lambda) return;
    const members = this.#pending.splice(0).sort((a, b) => compareRanks(a.rank, b.rank));
    this.#update(members);
    this.#members.push(...members);
    if (this.#rule.restarts !== "none" && this.#isOver()) this.#restart();
  }

  /** Where a run was left, its last trials may still have been under way: they say nothing to the next one. */
  #isOfLastRun({ point }: Member): boolean {
    if (!this.#left) return false;
    const { evolution } = this.#left;
    if (this.#left.trials-- > 0) return lengthOf(evolution.whitened(point)) < 3 * evolution.strategy.chiN;
    this.#left = null;
    return false;
  }

  /** @param members best first */
  #update(members: readonly Member[]): void {
    const [evolution, margin] = [this.#evolution, this.#margin];
    const points = members.map(({ point, rng }) =>
      margin ? drawWithinCells(point, this.#dimensions, evolution, margin, rng) : point,
    );
    const ranks = members.map(({ rank }) => rank);
    evolution.update(
      points.map((point) => clipped(point, evolution)),
      sharedWeights(evolution.strategy.weights, (k) => compareRanks(ranks[k] as Rank, ranks[k + 1] as Rank) === 0),
    );
    margin?.correct(evolution);
    const [tier, value] = ranks[0] as Rank;
    this.#bests.push(tier === 0 ? value : Infinity);
  }

  #isOver(): boolean {
    const { scales } = this.#evolution;
    const condition = ((scales.at(-1) as number) / (scales[0] as number)) ** 2;
    if (this.#spread() < CONVERGED || condition > LARGEST_CONDITION || this.#isFlat()) return true;
    if (this.#spread() > VALLEY) return false;
    this.#polishes ??= looksSmooth(this.#members, this.#evolution);
    return !this.#polishes;
  }

  /** The largest standard deviation of a continuous coordinate; Infinity without any. */
  #spread(): number {
    const { sigma, covariance, mean } = this.#evolution;
    if (this.#continuous.length === 0) return Infinity;
    return sigma * Math.sqrt(Math.max(...this.#continuous.map((i) => covariance[i * mean.length + i] as number)));
  }

  /** Whether the last generations' best values are all alike. */
  #isFlat(): boolean {
    const { mean, strategy } = this.#evolution;
    const generations = 10 + Math.ceil((30 * mean.length) / strategy.lambda);
    if (this.#bests.length < generations) return false;
    const recent = this.#bests.slice(-generations);
    const [least, most] = [Math.min(...recent), Math.max(...recent)];
    return least === most || most - least <= SAME_VALUES * Math.abs(most);
  }

  #restart(): void {
    this.#left = { evolution: this.#evolution, trials: 2 * this.#evolution.strategy.lambda };
    this.#restarts++;
    this.#members = [];
    this.#bests = [];
    this.#polishes = null;
    const rng = createRng(this.#rule.seed, "restart", this.#restarts);
    [this.#evolution, this.#margin] = this.#started({ mean: this.#dimensions.map(() => rng()), sigma: RESTART_SIGMA });
  }
}

/**
 * A trial that comes from elsewhere (enqueued, imported, or drawn before an update) may lie farther off than draws do:
 * its step is shortened to the length that hardly any draw exceeds, so that it moves the mean and spoils no step size
 * (Hansen 2011, "Injecting external solutions into CMA-ES", with its constants).
 */
function clipped(point: Float64Array, evolution: Evolution): Float64Array {
  const n = point.length;
  const longest = Math.sqrt(n) + (2 * n) / (n + 2);
  const length = lengthOf(evolution.whitened(point));
  if (!(length > longest)) return point;
  return point.map((v, i) => {
    const m = evolution.mean[i] as number;
    return m + ((v - m) * longest) / length;
  });
}
