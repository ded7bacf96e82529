/** The one door to TensorFlow.js: backends, ops, kernels. */
export * from "./backend.js";
export { isMissingOp, opCostOf } from "./op-cost.js";
export type { OpCost } from "./op-cost.js";
export { hasTensorflow, tensorflowTakesThreads } from "./tensorflow-files.js";
export * from "./batch-tensors.js";
export * from "./ops/index.js";
export { isaOf, kernelsWork } from "./kernels/select.js";
export { useKernels } from "./use-kernels.js";
