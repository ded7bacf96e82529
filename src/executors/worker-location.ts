import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { MlbenchError } from "../core/index.js";

/**
 * The compiled worker beside this module. Run from the sources (tests), it is the one that the last build left in
 * `dist/`.
 * @throws MlbenchError `worker-missing`.
 */
export function workerFile(name: "worker" | "worker-process" | "worker-watch"): string {
  const here = import.meta.url.replace(/\/src\/executors\/[^/]*$/, "/dist/executors/");
  const file = fileURLToPath(new URL(`./${name}.js`, here));
  if (!existsSync(file))
    throw new MlbenchError("worker-missing", `${name}.js is missing beside the executors: build first (npm run build)`);
  return file;
}
