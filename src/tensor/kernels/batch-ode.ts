/** The ODE of a batch's program, from the last dense layer's output to the path, and back. */
import { type OdeCounts, requireAugment, resolveOdeOf } from "../ops/ode-types.js";
import type { NetworkOde } from "../ops/ops.js";
import type { Tensor } from "../tf.js";
import type { DensePlan, WeightPlaces } from "./batch-dense.js";
import { addDenseGradients, addInputGradient, layDense, packDense, runDense } from "./batch-dense.js";
import { whole } from "./dense.js";
import type { KernelMemory } from "./memory.js";
import { FULL, requireDone, stepsOf } from "./ode.js";
import { layOde, type OdeLayout, readNumbers, writeNumbers } from "./ode-layout.js";
import type { Ended, Program } from "./program.js";

/** How large the parts are. */
export interface BatchOdeSizes {
  /** B. */
  readonly size: number;
  /** H. */
  readonly horizon: number;
  /** Numbers of the state that the dense layers give; what it is augmented by stays 0 at the beginning. */
  readonly given: number;
  /** For a gradient through the steps of an adaptive method: how many have room. */
  readonly steps: number;
  /** Rows of the batch's panels. */
  readonly stride: number;
}

/**
 * One ODE at one batch size. The decoder's rows are the states of all times, window by window within each, as the path has
 * them; what the score reads and what it gives back are the panels of [B,H].
 */
export class BatchOde {
  /** Panels [B,H] of the normalised path and of its gradient. */
  readonly y: number;
  readonly dy: number;
  readonly #problem: ReturnType<typeof resolveOdeOf>;
  readonly #layout: OdeLayout;
  readonly #write: () => void;
  readonly #decoder: DensePlan;
  /** Bytes of a state of the batch. */
  readonly #state: number;
  readonly #D: number;
  /** Of the program's calls, the one that goes back. */
  #backwardPlace = -1;

  constructor(
    private readonly memory: KernelMemory,
    ode: NetworkOde,
    private readonly sizes: BatchOdeSizes,
    private readonly places: WeightPlaces,
    take: (floats: number) => number,
  ) {
    const { size, horizon, given } = sizes;
    const training = places.gradient !== null;
    this.#D = given + requireAugment(ode.options);
    this.#state = size * this.#D * 4;
    const problem = resolveOdeOf([size, this.#D], ode.layers, ode.times, ode.options);
    this.#problem = problem;
    const mode = training ? problem.gradient : "plain";
    const { bytes, place, layout } = layOde(memory, {
      ...{ batch: size, D: this.#D, units: ode.layers.slice(0, -1).map(({ weight }) => weight.shape[0]), mode },
      ...{ activation: problem.activation, time: problem.time, points: horizon + 1, method: problem.method },
      adjointMethod: mode === "adjoint" ? problem.adjoint.method : null,
      steps: mode === "direct" ? stepsOf(problem, sizes.steps) : 0,
    });
    const base = take(bytes / 4);
    this.#layout = place(base);
    this.#write = () => layout(base);
    const decoder = { ...ode.decoder, activation: "linear" as const };
    this.#decoder = layDense(memory, take, { layer: decoder, rows: size * horizon, below: 0, training });
    const panels = whole(horizon, memory.lanes) * sizes.stride;
    this.y = take(panels);
    this.dy = training ? take(panels) : 0;
  }

  /** Each weight and bias of the right-hand side, and where it stands behind the first. */
  get #weights(): readonly (readonly [Tensor, number])[] {
    let offset = 0;
    return this.#problem.layers
      .flatMap(({ weight, bias }): Tensor[] => [weight, bias])
      .map((tensor) => {
        const place = [tensor, offset] as const;
        offset += tensor.size * 4;
        return place;
      });
  }

  /** Writes what no call of the program does. */
  prepare(): void {
    const { memory } = this;
    const { solve, gradient, at } = this.#layout;
    const problem = this.#problem;
    this.#write();
    writeNumbers(memory, solve, problem, problem.times, problem.maxEvaluations);
    if (gradient !== solve) writeNumbers(memory, gradient, problem.adjoint, problem.times, problem.maxEvaluations);
    // What the state is augmented by, and the gradient of the path's first point, which no loss is of.
    memory.floats(at.y0, this.#state >> 2).fill(0);
    if (at.dPath) memory.floats(at.dPath, this.#state >> 2).fill(0);
  }

  pack(program: Program): void {
    const { weights } = this.#layout.at;
    for (const [tensor, offset] of this.#weights)
      program.add("copyRows", this.places.weight(tensor), 0, 1, tensor.size, weights + offset, 0);
    packDense(program, this.places, this.#decoder);
  }

  /** @param given panels [B, given] */
  forward(program: Program, given: number): void {
    const { size, horizon, stride } = this.sizes;
    const { y0, path } = this.#layout.at;
    const pitch = this.#D * 4;
    program.add("fromPanels", given, stride, size, this.sizes.given, y0, pitch);
    program.add("odeSolve", this.#layout.solve);
    const decoder = this.#decoder;
    program.add("toPanels", path + this.#state, pitch, size * horizon, this.#D, decoder.x, decoder.stride);
    runDense(program, decoder);
    this.#eachTime((ofDecoder, ofPath, step) =>
      program.add("copyRows", decoder.y + ofDecoder, step, size, 1, this.y + ofPath, step),
    );
  }

  /** @param target panels of the gradient of what {@link forward} was given */
  backward(program: Program, target: number): void {
    const { size, horizon, stride } = this.sizes;
    const { dPath, dY0, dWeights } = this.#layout.at;
    const gradient = this.places.gradient as NonNullable<WeightPlaces["gradient"]>;
    const decoder = this.#decoder;
    this.#eachTime((ofDecoder, ofPath, step) =>
      program.add("copyRows", this.dy + ofPath, step, size, 1, decoder.dy + ofDecoder, step),
    );
    addDenseGradients(program, this.memory, gradient, decoder);
    // Its input has been read.
    addInputGradient(program, decoder.x, decoder);
    const pitch = this.#D * 4;
    program.add("fromPanels", decoder.x, decoder.stride, size * horizon, this.#D, dPath + this.#state, pitch);
    this.#backwardPlace = program.calls;
    program.add("odeBackward", this.#layout.gradient);
    for (const [tensor, offset] of this.#weights)
      program.add("copyRows", dWeights + offset, 0, 1, tensor.size, gradient(tensor), 0);
    program.add("toPanels", dY0, pitch, size, this.sizes.given, target, stride);
  }

  /** For each time, where its numbers stand in the decoder's panel and in those of [B,H], and the way to the next window's. */
  #eachTime(copy: (ofDecoder: number, ofPath: number, step: number) => void): void {
    const { lanes } = this.memory;
    const { size, horizon, stride } = this.sizes;
    for (let h = 0; h < horizon; h++)
      copy(h * size * lanes * 4, (Math.floor(h / lanes) * lanes * stride + (h % lanes)) * 4, lanes * 4);
  }

  /** What the last solve cost. */
  counts(): OdeCounts {
    return readNumbers(this.memory, this.#layout.solve).counts;
  }

  /**
   * Whether a program that ended here lacks room for steps.
   * @throws OdeError for a solution that can't be carried on
   */
  lacksRoom({ place, status }: Ended): boolean {
    if (status === FULL) return true;
    const { solve, gradient } = this.#layout;
    requireDone(status, readNumbers(this.memory, place === this.#backwardPlace ? gradient : solve).at, this.#problem);
    return false;
  }
}
