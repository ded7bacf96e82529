/** The steps of an ESDIRK method: implicit stages with one diagonal number, each solved by Newton's iteration. */
import type { Linearization } from "./linearize.js";
import type { Method, PathPolynomials, Step, Stepper, StepperContext } from "./method.js";
import { constant, plus, type Time } from "./time.js";

/**
 * k[0] = f(t, y), k[i] = f(t + c[i] h, y + h * (sum of a[i][j] k[j] for j < i, and gamma k[i])); the last stage's state is
 * the step's end.
 */
export interface ImplicitTableau {
  readonly order: number;
  /** Of the error estimate. */
  readonly estimate: number;
  readonly gamma: number;
  readonly c: readonly number[];
  /** Row i has i numbers. */
  readonly a: readonly (readonly number[])[];
  readonly error: readonly number[];
  readonly path: PathPolynomials;
}

/** The iteration ends when what it would still change is so small a part of the step's tolerance, or of a smaller error. */
const ENOUGH = 1e-3;
/** In units of the last place of the state, what no iteration can be asked for. */
const LAST_PLACES = 10;
/** What rounding leaves of an iteration that goes no further is taken up to this part of the tolerance. */
const ROUNDING = 0.1;
const MOST_ITERATIONS = 8;
/** An iteration that shrinks its changes less than so wants a new Jacobian for the next step. */
const SLOW = 0.02;
/** A step whose stages can't be solved is tried again with so much of its size. */
const SHRINK = 0.5;

export function implicitMethod(name: string, tableau: ImplicitTableau): Method {
  const { order, estimate } = tableau;
  return { name, order, estimate, stiff: true, start: (context) => new ImplicitStepper(context, tableau) };
}

interface Stages<V> {
  readonly k: readonly V[];
  readonly end: V;
  /** Of the slowest iteration: by what each change was smaller than the one before. */
  readonly rate: number;
}

interface SolvedSlope<V> {
  readonly slope: V;
  /** The stage's own. */
  readonly state: V;
  readonly rate: number;
}

class ImplicitStepper<V> implements Stepper<V> {
  readonly #context: StepperContext<V>;
  readonly #tableau: ImplicitTableau;
  readonly #predictors: readonly (readonly number[])[];
  #linearization: Linearization<V> | null = null;
  /** Where that was taken. */
  #linearizedAt = NaN;
  #weight = NaN;
  #solve: ((r: V) => V) | null = null;
  /** The part of the tolerance that the error of the step before was, at most 1. */
  #aim = 1;

  constructor(context: StepperContext<V>, tableau: ImplicitTableau) {
    this.#context = context;
    this.#tableau = tableau;
    this.#predictors = predictors(tableau.c);
  }

  step(t: Time, h: Time, y: V, slope: V | null): Step<V> {
    const { evaluations } = this.#context;
    const { path } = this.#tableau;
    const first = slope ?? evaluations.at(t, y);
    for (;;) {
      const stages = this.#factor(t, h, y) && this.#solved(t, h, y, first);
      if (stages) {
        if (stages.rate > SLOW) this.#linearization = null;
        const { k, end, error } = stages;
        return { k, end, error, path, slope: k[k.length - 1] as V };
      }
      if (this.#linearizedAt === t.value) break;
      this.#linearization = null;
    }
    return { k: [], end: y, path: null, slope: null, error: null, shrink: SHRINK };
  }

  /** Makes I - gamma h J ready, with the Jacobian at hand where there is one; false where that is singular. */
  #factor(t: Time, h: Time, y: V): boolean {
    const { evaluations, linearizer, tolerance } = this.#context;
    const weight = this.#tableau.gamma * h.value;
    if (!this.#linearization) {
      this.#linearization = linearizer.at(evaluations, t, y, tolerance);
      this.#linearizedAt = t.value;
      this.#solve = null;
    }
    if (!this.#solve || this.#weight !== weight) this.#solve = this.#linearization.solver(weight);
    this.#weight = weight;
    return this.#solve !== null;
  }

  /** The stages, and the step's error; beside an error far below the tolerance, what the iterations leave is little, too. */
  #solved(t: Time, h: Time, y: V, first: V): (Stages<V> & { readonly error: V }) | null {
    const { vectors, tolerance, linearizer } = this.#context;
    const size = vectors.unrecorded(() => vectors.norm(y, y, y, tolerance));
    const least = (LAST_PLACES * linearizer.epsilon * size) / ENOUGH;
    let stages = this.#stages(t, h, y, [first]);
    while (stages) {
      const { k, end } = stages;
      const error = vectors.sum(k, this.#tableau.error, h);
      const ratio = vectors.unrecorded(() => vectors.norm(error, y, end, tolerance));
      const [aim, aimed] = [Math.min(1, Math.max(ratio, least)) || 1, this.#aim];
      this.#aim = aim;
      if (aim >= 0.1 * aimed) return { ...stages, error };
      stages = this.#stages(t, h, y, k);
    }
    return null;
  }

  /** @param guesses of the stages' slopes; the first is right, and where there are no others, they are predicted */
  #stages(t: Time, h: Time, y: V, guesses: readonly V[]): Stages<V> | null {
    const { vectors } = this.#context;
    const { a, c } = this.#tableau;
    const k = guesses.slice(0, 1);
    let [end, rate] = [y, 0];
    for (let i = 1; i < c.length; i++) {
      const base = vectors.combine(y, k, a[i] as readonly number[], h);
      const guess = guesses[i] ?? vectors.sum(k, this.#predictors[i] as readonly number[], constant(1));
      const stage = this.#stage(plus(t, c[i] as number, h), h, y, base, guess);
      if (!stage) return null;
      k.push(stage.slope);
      end = stage.state;
      rate = Math.max(rate, stage.rate);
    }
    return { k, end, rate };
  }

  /** k of k = f(t, base + gamma h k), from a guess of it; a tape is given what moves it, not how it was found. */
  #stage(t: Time, h: Time, y: V, base: V, guess: V): SolvedSlope<V> | null {
    const { vectors, evaluations, linearizer } = this.#context;
    if (!linearizer.onTape()) return this.#iterate(t, h, y, base, guess);
    const found = vectors.unrecorded(() => this.#iterate(t, h, y, base, guess));
    if (!found) return null;
    const gamma = [this.#tableau.gamma];
    const evaluated = evaluations.at(t, vectors.combine(base, [found.slope], gamma, h));
    const stage = { weight: this.#weight, t, state: found.state, slope: found.slope, evaluated };
    const slope = this.#linearization?.implicit?.(stage) ?? found.slope;
    return { slope, state: vectors.combine(base, [slope], gamma, h), rate: found.rate };
  }

  #iterate(t: Time, h: Time, y: V, base: V, guess: V): SolvedSlope<V> | null {
    const { vectors, evaluations, tolerance } = this.#context;
    const gamma = [this.#tableau.gamma];
    const one = constant(1);
    const enough = ENOUGH * this.#aim;
    let [slope, state] = [guess, vectors.combine(base, [guess], gamma, h)];
    let [before, rate] = [NaN, 0];
    for (let iteration = 1; iteration <= MOST_ITERATIONS; iteration++) {
      const missing = vectors.sum([evaluations.at(t, state), slope], [1, -1], one);
      const change = (this.#solve as (r: V) => V)(missing);
      const size = vectors.norm(vectors.sum([change], gamma, h), y, state, tolerance);
      if (!Number.isFinite(size)) return null;
      const shrinks = iteration > 1 ? size / before : SLOW;
      if (iteration === 2 && before > enough) rate = shrinks;
      if (shrinks >= 1 && size > ROUNDING) return null;
      slope = vectors.combine(slope, [change], [1], one);
      state = vectors.combine(base, [slope], gamma, h);
      const left = (size * shrinks) / (1 - shrinks);
      if (size === 0 || shrinks >= 1 || left < enough) return { slope, state, rate };
      before = size;
    }
    return before <= ROUNDING ? { slope, state, rate } : null;
  }
}

/** Guesses of a stage's slope: the parabola through the earlier ones nearest to it in time, or what there is of one. */
function predictors(c: readonly number[]): number[][] {
  return c.map((at, i) => {
    const nearest = [...c.slice(0, i).keys()].sort(
      (p, q) => Math.abs((c[p] as number) - at) - Math.abs((c[q] as number) - at),
    );
    const nodes = nearest.slice(0, 3);
    return Array.from({ length: i }, (_, j) => {
      if (!nodes.includes(j)) return 0;
      const others = nodes.filter((m) => m !== j).map((m) => c[m] as number);
      return others.reduce((product, node) => (product * (at - node)) / ((c[j] as number) - node), 1);
    });
  });
}
