import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { symmetricEigen } from "../../../src/samplers/cmaes/symmetric-eigen.js";

/** The largest entry of |A V - V D| and of |V' V - 1|, relative to the largest of A. */
function residuals(matrix: Float64Array, n: number): { equation: number; orthogonality: number } {
  const { values, vectors } = symmetricEigen(matrix, n);
  const scale = Math.max(1e-300, ...matrix.map(Math.abs));
  let [equation, orthogonality] = [0, 0];
  for (let i = 0; i < n; i++)
    for (let k = 0; k < n; k++) {
      let [product, inner] = [0, 0];
      for (let j = 0; j < n; j++) {
        product += (matrix[i * n + j] as number) * (vectors[j * n + k] as number);
        inner += (vectors[j * n + i] as number) * (vectors[j * n + k] as number);
      }
      equation = Math.max(equation, Math.abs(product - (values[k] as number) * (vectors[i * n + k] as number)) / scale);
      orthogonality = Math.max(orthogonality, Math.abs(inner - (i === k ? 1 : 0)));
    }
  return { equation, orthogonality };
}

const symmetric = fc
  .tuple(fc.integer({ min: 1, max: 12 }), fc.constantFrom(1e-12, 1, 1e9), fc.boolean())
  .chain(([n, scale, sparse]) =>
    fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: n * n, maxLength: n * n }).map((entries) => {
      const matrix = new Float64Array(n * n);
      for (let i = 0; i < n; i++)
        for (let j = 0; j <= i; j++) {
          const entry = entries[i * n + j] as number;
          matrix[i * n + j] = matrix[j * n + i] = sparse && Math.abs(entry) < 0.7 ? 0 : scale * entry;
        }
      return { matrix, n };
    }),
  );

describe("symmetricEigen", () => {
  test("A V = V D with orthonormal V and ascending D, sparse and singular matrices included", () => {
    fc.assert(
      fc.property(symmetric, ({ matrix, n }) => {
        const before = matrix.slice();
        const { values } = symmetricEigen(matrix, n);
        const { equation, orthogonality } = residuals(matrix, n);
        expect(matrix).toEqual(before);
        expect(equation).toBeLessThan(1e-13 * n);
        expect(orthogonality).toBeLessThan(1e-13 * n);
        expect([...values]).toEqual([...values].sort((a, b) => a - b));
      }),
    );
  });

  test("the second difference's eigenvalues in closed form: 2 - 2 cos(k pi / (n + 1))", () => {
    const n = 40;
    const matrix = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      matrix[i * n + i] = 2;
      if (i > 0) matrix[i * n + i - 1] = matrix[(i - 1) * n + i] = -1;
    }
    const { values } = symmetricEigen(matrix, n);
    const off = Array.from(values, (v, i) => Math.abs(v - (2 - 2 * Math.cos(((i + 1) * Math.PI) / (n + 1)))));
    expect(Math.max(...off)).toBeLessThan(1e-13);
  });

  test("eigenvalues of very different size keep their trace and determinant", () => {
    // [[a, b], [b, c]] with eigenvalues 1e8 and 1e-4 at an angle of 0.3
    const [c, s] = [Math.cos(0.3), Math.sin(0.3)];
    const [large, small] = [1e8, 1e-4];
    const matrix = Float64Array.of(
      c * c * large + s * s * small,
      c * s * (large - small),
      c * s * (large - small),
      s * s * large + c * c * small,
    );
    const { values } = symmetricEigen(matrix, 2);
    expect(values[1]).toBeCloseTo(large, 5);
    // what rounding of the entries leaves of it
    expect(Math.abs((values[0] as number) - small)).toBeLessThan(large * 4 * Number.EPSILON);
  });
});
