import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { KernelMemory } from "../../../../src/tensor/kernels/index.js";
import { drawn } from "../../models/drawn.js";
import { builds, memoryOf, relative } from "./builds.js";
import { cases } from "../../../cases.js";

const strideOf = (rows: number): number => Math.ceil(rows / 4) * 4 + 4;
/** What a block of so many columns takes: products write whole panels, and eight columns at least. */
const wide = (n: number, lanes: number): number => Math.ceil(n / Math.max(8, lanes)) * Math.max(8, lanes);

/** A block of panels whose every spare lane is NaN: what a product must never read. */
function panels(memory: KernelMemory, values: Float32Array, rows: number, columns: number): number {
  const stride = strideOf(rows);
  const source = memory.allocate(values.length * 4);
  memory.f32.set(values, source >> 2);
  const { lanes } = memory;
  const target = memory.allocate(stride * wide(columns, lanes) * 4);
  memory.floats(target, stride * wide(columns, lanes)).fill(NaN);
  memory.exports.toPanels(source, columns * 4, rows, columns, target, stride);
  for (let r = 0; r < rows; r++)
    for (let c = columns; c < Math.ceil(columns / lanes) * lanes; c++)
      memory.f32[(target >> 2) + (Math.trunc(c / lanes) * stride + r) * lanes + (c % lanes)] = NaN;
  return target;
}

/** Row-major A[M,K] · B[K,N] in f64. */
function product(a: ArrayLike<number>, b: ArrayLike<number>, M: number, K: number, N: number): Float64Array {
  const c = new Float64Array(M * N);
  for (let i = 0; i < M; i++)
    for (let k = 0; k < K; k++)
      for (let j = 0; j < N; j++) c[i * N + j]! += (a[i * K + k] as number) * (b[k * N + j] as number);
  return c;
}

const transpose = (a: Float32Array, rows: number, columns: number): Float32Array =>
  Float32Array.from(a, (_, i) => a[(i % rows) * columns + Math.trunc(i / rows)] as number);

/** More than are summed in one chain natively. */
const manyRows = fc.integer({ min: 1, max: 300 });
const size = fc.integer({ min: 1, max: 37 });

describe.each(builds)("products, %s build", (build) => {
  const memory = memoryOf(build);
  const { exports, lanes } = memory;

  test("gemmPanels: any shape, with bias, without, and added to what is there; nothing past K is read", () => {
    fc.assert(
      fc.property(size, size, size, fc.constantFrom("plain", "bias", "add"), (M, K, N, mode) => {
        const [a, b, bias] = [drawn("a", M * K, 1), drawn("b", K * N, 1), drawn("bias", N, 1)];
        const stride = strideOf(M);
        const pa = panels(memory, a, M, K);
        const raw = memory.allocate(b.length * 4);
        memory.f32.set(b, raw >> 2);
        const packed = memory.allocate(K * wide(N, lanes) * 4);
        exports.packColumns(raw, K, N, packed);
        const pBias = memory.allocate(wide(N, lanes) * 4);
        memory.f32.set(bias, pBias >> 2);
        const before = mode === "add" ? drawn("c", M * N, 1) : new Float32Array(M * N);
        const pc = panels(memory, before, M, N);
        const biased = mode === "bias" ? pBias : 0;
        exports.gemmPanels(pa, stride, packed, biased, pc, stride, M, K, N, mode === "add" ? 1 : 0);
        const out = memory.allocate(M * N * 4);
        exports.fromPanels(pc, stride, M, N, out, N * 4);
        const expected = product(a, b, M, K, N).map(
          (v, i) => v + (mode === "add" ? (before[i] as number) : mode === "bias" ? (bias[i % N] as number) : 0),
        );
        expect(relative(memory.floats(out, M * N), expected)).toBeLessThan(1e-6);
        for (const address of [pa, raw, packed, pBias, pc, out]) memory.free(address);
      }),
      { numRuns: cases(80), seed: 1 },
    );
  });

  test("gemmTransposed: any shape over several steps, odd panels included; spare rows are not read", () => {
    fc.assert(
      fc.property(manyRows, size, size, fc.integer({ min: 1, max: 3 }), fc.boolean(), (R, M, N, steps, add) => {
        const stride = strideOf(R);
        const [rows, pitch] = [Math.ceil(M / 4) * 4, Math.ceil(N / lanes) * lanes];
        const all = Array.from({ length: steps }, (_, t) => ({
          a: drawn(`a${t}`, R * M, 1),
          b: drawn(`b${t}`, R * N, 1),
        }));
        const blocks = (columns: number): number => wide(columns, lanes) * stride * 4;
        const pa = memory.allocate(blocks(M) * steps);
        const pb = memory.allocate(blocks(N) * steps);
        all.forEach(({ a, b }, t) => {
          for (const [values, columns, base] of [
            [a, M, pa],
            [b, N, pb],
          ] as const) {
            const one = panels(memory, values, R, columns);
            memory.f32.copyWithin((base + t * blocks(columns)) >> 2, one >> 2, (one + blocks(columns)) >> 2);
            memory.free(one);
          }
        });
        const c = memory.allocate(rows * pitch * 4);
        memory.floats(c, rows * pitch).fill(add ? 2 : NaN);
        exports.gemmTransposed(pa, blocks(M), M, pb, blocks(N), N, stride, R, steps, c, add ? 1 : 0);
        const expected = new Float64Array(M * N).fill(add ? 2 : 0);
        for (const { a, b } of all) product(transpose(a, R, M), b, M, R, N).forEach((v, i) => (expected[i]! += v));
        const found = Float64Array.from(
          expected,
          (_, i) => memory.f32[(c >> 2) + Math.trunc(i / N) * pitch + (i % N)] as number,
        );
        expect(relative(found, expected)).toBeLessThan(R * steps > 128 ? 1e-5 : 1e-6);
        for (const address of [pa, pb, c]) memory.free(address);
      }),
      { numRuns: cases(80), seed: 2 },
    );
  });

  test("panels and back is the identity for any shape", () => {
    fc.assert(
      fc.property(size, size, (R, C) => {
        const values = drawn("v", R * C, 1);
        const p = panels(memory, values, R, C);
        const out = memory.allocate(R * C * 4);
        exports.fromPanels(p, strideOf(R), R, C, out, C * 4);
        expect(memory.floats(out, R * C)).toEqual(values);
        memory.free(p);
        memory.free(out);
      }),
      { numRuns: cases(40), seed: 3 },
    );
  });
});
