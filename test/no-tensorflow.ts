/** Runs once before all tests: a TensorFlow that somebody has installed changes nothing, unless they ask for it. */
import { join } from "node:path";
import { tmpdir } from "node:os";

/** `MLBENCH_TENSORFLOW=1`, as `.ci/run` sets it, leaves the cache as it is. */
export default function noTensorflow(): void {
  if (process.env["MLBENCH_TENSORFLOW"] === "1") return;
  process.env["XDG_CACHE_HOME"] = join(tmpdir(), "mlbench-hpo-no-cache");
}
