/** The stepping loop, once for all methods and carriers: steps, their control, and states at the times asked for. */
import { polynomialsAt } from "../tensor/ops/ode-methods.js";
import { OdeError } from "../tensor/ops/ode-types.js";
import type { ControlName, ControlNumbers, Controller } from "./control.js";
import { createController } from "./control.js";
import type { Evaluations } from "./evaluations.js";
import { firstStep } from "./first-step.js";
import type { Linearizer } from "./linearize.js";
import type { Method, Step, Stepper } from "./method.js";
import { askedTime, constant, fraction, plus, type Time } from "./time.js";
import type { Tolerance, Vectors } from "./vectors.js";

/** How steps are chosen; nothing is left open. */
export interface StepSettings extends Tolerance, ControlNumbers {
  readonly control: ControlName;
  /** Of methods of fixed steps; 0: from one time asked for to the next. */
  readonly stepSize: number;
  /** A step that would have to be smaller ends the solution. */
  readonly minStep: number;
  readonly maxStep: number;
  /** 0: chosen by the slopes. */
  readonly firstStep: number;
  /** Between steps take the polynomial that torchdiffeq takes. */
  readonly torchdiffeqPath: boolean;
}

/** What a solution starts from. */
export interface Problem<V> {
  readonly vectors: Vectors<V>;
  readonly evaluations: Evaluations<V>;
  readonly linearizer: Linearizer<V>;
  readonly method: Method;
  readonly settings: StepSettings;
  readonly y0: V;
  readonly start: Time;
  /** 1, or -1 back in time. */
  readonly direction: number;
  /** The end of each step of a method of fixed steps, from step 0 on. */
  readonly grid: (step: number) => Time;
}

/** The last step that was taken. */
interface Segment<V> {
  readonly start: Time;
  readonly h: Time;
  /** The time of its end, which start + h may miss by a rounding. */
  readonly end: Time;
  readonly y: V;
  readonly slope: V | null;
  readonly step: Step<V>;
}

/** A solution under way. */
export class Integration<V> {
  accepted = 0;
  rejected = 0;
  readonly #problem: Problem<V>;
  readonly #stepper: Stepper<V>;
  readonly #controller: Controller | null;
  /** States that others have, and that live on. */
  readonly #given = new Set<V>();
  #t: Time;
  #y: V;
  #slope: V | null = null;
  /** The next step's size, without its sign. */
  #h = 0;
  #segment: Segment<V> | null = null;

  constructor(problem: Problem<V>) {
    const { method, settings, vectors, evaluations, linearizer } = problem;
    this.#problem = problem;
    this.#stepper = method.start({
      ...{ vectors, evaluations, linearizer, tolerance: settings },
      torchdiffeqPath: settings.torchdiffeqPath,
    });
    this.#controller =
      method.estimate === null ? null : createController(settings.control, method.estimate + 1, settings);
    [this.#t, this.#y] = [problem.start, problem.y0];
    this.#given.add(problem.y0);
  }

  /** The time that was reached. */
  get reached(): Time {
    return this.#t;
  }

  /** The state there. */
  get state(): V {
    return this.#y;
  }

  /**
   * Takes one step, however often it has to be tried.
   * @throws OdeError
   */
  advance(): void {
    const before = this.#segment;
    const segment = this.#controller ? this.#controlledStep(this.#controller) : this.#gridStep();
    this.accepted++;
    this.#segment = segment;
    [this.#t, this.#y, this.#slope] = [segment.end, segment.step.end, segment.step.slope];
    this.#problem.evaluations.reached = this.#t.value;
    if (before) this.#free(before, segment);
  }

  /** The state at a time that the last step reached or passed. */
  stateAt(time: Time): V {
    const { vectors } = this.#problem;
    if (!this.#segment) return this.#y;
    const { start, h, end, y, slope, step } = this.#segment;
    const x = fraction(time, start, h, end.value);
    if (time.value === end.value) return this.#give(x.by ? this.#moving(step.end, x, this.#segment) : step.end);
    if (!step.path)
      return vectors.tidy(() => ({ state: this.#stepper.step(start, plus(time, -1, start), y, slope).end })).state;
    const state = vectors.combine(y, step.k, polynomialsAt(step.path, x.value), h);
    return x.by ? this.#moving(state, x, this.#segment) : state;
  }

  /** A state that moves with its place within a step. */
  #moving(state: V, x: Time, { h, step }: Segment<V>): V {
    const { vectors } = this.#problem;
    const slopes = (step.path ?? []).map((row) => row.reduceRight((sum, c, i) => sum * x.value + (i + 1) * c, 0));
    return vectors.moving(state, () => vectors.sum(step.k, slopes, h), x);
  }

  #give(state: V): V {
    this.#given.add(state);
    return state;
  }

  /** Where a step of that size ends, unless it is too small. */
  #endOf(end: Time, h: number): Time {
    const { direction, settings } = this.#problem;
    const t = this.#t.value;
    if (!(direction * (end.value - t) > 0) || Math.abs(h) < settings.minStep) throw new OdeError("underflow", t);
    return end;
  }

  #gridStep(): Segment<V> {
    const { grid, vectors } = this.#problem;
    const [start, y, slope] = [this.#t, this.#y, this.#slope];
    const asked = grid(this.accepted);
    const h = plus(asked, -1, start);
    const end = this.#endOf(asked, h.value);
    const { step } = vectors.tidy(() => ({
      step: this.#stepper.step(start, h, y, slope),
      held: this.#stepper.held ?? [],
    }));
    return { start, h, end, y, slope, step };
  }

  #controlledStep(controller: Controller): Segment<V> {
    const { vectors, evaluations, direction, settings } = this.#problem;
    const [start, y] = [this.#t, this.#y];
    const slope = (this.#slope ??= evaluations.at(start, y));
    if (this.accepted === 0 && this.#h === 0) this.#h = this.#firstStep(slope);
    for (;;) {
      const h = constant(direction * Math.min(this.#h, settings.maxStep));
      const end = this.#endOf(plus(start, 1, h), h.value);
      const { step, ratio, shrink } = vectors.tidy(() => {
        const step = this.#stepper.step(start, h, y, slope);
        if (step.shrink !== undefined) return { step: null, ratio: NaN, shrink: step.shrink };
        const ratio = vectors.norm(step.error as V, y, step.end, settings);
        // Of a step that is not taken nothing is kept.
        return { ratio, step: ratio <= 1 ? { ...step, error: null } : null, held: this.#stepper.held ?? [] };
      });
      this.#h = Math.abs(h.value) * (shrink ?? controller.factor(ratio));
      if (step) return { start, h, end, y, slope, step };
      this.rejected++;
    }
  }

  #firstStep(slope: V): number {
    const { vectors, evaluations, direction, settings, method } = this.#problem;
    if (settings.firstStep > 0) return settings.firstStep;
    const order = (method.estimate ?? 0) + 1;
    const { h } = vectors.tidy(() => ({
      h: firstStep(vectors, evaluations, settings, order, direction, this.#t, this.#y, slope),
    }));
    if (!(h > 0)) throw new OdeError(this.#hasScale ? "not-finite" : "no-scale", this.#t.value);
    return h;
  }

  /** Whether every number of the state has a tolerance above 0. */
  get #hasScale(): boolean {
    const { vectors, settings } = this.#problem;
    return !Number.isNaN(vectors.norm(this.#y, this.#y, this.#y, settings));
  }

  /** Frees what a step left that neither the next one nor anyone else has. */
  #free(old: Segment<V>, next: Segment<V>): void {
    const live = new Set([...this.#given, next.y, next.slope, ...vectorsOf(next.step), ...(this.#stepper.held ?? [])]);
    for (const vector of [old.y, old.slope, ...vectorsOf(old.step)])
      if (vector !== null && !live.has(vector)) this.#problem.vectors.dispose(vector);
  }
}

const vectorsOf = <V>({ end, slope, k }: Step<V>): (V | null)[] => [end, slope, ...k];

/** The states at the times asked for, the first included. */
export function statesAt<V>(integration: Integration<V>, times: readonly Time[], direction: number): V[] {
  const [, ...rest] = times;
  const states = [integration.state];
  for (const time of rest) {
    while (direction * time.value > direction * integration.reached.value) integration.advance();
    states.push(integration.stateAt(time));
  }
  return states;
}

/** The grid of a method of fixed steps over the times asked for, as torchdiffeq lays it. */
export function gridOver(
  times: Float64Array,
  stepSize: number,
  direction: number,
  moves: boolean,
): (step: number) => Time {
  if (stepSize === 0) return (step) => askedTime(times, step + 1, moves);
  const last = times.length - 1;
  const [start, end] = [times[0] as number, times[last] as number];
  const steps = Math.ceil((direction * (end - start)) / stepSize + 1) - 1;
  return (step) => {
    if (step + 1 >= steps) return askedTime(times, last, moves);
    return plus(askedTime(times, 0, moves), direction * (step + 1), constant(stepSize));
  };
}
