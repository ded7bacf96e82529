/** The checkpoint that stands where a run is about to write its own: kept beside when it is another training's. */
import { rename } from "node:fs/promises";
import { existsSync } from "node:fs";
import { canonicalJson } from "../core/index.js";
import { cannotWrite } from "../io/atomic-write.js";
import type { Checkpoint } from "./checkpoint.js";
import { readCheckpoint } from "./checkpoint.js";

type Training = Pick<Checkpoint, "config" | "datasetHash">;

/** What is trained on what: the same under another seed, on another backend. */
function identityOf({ config, datasetHash }: Training): string {
  const { model, dataset, params, alignWindow } = config;
  return canonicalJson({ model, dataset, params, alignWindow, datasetHash });
}

/** `artifacts/lstm.safetensors` -> `artifacts/lstm.prev.safetensors` */
export function earlierPath(path: string): string {
  const end = ".safetensors";
  return path.endsWith(end) ? `${path.slice(0, -end.length)}.prev${end}` : `${path}.prev`;
}

/**
 * Moves the file at `path` aside unless it is a checkpoint of the same configuration on the same data; an earlier one
 * that was moved there gives way.
 * @returns where it is now; null when nothing had to be kept
 * @throws MlbenchError `cannot-write`
 */
export async function keepEarlier(path: string, training: Training): Promise<string | null> {
  if (!existsSync(path)) return null;
  const found = await readCheckpoint(path).catch(() => null);
  if (found && identityOf(found) === identityOf(training)) return null;
  const kept = earlierPath(path);
  try {
    await rename(path, kept);
  } catch (error) {
    throw cannotWrite(kept, error);
  }
  return kept;
}
