/** The types of the bundled TensorFlow.js. */
export * from "@tensorflow/tfjs-core";
export declare function setWasmPaths(
  prefixOrFileMap: string | Record<string, string>,
  usePlatformFetch?: boolean,
): void;
