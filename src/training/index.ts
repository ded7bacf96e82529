/** Training: configuration, runs, checkpoints, evaluation, prediction. */
export * from "./checkpoint.js";
export type { CheckpointOptions } from "./checkpoint-data.js";
export * from "./config.js";
export * from "./evaluate.js";
export { checkpointModel } from "./load-checkpoint.js";
export { evaluate, trainOneEpoch } from "./loop.js";
export type { EpochOptions, PassControl } from "./loop.js";
export type { Divergence, PassResult } from "./metrics.js";
export * from "./optimizers/index.js";
export * from "./predict.js";
export * from "./predict-paths.js";
export * from "./prediction.js";
export * from "./run.js";
export { decodeSafetensors, encodeSafetensors, FormatError } from "./safetensors.js";
export * from "./schedulers/index.js";
export * from "./trial-scores.js";
