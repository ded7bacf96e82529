/** Where the cycles of a batch's windows and of the paths behind them lie on a latent path that begins with the window. */
import * as tf from "../../tensor/tf.js";
import type { Tensor2D } from "../../tensor/tf.js";

/** Cycles counted from each window's first one. */
export class WindowPath {
  /** [B,T], from 0. */
  readonly observed: Int32Array;
  /** Of the longest window: its last cycle. */
  readonly longest: number;
  readonly #size: number;
  readonly #window: number;
  readonly #horizon: number;

  /** @param gaps [B,T]: before each observed cycle, 0 before the first */
  constructor(gaps: Int32Array, size: number, horizon: number) {
    this.#size = size;
    this.#window = gaps.length / size;
    this.#horizon = horizon;
    let at = 0;
    this.observed = gaps.map((gap, i) => (at = i % this.#window === 0 ? 0 : at + gap));
    this.longest = this.observed.reduce((a, b) => Math.max(a, b), 0);
  }

  /** The last observed cycle of a window. */
  #last(b: number): number {
    return this.observed[(b + 1) * this.#window - 1] as number;
  }

  /** Whether no window has a gap. */
  get #regular(): boolean {
    for (let b = 0; b < this.#size; b++) if (this.#last(b) !== this.#window - 1) return false;
    return true;
  }

  /** [B,T]: of each observed cycle its distance to the window's last, 0 or less. */
  toLast(): Int32Array {
    return this.observed.map((cycle, i) => cycle - this.#last(Math.floor(i / this.#window)));
  }

  /**
   * Reads a path at the windows' own cycles.
   * @param values [B,N]: at the cycles 0 … N - 1 = `longest` + H
   * @returns at the observed cycles [B,T], and at the H behind the last one [B,H]
   */
  read(values: Tensor2D): { readonly window: Tensor2D; readonly ahead: Tensor2D } {
    const [size, points] = values.shape;
    const [T, H] = [this.#window, this.#horizon];
    const all = this.#regular ? values : this.#pick(values, points);
    return { window: tf.slice(all, [0, 0], [size, T]), ahead: tf.slice(all, [0, T], [size, H]) };
  }

  /** Each number by its place; backwards what goes to the same place is added up. A product with ones and zeros is vast. */
  #pick(values: Tensor2D, points: number): Tensor2D {
    const [T, H, size] = [this.#window, this.#horizon, this.#size];
    const places = Int32Array.from({ length: size * (T + H) }, (_, n) => {
      const [b, i] = [Math.floor(n / (T + H)), n % (T + H)];
      return b * points + (i < T ? (this.observed[b * T + i] as number) : this.#last(b) + i - T + 1);
    });
    const op = tf.customGrad(((all: Tensor2D) => {
      const from = all.dataSync<"float32">();
      const picked = Float32Array.from(places, (place) => from[place] as number);
      const gradFunc = (dRead: Tensor2D): Tensor2D => {
        const [sums, terms] = [new Float32Array(size * points), dRead.dataSync<"float32">()];
        for (const [n, place] of places.entries()) sums[place] = (sums[place] as number) + (terms[n] as number);
        return tf.tensor2d(sums, [size, points]);
      };
      return { value: tf.tensor2d(picked, [size, T + H]), gradFunc };
    }) as unknown as Parameters<typeof tf.customGrad>[0]);
    return op(values) as Tensor2D;
  }
}
