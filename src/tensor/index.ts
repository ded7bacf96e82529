export * from "./backend.js";
export * from "./batch-tensors.js";
export * from "./ops/index.js";
