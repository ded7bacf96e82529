/** The backend of a study's trials: that of its first one, unless it is told otherwise. */
import { availableParallelism } from "node:os";
import type { BackendName, Trial } from "../core/index.js";
import { messageOf, UsageError } from "../core/index.js";
import type { PoolOptions } from "./executor-of.js";
import { tensorflowTakesThreads, useBackend } from "../tensor/index.js";

const names: readonly BackendName[] = ["wasm", "cpu", "tensorflow"];

/** The backend that a trial ran on: `wasm/plain` was on wasm. */
export function backendOf({ backend }: Pick<Trial, "backend">): BackendName | undefined {
  const [name] = backend?.split("/") ?? [];
  return names.find((known) => known === name);
}

/** That of the first trial to say so. */
function keptBackend(trials: readonly Trial[]): BackendName | undefined {
  for (const trial of trials) {
    const name = backendOf(trial);
    if (name !== undefined) return name;
  }
  return undefined;
}

/**
 * The backend that a study goes on with: what is asked for, else that of the first trial to say so; `auto` where none has
 * run. So results don't change when TensorFlow is installed beside a study.
 * @throws UsageError `backend-unavailable`
 */
export async function studyBackend(
  study: { readonly name: string; readonly trials: readonly Trial[] },
  asked: BackendName | "auto" = "auto",
): Promise<BackendName | "auto"> {
  if (asked !== "auto") return asked;
  const kept = keptBackend(study.trials);
  if (kept === undefined) return "auto";
  try {
    return (await useBackend(kept)).name;
  } catch (error) {
    throw new UsageError(
      "backend-unavailable",
      `study "${study.name}" keeps that of its first trial: ${messageOf(error)}, whose numbers differ in the last bits`,
      { cause: error },
    );
  }
}

/**
 * Refuses several workers in threads on an addon that does not stand them.
 * @throws UsageError `backend-unavailable`
 */
export function requireThreads(
  backend: BackendName,
  { isolation = "thread", concurrency = availableParallelism(), executor }: PoolOptions,
  takesThreads: () => boolean = tensorflowTakesThreads,
): void {
  const threads = executor === undefined && isolation === "thread" && concurrency > 1;
  if (backend !== "tensorflow" || !threads || takesThreads()) return;
  throw new UsageError(
    "backend-unavailable",
    "the addon of the npm package @tensorflow/tfjs-node can end a process in which several workers compute: use " +
      "--isolation process or --workers 1, or run `mlbench-hpo backends install tensorflow`, whose addon is mended",
  );
}
