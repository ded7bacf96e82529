import { beforeAll, describe, expect, test } from "vitest";
import type { Ops } from "../../../../src/tensor/index.js";
import { plainOps, useBackend } from "../../../../src/tensor/index.js";
import { relativeError } from "../../models/drawn.js";
import { freshOps, settings } from "./builds.js";
import { tolerance } from "./fixture.js";
import { type OdeCase, odeCases, solveOde } from "./ode-problem.js";

/** A hundred distinct titles. */
const titled = odeCases.map(
  (c, i) => [`${i}: ${c.method}, ${c.gradient}, [${c.batch},${c.D}] ${c.activation}`, c] as const,
);

function requireAsTorchdiffeq(ops: Ops, c: OdeCase, allowed: (reference: OdeCase["tensors"][string]) => number): void {
  const found = solveOde(ops, c);
  expect.soft(found.counts).toEqual(c.counts);
  expect.soft(found.adjointCounts).toEqual(c.adjointCounts);
  for (const [name, reference] of Object.entries(c.tensors))
    expect.soft(relativeError(found.tensors.get(name) ?? [], reference), name).toBeLessThanOrEqual(allowed(reference));
}

describe.each(settings)("ODEs as torchdiffeq's in float64, on %s, %s build", (backend, build) => {
  const { ops } = freshOps(build);
  beforeAll(async () => {
    await useBackend(backend);
  });
  test.each(titled)("%s", (_, c) => {
    requireAsTorchdiffeq(ops, c, tolerance);
  });
});

describe("ODEs as torchdiffeq's in float64, op by op", () => {
  beforeAll(async () => {
    await useBackend("cpu");
  });
  test.each(titled)("%s", (_, c) => {
    requireAsTorchdiffeq(plainOps, c, (reference) => Math.max(1e-5, tolerance(reference)));
  });
});
