/** Where the compiled workers are. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { MlbenchError } from "../core/index.js";

/**
 * The compiled worker beside this module. Run from the sources (tests), it is the one that the last build left in
 * `dist/`.
 * @throws MlbenchError `worker-missing`.
 */
export function workerFile(name: "thread" | "process"): string {
  const here = import.meta.url.replace(/\/src\/executors\/[^/]*$/, "/dist/executors/");
  const file = fileURLToPath(new URL(`../worker/${name}.js`, here));
  if (!existsSync(file))
    throw new MlbenchError("worker-missing", `worker/${name}.js is missing: build first (npm run build)`);
  return file;
}
