/** The types of the bundled TensorFlow.js; those of its core are copied by the build. */
export * from "../../dist/vendor/tfjs/index.js";
/** Where the WebAssembly backend's files are. */
export declare function setWasmPaths(
  prefixOrFileMap: string | Record<string, string>,
  usePlatformFetch?: boolean,
): void;
