// What the bundle `#tfjs` holds: TensorFlow.js's core with gradients and chained ops, and its cpu and wasm backends.
// The umbrella package would do, but weighs 141 MB and loads in 110-160 ms; this loads in about 45 ms.
export * from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-core/dist/register_all_gradients.js";
import "@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js";
import "@tensorflow/tfjs-backend-cpu";
export { setWasmPaths, BackendWasm } from "@tensorflow/tfjs-backend-wasm";
