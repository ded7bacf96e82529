import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import type { ConfigValue } from "../../../src/core/index.js";
import { predictCheckpoint } from "../../../src/training/predict.js";
import { run } from "../../../src/training/run.js";

const python = process.env["MLBENCH_PYTHON"] ?? "python3";
const script = fileURLToPath(new URL("torch_predict.py", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "mlbench-torch-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Why PyTorch cannot be asked here; null when it can. */
function whyNot(modules: string): string | null {
  try {
    execFileSync(python, ["-c", `import ${modules}`], { stdio: "pipe" });
    return null;
  } catch {
    return `${python} has not all of ${modules} (set MLBENCH_PYTHON to one that has)`;
  }
}

const data = { "data.cells": 3, "data.cycles": 30, "data.window": 6, "data.horizon": 10 };
const lstm = (layers: number, hidden: number, more: Record<string, ConfigValue> = {}) =>
  ["lstm", { "model.layers": layers, "model.hidden_size": hidden, "model.dropout": 0, ...more }] as const;

const cases: (readonly [string, Record<string, ConfigValue>])[] = [
  ...[1, 33, 64].flatMap((hidden) => [1, 2, 3].map((layers) => lstm(layers, hidden))),
  lstm(1, 33, { "data.horizon": 1 }),
  lstm(2, 64, { "data.horizon": 1, "model.residual": false }),
  lstm(1, 33, { "model.residual": false }),
  lstm(2, 33, { "model.dropout": 0.3 }),
  lstm(1, 16, { "model.head": "mlp", "model.head_size": 5 }),
  ["gru", { "model.layers": 2, "model.hidden_size": 33 }],
  ["mlp", {}],
  ["mlp", { "model.activation": "gelu", "model.layers": 3, "model.residual": false, "data.horizon": 1 }],
];

/** What torchdiffeq is needed for. */
const odes: typeof cases = [
  ["node", { "model.hidden_size": 33, "model.latent_size": 9 }],
  [
    "node",
    { "model.solver": "dopri5", "model.depth": 2, "model.activation": "silu", "data.horizon": 50, "data.cycles": 70 },
  ],
  ["node", { "model.solver": "heun", "model.encoder": "mlp", "model.step_size": 2, "model.residual": false }],
  ["node", { "model.solver": "euler", "model.activation": "relu", "data.horizon": 1 }],
  ["anode", { "model.augment": 3, "model.dropout": 0.3 }],
  ["anode", { "model.solver": "bosh3", "model.rtol": 1e-4, "model.atol": 1e-5, "model.activation": "gelu" }],
  ["ode_rnn", { "model.latent_size": 17, "data.drop_cycles": 0.3 }],
  ["ode_rnn", { "model.solver": "midpoint", "model.depth": 2, "model.residual": false, "data.horizon": 1 }],
  ["ode_rnn", { "model.solver": "dopri5", "model.rtol": 1e-5, "model.atol": 1e-6, "data.drop_cycles": 0.2 }],
  ["latent_ode", { "model.latent_size": 7, "data.drop_cycles": 0.3, "model.dropout": 0.3 }],
  ["latent_ode", { "model.solver": "euler", "model.activation": "gelu", "data.horizon": 50, "data.cycles": 70 }],
  ["latent_ode", { "model.solver": "bosh3", "model.rtol": 1e-4, "model.residual": false, "data.missing_cycles": 0.1 }],
  ["anode", { "model.solver": "midpoint", "model.depth": 3, "model.latent_size": 1, "model.augment": 1 }],
];

test.for([
  ["PyTorch", "torch, safetensors", cases],
  ["torchdiffeq", "torch, safetensors, torchdiffeq", odes],
] as const)(
  "%s predicts the same from our checkpoints, to 1e-5 in SOH",
  { timeout: 90_000 },
  async ([name, modules, checkpoints], context) => {
    const reason = whyNot(modules);
    if (reason) {
      console.warn(`skipped: ${reason}`);
      context.skip(reason);
    }
    const files: string[] = [];
    for (const [i, [model, params]] of checkpoints.entries()) {
      const [checkpoint, dump] = [`${name}.${i}.safetensors`, `${name}.${i}.dump.safetensors`].map((file) =>
        join(folder, file),
      ) as [string, string];
      const all = { ...data, "train.epochs": 1, "train.lr": 0.01, ...params };
      await run({ model, dataset: "dummy", seed: i, params: all }, { checkpoint, baselines: false });
      await (await predictCheckpoint(checkpoint)).dump(dump);
      files.push(checkpoint, dump);
    }
    const differences = JSON.parse(execFileSync(python, [script, ...files], { encoding: "utf8" })) as number[];
    expect(differences).toHaveLength(checkpoints.length);
    differences.forEach((difference, i) => expect(difference, JSON.stringify(checkpoints[i])).toBeLessThan(1e-5));
  },
);
