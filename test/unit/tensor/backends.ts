import type { BackendName } from "../../../src/core/index.js";

/**
 * The backends that the suites run on. TensorFlow is asked for by MLBENCH_TENSORFLOW=1, as `.ci/run` does after
 * `backends install tensorflow`: whether somebody has it installed must not change what `npm test` does.
 */
export const backends: readonly BackendName[] =
  process.env["MLBENCH_TENSORFLOW"] === "1" ? ["cpu", "wasm", "tensorflow"] : ["cpu", "wasm"];
