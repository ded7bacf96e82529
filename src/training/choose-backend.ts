/** Which backend `auto` stands for: this package's kernels on wasm, or TensorFlow for models of large plain ops. */
import type { Dataset } from "../core/index.js";
import { builtInModels } from "../models/index.js";
import type { Backend } from "../tensor/index.js";
import { hasTensorflow, isMissingOp, opCostOf, useBackend, useKernels } from "../tensor/index.js";
import type { OpCost } from "../tensor/index.js";
import type { ResolvedConfig } from "./config.js";
import { Trainer } from "./trainer.js";

/**
 * From so many numbers an op on, in the mean over a training step, TensorFlow is the faster one: an op costs it 15 to 25
 * microseconds and its arithmetic little, on wasm 5 to 10 and its arithmetic much (docs/benchmarks.md).
 */
const ELEMENTS_PER_OP = 7_000;

/** Whether a step of so many ops is TensorFlow's. */
export function suitsTensorflow({ ops, elements }: OpCost): boolean {
  return ops > 0 && elements / ops >= ELEMENTS_PER_OP;
}

/** A step of training on wasm, of a model of its own that is thrown away. */
async function stepOnWasm(config: ResolvedConfig, dataset: Dataset): Promise<OpCost> {
  await useBackend("wasm");
  await useKernels(config.kernels);
  const trainer = await Trainer.create(config, dataset, { metrics: [] });
  try {
    // Not counted: of an op that fails while it is counted TensorFlow.js tells an error of its own making.
    trainer.tryStep();
    return await opCostOf(() => trainer.tryStep());
  } finally {
    trainer.dispose();
  }
}

/** @returns whether TensorFlow is to be tried: decided by what the model computes, never by a clock. */
async function isForTensorflow(config: ResolvedConfig, dataset: Dataset): Promise<boolean> {
  if (builtInModels.has(config.model) || !hasTensorflow()) return false;
  try {
    return suitsTensorflow(await stepOnWasm(config, dataset));
  } catch (error) {
    // Whatever else is wrong, the run itself meets it, where it can be told and kept.
    return isMissingOp(error);
  }
}

/**
 * Makes the backend of a run the active one. `auto` is `wasm`, on which this package's kernels run, else `cpu`; for a
 * model of the user's it is `tensorflow` where that is installed and a step of training is made of large enough ops, or
 * of ops that wasm does not have.
 * @throws UsageError `backend-unavailable`
 */
export async function chooseBackend(config: ResolvedConfig, dataset: Dataset): Promise<Backend> {
  if (config.backend !== "auto") return useBackend(config.backend);
  if (!(await isForTensorflow(config, dataset))) return useBackend("auto");
  return useBackend("tensorflow").catch(() => useBackend("auto"));
}
