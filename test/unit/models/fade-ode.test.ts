import { readFileSync } from "node:fs";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { crossingOf, stepsWithin } from "../../../src/datasets/index.js";
import type { ForwardModel } from "../../../src/models/index.js";
import { models } from "../../../src/models/index.js";
import { odeSolvers } from "../../../src/models/ode-parameters.js";
import { odeintEvent } from "../../../src/ode/index.js";
import type { BatchTensors } from "../../../src/tensor/index.js";
import { useBackend, useKernels } from "../../../src/tensor/index.js";
import { odeActivations } from "../../../src/tensor/ops/ode-types.js";
import { kernelsNames, kernelsWork } from "../../../src/tensor/kernels/index.js";
import * as tf from "../../../src/tensor/tf.js";
import { backends } from "../tensor/backends.js";
import { drawn, relativeError } from "./drawn.js";
import type { Summary } from "./drawn.js";
import { cases as casesOf } from "../../cases.js";

interface Shape {
  readonly batch: number;
  readonly window: number;
  readonly features: number;
  readonly horizon: number;
}

interface Case extends Shape {
  readonly params: Readonly<Record<string, unknown>>;
  readonly soh_r: Summary;
  readonly loss: number;
  readonly gradients: Readonly<Record<string, Summary>>;
  /** PyTorch float32's own errors, by name. */
  readonly float32: Readonly<Record<string, number>>;
}

const file = new URL("../../fixtures/models/fade_ode.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(file, "utf8")) as { cases: readonly Case[] };
/** Largest difference over largest reference value: op by op, or twice PyTorch float32's own where steps hang on rounding. */
const toleranceOf = ({ float32 }: Case, name: string): number => Math.max(1e-5, 2 * (float32[name] as number));

async function build({ features, window, horizon }: Shape, params: object, scale = 0.5): Promise<ForwardModel> {
  const entry = models.get("fade_ode");
  const Model = await entry.load();
  const at = (value: (h: number) => number) => Array.from({ length: horizon }, (_, h) => value(h));
  const normalisation = {
    ...{ xMean: Array<number>(features).fill(0), xStd: Array<number>(features).fill(1) },
    ...{ deltaMean: at((h) => -0.0078125 * (h + 1)), deltaStd: at(() => 0.03125) },
    // The scale that the model must not use is NaN.
    ...{ sohMean: at(() => NaN), sohStd: at(() => NaN) },
  };
  const facts = { features, window, horizon, normalisation, seeds: { init: 1, dropout: 1 } };
  const model = new Model(entry.parameters.parse({ dropout: 0, ...params }), facts);
  model.setWeights(new Map([...model.variables].map(([name, v]) => [name, drawn(name, v.size, scale)])));
  return model;
}

function batchOf({ batch, window, features, horizon }: Shape, label = ""): BatchTensors {
  const near = (name: string, size: number) => drawn(name, size, 0.1).map((value) => 0.8 + value);
  return {
    size: batch,
    x: tf.tensor3d(drawn(`x${label}`, batch * window * features, 2), [batch, window, features]),
    windowSoh: tf.zeros([batch, window]),
    cycles: Int32Array.from({ length: batch * window }, (_, i) => (i % window) + 1),
    lastSoh: tf.tensor2d(near("last", batch), [batch, 1]),
    target: tf.tensor2d(near("target", batch * horizon), [batch, horizon]),
    tEval: tf.tensor1d(Array.from({ length: horizon }, (_, h) => h + 1)),
  };
}

const settings = backends.flatMap((backend) =>
  kernelsNames.filter(kernelsWork).map((kernels) => [backend, kernels] as const),
);

describe.each(settings)("on %s with kernels %s, against torchdiffeq in float64", (backend, kernels) => {
  beforeAll(async () => {
    await useBackend(backend);
    await useKernels(kernels);
  });

  test.each(cases.map((c) => [JSON.stringify(c.params), c] as const))("%s", async (_title, c) => {
    const model = await build(c, c.params);
    const batch = batchOf(c);
    expect([...model.variables.keys(), "x"].sort()).toEqual(Object.keys(c.gradients).sort());
    const lossOf = (x: tf.Tensor3D): tf.Scalar => {
      const { outputs, traj } = model.forward({ ...batch, x }, batch.tEval);
      return model.computeLoss(batch, outputs, traj).loss;
    };
    const { soh_r } = model.forward(batch, batch.tEval).outputs;
    const errors: Record<string, number> = { soh_r: relativeError(soh_r.dataSync(), c.soh_r) };
    const { value, grads } = tf.variableGrads(() => lossOf(batch.x), [...model.variables.values()]);
    for (const [name, variable] of model.variables)
      errors[name] = relativeError(grads[variable.name]?.dataSync() ?? [], c.gradients[name] as Summary);
    errors["x"] = relativeError(
      tf
        .grad((x) => lossOf(x as tf.Tensor3D))(batch.x)
        .dataSync(),
      c.gradients["x"] as Summary,
    );
    errors["loss"] = Math.abs((value.dataSync()[0] as number) - c.loss) / c.loss;
    expect(Object.entries(errors).filter(([name, error]) => !(error <= toleranceOf(c, name)))).toEqual([]);
    model.dispose();
  });
});

describe("what the physics promise", () => {
  const shape = { batch: 4, window: 6, features: 2, horizon: 20 };
  beforeAll(async () => {
    await useBackend("wasm");
    await useKernels("auto");
  });

  interface Solved {
    readonly path: number[][];
    readonly parts: Readonly<Record<"fade" | "recovery" | "residual", number[][] | undefined>>;
    readonly lastSoh: Float32Array;
  }

  function solve(model: ForwardModel, batch: BatchTensors): Solved {
    const { soh_r, fade, recovery, residual } = model.forward(batch, batch.tEval).outputs;
    const [path, ...parts] = [soh_r, fade, recovery, residual].map((of) => of?.arraySync() as number[][] | undefined);
    return {
      path: path as number[][],
      parts: { fade: parts[0], recovery: parts[1], residual: parts[2] },
      lastSoh: batch.lastSoh.dataSync() as Float32Array,
    };
  }

  const drawnWeights = fc.record({
    label: fc.string({ maxLength: 3 }),
    scale: fc.constantFrom(0.1, 1, 3),
    solver: fc.constantFrom(...odeSolvers),
    activation: fc.constantFrom(...odeActivations),
    recoveries: fc.integer({ min: 0, max: 3 }),
    depth: fc.integer({ min: 1, max: 2 }),
  });

  test("without the residual a path rises by its recoveries alone, whatever the weights, from the last SOH on", async () => {
    let rising = 0;
    await fc.assert(
      fc.asyncProperty(drawnWeights, async ({ label, scale, ...params }) => {
        const loose = { rtol: 0.1, atol: 0.1, step_size: 1, neural_residual: false, width: 8 };
        const model = await build(shape, { ...loose, ...params }, scale);
        const { path, parts, lastSoh } = solve(model, batchOf(shape, label));
        path.forEach((soh, b) => {
          const last = lastSoh[b] as number;
          let before = last;
          soh.forEach((value, h) => {
            const physics = value - (parts.recovery?.[b]?.[h] ?? 0);
            expect(physics).toBeLessThanOrEqual(before + 2e-7 * Math.max(1, Math.abs(value)));
            before = physics;
          });
          if (Math.max(...soh) > last) rising++;
          const falls = (parts.fade?.[b] ?? []).map((fade, h, all) => fade - (all[h - 1] ?? 0));
          expect(Math.min(...falls)).toBeGreaterThanOrEqual(0);
        });
        expect(parts.residual).toBeUndefined();
        if (params.recoveries === 0) expect(parts.recovery).toBeUndefined();
        model.dispose();
      }),
      { numRuns: casesOf(60), seed: 1 },
    );
    // Recoveries do raise paths: the promise is not kept by paths that only fall.
    expect(rising).toBeGreaterThan(casesOf(60) / 3);
  });

  test.each([
    ["tanh", -20],
    ["relu", -1],
    ["silu", -1.2784645],
    ["gelu", -0.7517916],
  ])("where %s is lowest the fade stands still", async (activation, lowest) => {
    const model = await build(shape, { activation, width: 3, neural_residual: false }, 0);
    const none = Float32Array.of(-40);
    model.setWeights(new Map([...ownBias(lowest), ["fade.2.bias", none]]));
    const [fade] = solve(model, batchOf(shape)).parts.fade as [number[]];
    fade.forEach((value, h) => expect(value).toBeGreaterThanOrEqual(fade[h - 1] ?? 0));
    expect(fade[19]).toBeLessThan(3e-6);
    model.dispose();
  });

  const ownBias = (value: number) => [["fade.0.bias", new Float32Array(3).fill(value)] as const];

  test("with all weights at 0 the fade is the training part's mean, a line", async () => {
    const model = await build(shape, { neural_residual: true }, 0);
    const { path, lastSoh } = solve(model, batchOf(shape));
    // positive(0) is 1, and so is tanh(0) over its floor: the rate is rate / 2 * (1 + 1).
    path.forEach((soh, b) => {
      soh.forEach((value, h) => {
        expect(value).toBeCloseTo((lastSoh[b] as number) - 0.0078125 * (h + 1), 6);
      });
    });
    model.dispose();
  });

  test("a recovery relaxes: what a rest gave goes, what is still missing comes back", async () => {
    const model = await build(shape, { recoveries: 2 }, 0);
    // Amounts 1 and -0.5 in deviations of 0.03125, rates 1 and 1/8 a cycle.
    model.setWeights(new Map([["recovery.bias", Float32Array.of(1, -0.5, 0, 0)]]));
    const [recovery] = solve(model, batchOf(shape)).parts.recovery as [number[]];
    recovery.forEach((value, h) => {
      const gone = Math.exp(-(h + 1)) - 1;
      const back = -0.5 * (Math.exp(-(h + 1) / 8) - 1);
      expect(value).toBeCloseTo(0.03125 * (gone + back), 7);
    });
    model.dispose();
  });

  test("its end of life is where the event function has it, and in that whole cycle", async () => {
    const long = { ...shape, horizon: 40 };
    const model = await build(long, { neural_residual: false, recoveries: 0, width: 4, latent_size: 2 });
    const batch = batchOf(long);
    const { path, lastSoh } = solve(model, batch);
    const { traj } = model.forward(batch, batch.tEval);
    const [starts] = traj?.arraySync() as number[][][];
    const of = (name: string) => model.weights().get(name) as Float32Array;
    const [first, bias, last, least] = ["fade.0.weight", "fade.0.bias", "fade.2.weight", "fade.2.bias"].map(of);
    const positive = (x = NaN) => Math.log1p(Math.exp(x)) / Math.LN2;
    // 0.0078125 a cycle is the mean fade, 16 cycles a unit of time, 0.03125 SOH one of fade.
    const rate = ((0.0078125 / 0.03125) * 16) / 2;
    const slope = (y: Float64Array) =>
      rate *
      Array.from(last as Float32Array).reduce((sum, weight, i) => {
        const input = y.reduce((all, value, j) => all + value * (first?.[3 * i + j] as number), bias?.[i] as number);
        return sum + (positive(weight) * (Math.tanh(input) + 1)) / 4;
      }, positive(least?.[0]));
    path.forEach((soh, b) => {
      const from = lastSoh[b] as number;
      const eol = from - 0.1;
      const { eventTime } = odeintEvent((_t, y) => [0, 0, slope(y)], Float64Array.from(starts?.[b] ?? []), 0, {
        ...{ eventFn: (_t, y) => from - 0.03125 * (y[2] as number) - eol, until: 40 / 16, method: "dopri5" },
        ...{ rtol: 1e-9, atol: 1e-10 },
      });
      const cycles = 16 * eventTime;
      expect(crossingOf(soh, eol, from)).toBeCloseTo(cycles, 2);
      expect(stepsWithin(soh, eol)).toBe(Math.ceil(cycles));
    });
    model.dispose();
  });

  test("the parts add up to the path, and the residual's share is of their sizes", async () => {
    const model = await build(shape, {});
    const batch = batchOf(shape);
    const { outputs, traj } = model.forward(batch, batch.tEval);
    const { path, parts, lastSoh } = solve(model, batch);
    const sizeOf = (part: number[] | undefined) => (part ?? []).reduce((sum, value) => sum + Math.abs(value), 0);
    let share = 0;
    path.forEach((soh, b) => {
      const [fade, recovery, residual] = [parts.fade?.[b], parts.recovery?.[b], parts.residual?.[b]];
      soh.forEach((value, h) => {
        const sum = (recovery?.[h] as number) + (residual?.[h] as number) - (fade?.[h] as number);
        expect(value).toBeCloseTo((lastSoh[b] as number) + sum, 6);
      });
      share += sizeOf(residual) / (sizeOf(fade) + sizeOf(recovery) + sizeOf(residual)) / path.length;
    });
    const { metrics = {} } = model.computeLoss(batch, outputs, traj);
    expect((metrics["residual_share"] as tf.Scalar).dataSync()[0]).toBeCloseTo(share, 5);
    // rk4, a step a cycle.
    expect(metrics).toMatchObject({ evaluations: 80, steps_accepted: 20, steps_rejected: 0 });
    expect(traj?.shape).toEqual([21, 4, 6]);
    model.dispose();
  });

  test("its penalty draws the residual to 0", async () => {
    const lossOf = async (residual_penalty: number): Promise<number> => {
      const model = await build(shape, { residual_penalty });
      const batch = batchOf(shape);
      const { outputs, traj } = model.forward(batch, batch.tEval);
      const { loss } = model.computeLoss(batch, outputs, traj);
      model.dispose();
      return (loss.dataSync()[0] as number) - residual_penalty * meanSquare(outputs["residual"] as tf.Tensor);
    };
    expect(await lossOf(4)).toBeCloseTo(await lossOf(0), 4);
  });

  const meanSquare = (residual: tf.Tensor): number =>
    (residual.dataSync() as Float32Array).reduce((sum, value) => sum + (value / 0.03125) ** 2, 0) / residual.size;

  /** Of every weight, by its name. */
  const gradientsBy = async (params: object): Promise<Map<string, Float32Array>> => {
    const model = await build(shape, { latent_size: 2, width: 4, ...params });
    const batch = batchOf(shape);
    const { grads } = tf.variableGrads(() => {
      const { outputs, traj } = model.forward(batch, batch.tEval);
      return model.computeLoss(batch, outputs, traj).loss;
    }, [...model.variables.values()]);
    const gradients = [...model.variables].map(
      ([name, variable]) => [name, grads[variable.name]?.dataSync().slice() as Float32Array] as const,
    );
    model.dispose();
    return new Map(gradients);
  };

  // A gradient that evaluates the slopes anew finds the layers that a forward pass made of the weights gone.
  test.each(
    ["dopri5", "explicit_adams", "dopri8", "esdirk54"].flatMap((solver) =>
      [false, true].map((adjoint) => [solver, adjoint] as const),
    ),
  )("its gradients are those of the ODE by %s, adjoint %s", async (solver, adjoint) => {
    const exact = await gradientsBy({ solver: "rk4", step_size: 0.25 });
    for (const [name, found] of await gradientsBy({ solver, adjoint, step_size: 0.5, rtol: 1e-5, atol: 1e-6 })) {
      const values = [...(exact.get(name) as Float32Array)];
      const max = Math.max(...values.map(Math.abs));
      expect(relativeError(found, { shape: [values.length], max, values }), name).toBeLessThan(2e-3);
    }
  });

  test("a state too large for the stiff solver is refused before anything is trained", async () => {
    const stiff = { solver: "esdirk54", latent_size: 63 };
    await expect(build(shape, stiff)).rejects.toMatchObject({ code: "invalid-ode", message: /65/ });
    // Without the residual it is of 64.
    (await build(shape, { ...stiff, neural_residual: false })).dispose();
  });

  test("a cell that does not fade is begun with a deviation over the horizon", async () => {
    const entry = models.get("fade_ode");
    const flat = { xMean: [0, 0], xStd: [1, 1], sohMean: [0.9, 0.9], sohStd: [0.1, 0.1], deltaMean: [0, 0.01] };
    const facts = { features: 2, window: 6, horizon: 2, normalisation: { ...flat, deltaStd: [0.02, 0.02] } };
    const model = new (await entry.load())(entry.parameters.parse({}), { ...facts, seeds: { init: 1, dropout: 1 } });
    model.setWeights(new Map([...model.variables].map(([name, v]) => [name, new Float32Array(v.size)])));
    const batch = batchOf({ ...shape, horizon: 2 });
    const [[, end]] = solve(model, batch).parts.fade as [[number, number]];
    expect(end).toBeCloseTo(0.02, 7);
    model.dispose();
  });
});
