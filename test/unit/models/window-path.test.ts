/** Where windows with gaps are read off a latent path. */
import { beforeAll, describe, expect, test } from "vitest";
import { WindowPath } from "../../../src/models/latent-ode/window-path.js";
import { useBackend } from "../../../src/tensor/index.js";
import * as tf from "../../../src/tensor/tf.js";

describe("windows with gaps", () => {
  beforeAll(async () => useBackend("wasm"));

  // Two windows of three cycles, a horizon of two: cycles 0, 1, 2 and 3, 4; 0, 0 (a cycle twice) and 4, and 5, 6.
  const gaps = Int32Array.of(0, 1, 1, 0, 0, 4);
  const values = (): tf.Tensor2D => tf.tensor2d([0, 1, 2, 3, 4, 5, 6, 10, 11, 12, 13, 14, 15, 16], [2, 7]);

  test("are read at their own cycles, and the path behind the last one", () => {
    const { window, ahead } = new WindowPath(gaps, 2, 2).read(values());
    expect([...window.dataSync()]).toEqual([0, 1, 2, 10, 10, 14]);
    expect([...ahead.dataSync()]).toEqual([3, 4, 15, 16]);
  });

  test("send their gradients back there, added up where a cycle is read twice", () => {
    const weights = tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]);
    const gradient = tf.grad((all) => {
      const { window, ahead } = new WindowPath(gaps, 2, 2).read(all as tf.Tensor2D);
      return tf.add(tf.sum(tf.mul(window, weights)), tf.mul(tf.sum(ahead), 10));
    })(values());
    expect([...gradient.dataSync()]).toEqual([1, 2, 3, 10, 10, 0, 0, 9, 0, 0, 0, 6, 10, 10]);
  });

  test("take memory as the path does, not as its square", async () => {
    const [size, T, H] = [64, 100, 50];
    const sparse = Int32Array.from({ length: size * T }, (_, i) => (i % T === 0 ? 0 : 10));
    const windows = new WindowPath(sparse, size, H);
    const all = tf.zeros<tf.Rank.R2>([size, windows.longest + H + 1]);
    const { peakBytes } = await tf
      .engine()
      .profile(() => tf.grad((y) => tf.sum(windows.read(y as tf.Tensor2D).ahead))(all));
    expect(peakBytes - tf.memory().numBytes).toBeLessThan(10 * 4 * all.size);
    all.dispose();
  });
});
