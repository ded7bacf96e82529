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

  /** A product with ones and zeros: its gradient is a product, too. */
  #pick(values: Tensor2D, points: number): Tensor2D {
    const [T, H, size] = [this.#window, this.#horizon, this.#size];
    const chosen = new Float32Array(size * (T + H) * points);
    for (let b = 0; b < size; b++)
      for (let i = 0; i < T + H; i++) {
        const cycle = i < T ? (this.observed[b * T + i] as number) : this.#last(b) + i - T + 1;
        chosen[(b * (T + H) + i) * points + cycle] = 1;
      }
    const read = tf.matMul(tf.tensor3d(chosen, [size, T + H, points]), tf.reshape(values, [size, points, 1]));
    return tf.reshape(read, [size, T + H]);
  }
}
