/** The folder of what the build made: TensorFlow.js and its wasm files, the fused kernels. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { UsageError } from "../core/errors.js";

/**
 * Its path, with a slash at the end: beside the compiled sources, or in dist when the sources themselves run (tests).
 * @throws UsageError `not-built`
 */
export function vendorDirectory(): string {
  for (const relative of ["../vendor/", "../../dist/vendor/"]) {
    const directory = fileURLToPath(new URL(relative, import.meta.url));
    if (existsSync(`${directory}tfjs-backend-wasm.wasm`)) return directory;
  }
  throw new UsageError("not-built", "dist/vendor is missing: run `npm run build` first");
}
