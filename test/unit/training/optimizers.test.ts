import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { createUpdate, useBackend, useKernels } from "../../../src/tensor/index.js";
import { kernelsNames, kernelsWork } from "../../../src/tensor/kernels/index.js";
import type { Update, UpdateRule } from "../../../src/tensor/index.js";
import * as tf from "../../../src/tensor/tf.js";
import { drawn } from "../models/drawn.js";
import { backends } from "../tensor/backends.js";

type Name = "a.weight" | "b";

interface Case {
  name: string;
  rule: UpdateRule;
  options: { weight_decay: number; betas?: [number, number]; eps?: number; momentum?: number; nesterov?: boolean };
  clip: number;
  shapes: Record<Name, number[]>;
  steps: ({ lr: number } & Record<Name, number[]>)[];
}

const file = new URL("../../fixtures/training/optimizers.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(file, "utf8")) as { cases: Case[] };

const sizeOf = (shape: number[]) => shape.reduce((a, b) => a * b, 1);

function variablesOf(c: Case): Map<Name, tf.Variable> {
  return new Map(
    Object.entries(c.shapes).map(([name, shape]) => [
      name as Name,
      tf.variable(tf.tensor(drawn(name, sizeOf(shape), 1), shape)),
    ]),
  );
}

function step(c: Case, update: Update, index: number): void {
  const gradients = new Map(
    Object.entries(c.shapes).map(([name, shape]) => [
      name,
      tf.tensor(drawn(`${name}${index}`, sizeOf(shape), 10 ** ((index % 4) - 2)), shape),
    ]),
  );
  const { weight_decay: weightDecay, ...rest } = c.options;
  const lr = (c.steps[index] as Case["steps"][number]).lr;
  update.step(gradients, { ...rest, weightDecay, lr, maxNorm: c.clip, t: index + 1 });
  tf.dispose([...gradients.values()]);
}

function compare(c: Case, index: number, variables: Map<Name, tf.Variable>): void {
  const reference = c.steps[index] as Case["steps"][number];
  for (const [name, variable] of variables)
    variable.dataSync().forEach((value, i) => {
      const wanted = reference[name][i] as number;
      expect(Math.abs(value - wanted), `${name}[${i}] after step ${index + 1}`).toBeLessThan(2e-6);
    });
}

const settings = backends.flatMap((backend) =>
  kernelsNames.filter(kernelsWork).map((kernels) => [backend, kernels] as const),
);

describe.each(settings)("on %s with kernels %s", (backend, kernels) => {
  beforeAll(async () => {
    await useBackend(backend);
    await useKernels(kernels);
  });

  test.each(cases.map((c) => [c.name, c] as const))("%s goes step by step as PyTorch's", (_name, c) => {
    const variables = variablesOf(c);
    const update = createUpdate(c.rule, variables);
    for (let index = 0; index < c.steps.length; index++) {
      step(c, update, index);
      compare(c, index, variables);
    }
  });

  test.each(cases.map((c) => [c.name, c] as const))("%s goes on from its state bit for bit", (_name, c) => {
    const through = variablesOf(c);
    const update = createUpdate(c.rule, through);
    for (let index = 0; index < 5; index++) step(c, update, index);
    const copy = new Map([...through].map(([name, v]) => [name, tf.variable(v.clone())]));
    const continued = createUpdate(c.rule, copy);
    continued.restore(update.state());
    for (let index = 5; index < 9; index++) {
      step(c, update, index);
      step(c, continued, index);
    }
    for (const [name, variable] of through) expect(copy.get(name)?.dataSync()).toEqual(variable.dataSync());
    expect(continued.state()).toEqual(update.state());
  });

  test("a NaN gradient reaches every weight through the global norm, as in PyTorch", () => {
    const c = cases[0] as Case;
    const variables = variablesOf(c);
    const gradients = new Map<string, tf.Tensor>([
      ["a.weight", tf.fill([3, 2], NaN)],
      ["b", tf.ones([4])],
    ]);
    createUpdate("sgd", variables).step(gradients, { lr: 0.1, weightDecay: 0, maxNorm: 1, t: 1 });
    for (const variable of variables.values()) expect([...variable.dataSync()].every(Number.isNaN)).toBe(true);
  });

  test("a variable without a gradient stays as it is", () => {
    const c = cases[0] as Case;
    const variables = variablesOf(c);
    const before = variables.get("b")?.dataSync().slice();
    const gradients = new Map<string, tf.Tensor>([["a.weight", tf.ones([3, 2])]]);
    createUpdate("adamw", variables).step(gradients, { lr: 0.1, weightDecay: 0.1, maxNorm: 1, t: 1 });
    expect(variables.get("b")?.dataSync()).toEqual(before);
  });
});
