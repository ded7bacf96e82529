import { describe, expect, test } from "vitest";
import { builds, memoryOf } from "./builds.js";

const points = Float32Array.from({ length: 40000 }, (_, i) => (i - 20000) * 6e-4);
const functions = {
  tanhArray: Math.tanh,
  sigmoidArray: (v: number): number => 1 / (1 + Math.exp(-v)),
} as const;

describe.each(builds)("activations, %s build", (build) => {
  const memory = memoryOf(build);
  const evaluate = (name: keyof typeof functions, values: Float32Array): Float32Array => {
    const address = memory.scratch(values.length * 4);
    memory.f32.set(values, address >> 2);
    memory.exports[name](address, address, values.length);
    return memory.floats(address, values.length).slice();
  };

  test.each(["tanhArray", "sigmoidArray"] as const)("%s is within 4e-7 on [-12, 12]", (name) => {
    const found = evaluate(name, points);
    const worst = points.reduce((w, x, i) => Math.max(w, Math.abs((found[i] as number) - functions[name](x))), 0);
    expect(worst).toBeLessThan(4e-7);
  });

  test("tanh keeps its relative accuracy near 0", () => {
    const small = Float32Array.from({ length: 64 }, (_, i) => 2 ** -(i % 40) * (i % 2 ? 0.7 : -0.9));
    evaluate("tanhArray", small).forEach((value, i) =>
      expect(Math.abs(value / Math.tanh(small[i] as number) - 1)).toBeLessThan(5e-7),
    );
  });

  test("infinities saturate exactly and NaN stays", () => {
    const ends = Float32Array.of(Infinity, -Infinity, NaN, 0);
    expect([...evaluate("tanhArray", ends)]).toEqual([1, -1, NaN, 0]);
    expect([...evaluate("sigmoidArray", ends)]).toEqual([1, 0, NaN, 0.5]);
  });
});
