/** The optimizers' steps in the kernels' memory. */
import type { Update, UpdateRule, UpdateStep } from "../ops/ops.js";
import * as tf from "../tf.js";
import type { Tensor, Variable } from "../tf.js";
import type { KernelMemory } from "./memory.js";
import { replaceValues, valuesOf } from "./tensors.js";

const slotNames: Readonly<Record<UpdateRule, readonly string[]>> = {
  adamw: ["exp_avg", "exp_avg_sq"],
  adam: ["exp_avg", "exp_avg_sq"],
  sgd: ["momentum_buffer"],
};

/** One variable's place in each of the flat blocks: floats from the block's start, padded to a multiple of four. */
interface Place {
  readonly name: string;
  readonly variable: Variable;
  readonly offset: number;
  readonly size: number;
  /** The variable's data when its values here were last the same; another now means that it was assigned since. */
  dataId: object | null;
  /** Whether it ever had a gradient, and so has state. */
  live: boolean;
}

const padded = (size: number): number => Math.ceil(size / 4) * 4;

/** The scalars of `adamStep` but for the gradients' scale. */
export function adamScalars(
  { lr, weightDecay, t, betas: [beta1, beta2] = [0.9, 0.999], eps = 1e-8 }: UpdateStep,
  decoupled: boolean,
): [number, number, number, number, number, number, number, number] {
  const decay = [decoupled ? 0 : weightDecay, decoupled ? weightDecay : 0] as const;
  return [lr, beta1, beta2, eps, ...decay, 1 - beta1 ** t, 1 - beta2 ** t];
}

/** The scalars of `sgdStep`, likewise. */
export function sgdScalars({
  lr,
  weightDecay,
  t,
  momentum = 0,
  nesterov = false,
}: UpdateStep): [number, number, number, number, number] {
  return [lr, weightDecay, momentum, nesterov ? 1 : 0, t === 1 ? 1 : 0];
}

/**
 * An optimizer whose state lies in the kernels' memory: blocks of parameters, gradients and slots, each flat over all
 * variables, so that the norm and the step are one call each.
 */
export class FusedUpdate implements Update {
  readonly #places: Place[] = [];
  readonly #count: number;
  readonly #address: number;
  #disposed = false;

  constructor(
    readonly memory: KernelMemory,
    readonly rule: UpdateRule,
    variables: ReadonlyMap<string, Variable>,
  ) {
    let offset = 0;
    for (const [name, variable] of variables) {
      this.#places.push({ name, variable, offset, size: variable.size, dataId: null, live: false });
      offset += padded(variable.size);
    }
    this.#count = offset;
    // Parameters, gradients, two slots.
    this.#address = memory.allocate(Math.max(1, 4 * offset) * 4);
  }

  step(gradients: ReadonlyMap<string, Tensor>, numbers: UpdateStep): void {
    this.#requireAlive();
    if (this.#count === 0) return;
    const backend = tf.backend();
    const base = this.#address >> 2;
    const heap = this.memory.f32;
    const given: Place[] = [];
    for (const place of this.#places) {
      const gradient = gradients.get(place.name);
      const at = base + this.#count + place.offset;
      if (!gradient) {
        heap.fill(0, at, at + place.size);
        continue;
      }
      heap.set(valuesOf(backend, gradient), at);
      heap.set(valuesOf(backend, place.variable), base + place.offset);
      place.live = true;
      given.push(place);
    }
    const scale = this.#clipScale(numbers.maxNorm);
    if (given.length === this.#places.length) this.#apply(0, this.#count, numbers, scale);
    else for (const place of given) this.#apply(place.offset, padded(place.size), numbers, scale);
    for (const place of given) this.#bringBack(place);
  }

  /** The variable takes its values of here. */
  #bringBack(place: Place): void {
    const { variable, offset, size } = place;
    const values = this.memory.floats(this.#block(0) + offset * 4, size);
    if (!replaceValues(tf.backend(), variable, values))
      tf.tidy(() => variable.assign(tf.tensor(values.slice(), variable.shape, "float32")));
    place.dataId = variable.dataId;
  }

  /** The blocks of parameters, gradients and two slots, `count` floats each, for steps that are taken in them. */
  blocks(): { readonly count: number; readonly addresses: readonly [number, number, number, number] } {
    this.#requireAlive();
    return { count: this.#count, addresses: [this.#block(0), this.#block(1), this.#block(2), this.#block(3)] };
  }

  #requireAlive(): void {
    if (this.#disposed) throw new Error("the optimizer is disposed of");
  }

  /** Where a variable's numbers stand in each block, in bytes from its start; undefined for one of others. */
  offsetOf(variable: Tensor): number | undefined {
    const place = this.#places.find((other) => other.variable === variable);
    return place && place.offset * 4;
  }

  get variables(): number {
    return this.#places.length;
  }

  /**
   * Readies the blocks for a step of all variables: takes the values of those that were assigned since the last step, or
   * of all.
   */
  load(all: boolean): void {
    this.#requireAlive();
    const backend = tf.backend();
    for (const place of this.#places) {
      if (!all && place.dataId === place.variable.dataId) continue;
      this.memory.f32.set(valuesOf(backend, place.variable), (this.#block(0) >> 2) + place.offset);
      place.dataId = place.variable.dataId;
    }
  }

  /** After a step that was taken in the blocks. */
  taken(): void {
    for (const place of this.#places) place.live = true;
  }

  /** After steps that were taken in the blocks: the variables take their values, but for those assigned since. */
  store(): void {
    if (this.#disposed) return;
    for (const place of this.#places) if (place.dataId === place.variable.dataId) this.#bringBack(place);
  }

  /** PyTorch's `clip_grad_norm_`, NaN passing through. */
  #clipScale(maxNorm: number): number {
    if (maxNorm <= 0) return 1;
    const squares = this.memory.exports.sumOfSquares(this.#block(1), this.#count);
    const scale = maxNorm / (Math.sqrt(squares) + 1e-6);
    return scale > 1 ? 1 : scale;
  }

  #block(index: number): number {
    return this.#address + index * this.#count * 4;
  }

  #apply(offset: number, count: number, numbers: UpdateStep, scale: number): void {
    const [p, g, first, second] = [0, 1, 2, 3].map((i) => this.#block(i) + offset * 4) as [
      number,
      number,
      number,
      number,
    ];
    if (this.rule === "sgd") this.memory.exports.sgdStep(p, g, first, count, ...sgdScalars(numbers), scale);
    else
      this.memory.exports.adamStep(p, g, first, second, count, ...adamScalars(numbers, this.rule === "adamw"), scale);
  }

  state(): Map<string, Float32Array> {
    const copies = new Map<string, Float32Array>();
    for (const { name, offset, size, live } of this.#places)
      slotNames[this.rule].forEach((slot, i) => {
        if (live) copies.set(`${name}.${slot}`, this.memory.floats(this.#block(2 + i) + offset * 4, size).slice());
      });
    return copies;
  }

  restore(state: ReadonlyMap<string, Float32Array>): void {
    this.memory.floats(this.#block(2), 2 * this.#count).fill(0);
    for (const place of this.#places) {
      place.live = false;
      slotNames[this.rule].forEach((slot, i) => {
        const stored = state.get(`${place.name}.${slot}`);
        if (!stored) return;
        place.live = true;
        this.memory.floats(this.#block(2 + i) + place.offset * 4, place.size).set(stored);
      });
    }
  }

  dispose(): void {
    if (!this.#disposed) this.memory.free(this.#address);
    this.#disposed = true;
  }
}
