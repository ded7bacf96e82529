import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { useBackend } from "../../../../src/tensor/index.js";
import * as tf from "../../../../src/tensor/tf.js";
import { drawn } from "../../models/drawn.js";
import { relative, tidied } from "./builds.js";

beforeAll(async () => {
  await useBackend("wasm");
});

/** Op(A)[M,K] · Op(B)[K,N] of one batch entry in f64. */
function reference(a: Float32Array, b: Float32Array, [M, K, N]: [number, number, number], ta: boolean, tb: boolean) {
  return Float64Array.from({ length: M * N }, (_, at) => {
    const [i, j] = [Math.trunc(at / N), at % N];
    let sum = 0;
    for (let k = 0; k < K; k++)
      sum += (a[ta ? k * M + i : i * K + k] as number) * (b[tb ? j * K + k : k * N + j] as number);
    return sum;
  });
}

const size = fc.integer({ min: 1, max: 12 });

test("products with either operand transposed, one or several at a time, and their gradients", () => {
  fc.assert(
    fc.property(
      size,
      size,
      size,
      fc.integer({ min: 0, max: 3 }),
      fc.boolean(),
      fc.boolean(),
      (M, K, N, many, ta, tb) => {
        const count = Math.max(1, many);
        const [a, b, w] = [drawn("a", count * M * K, 1), drawn("b", count * K * N, 1), drawn("w", count * M * N, 1)];
        const shape = (rows: number, columns: number) => (many ? [many, rows, columns] : [rows, columns]);
        const found = tidied(() => {
          let product = new Float32Array();
          const { grads } = tf.valueAndGrads((x: tf.Tensor, y: tf.Tensor) => {
            const out = tf.matMul(x, y, ta, tb);
            product = Float32Array.from(out.dataSync());
            return tf.sum(tf.mul(out, tf.tensor(w, out.shape)));
          })([tf.tensor(a, ta ? shape(K, M) : shape(M, K)), tf.tensor(b, tb ? shape(N, K) : shape(K, N))]);
          return [product, ...grads.map((g) => Float32Array.from(g.dataSync()))] as [
            Float32Array,
            Float32Array,
            Float32Array,
          ];
        });
        for (let i = 0; i < count; i++) {
          const part = (v: Float32Array, n: number): Float32Array => v.subarray(i * n, (i + 1) * n);
          const [pa, pb, pw] = [part(a, M * K), part(b, K * N), part(w, M * N)];
          const [dims, da, db] = [
            [M, K, N],
            [M, N, K],
            [K, M, N],
          ] as [number, number, number][];
          expect(relative(part(found[0], M * N), reference(pa, pb, dims as never, ta, tb))).toBeLessThan(1e-6);
          const gradientA = ta ? reference(pb, pw, [K, N, M], tb, true) : reference(pw, pb, da as never, false, !tb);
          const gradientB = tb ? reference(pw, pa, [N, M, K], true, ta) : reference(pa, pw, db as never, !ta, false);
          expect(relative(part(found[1], M * K), gradientA)).toBeLessThan(1e-6);
          expect(relative(part(found[2], K * N), gradientB)).toBeLessThan(1e-6);
        }
      },
    ),
    { numRuns: 60, seed: 9 },
  );
});

test("nothing stays behind, and asking again wraps nothing twice", async () => {
  const kernel = tf.getKernel("BatchMatMul", "wasm");
  await useBackend("wasm");
  expect(tf.getKernel("BatchMatMul", "wasm")).toBe(kernel);
  const [a, b] = [tf.ones([3, 2]), tf.ones([3, 4])];
  const before = tf.memory();
  tf.matMul(a, b, true, false).dispose();
  expect(tf.memory()).toEqual(before);
  expect(tf.backend().numDataIds()).toBe(before.numDataBuffers);
});
