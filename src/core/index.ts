export * from "./batch.js";
export * from "./distribution.js";
export * from "./errors.js";
export * from "./json.js";
export * from "./rng.js";
export * from "./trial.js";
export * from "./run.js";
export * from "./study.js";
