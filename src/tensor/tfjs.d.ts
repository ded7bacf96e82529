export * from "@tensorflow/tfjs-core";
export declare function setWasmPaths(
  prefixOrFileMap: string | Record<string, string>,
  usePlatformFetch?: boolean,
): void;
