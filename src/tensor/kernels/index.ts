/** The fused kernels: chosen, loaded, and put behind the interface of `../ops`. */
import type { IsaName, KernelsName } from "../../core/run.js";
import { plainOps } from "../ops/plain.js";
import type { Ops } from "../ops/ops.js";
import { FusedRunner } from "./batch-runner.js";
import { DenseKernels, fusedDense } from "./dense.js";
import { KernelMemory } from "./memory.js";
import { fusedOde, OdeKernels } from "./ode.js";
import { fusedPathLoss, fusedToPath } from "./path-loss.js";
import { fusedRecurrent } from "./recurrent-op.js";
import { RecurrentKernels } from "./recurrent.js";
import { isaOf } from "./select.js";
import { FusedUpdate } from "./update.js";
import { WindowRowsStore } from "./window-rows.js";

export { isaOf, kernelsNames, kernelsReason, kernelsWork, resolveKernels } from "./select.js";
export { KernelMemory } from "./memory.js";

/** One set of ops over a memory of its own. */
export function createFusedOps(memory: KernelMemory): Ops {
  const recurrent = new RecurrentKernels(memory);
  const dense = new DenseKernels(memory);
  const rows = new WindowRowsStore(memory);
  const ode = new OdeKernels(memory);
  return {
    name: memory.build,
    lstm: (x, layers, options) => fusedRecurrent(recurrent, "lstm", x, layers, options),
    gru: (x, layers, options) => fusedRecurrent(recurrent, "gru", x, layers, options),
    dense: (...args) => fusedDense(dense, ...args),
    pathLoss: fusedPathLoss,
    toPath: fusedToPath,
    createUpdate: (rule, variables) => new FusedUpdate(memory, rule, variables),
    createRunner: (network) => new FusedRunner(memory, network, rows),
    odeMlp: (problem) => fusedOde(ode, problem),
  };
}

const loaded = new Map<string, Ops>();

/** The ops of a build; the kernels are loaded once a thread. */
export function opsFor(name: KernelsName): Ops {
  if (name === "none") return plainOps;
  const isa: IsaName | null = isaOf(name);
  const key = `${name} ${isa ?? ""}`;
  let ops = loaded.get(key);
  if (!ops) loaded.set(key, (ops = createFusedOps(new KernelMemory(name, isa ?? undefined))));
  return ops;
}
