/** Which parameters a command on a checkpoint may override: those of its dataset. */
import type { QualifiedParameter } from "../registry/index.js";
import type { Prescan } from "./parameter-options.js";

/** Loads the plug-ins that checkpoints name; a file that cannot be read is told by the command itself. */
export async function loadCheckpointPlugins(paths: readonly string[]): Promise<void> {
  const { loadPlugins } = await import("../plugins/load-plugins.js");
  const { readCheckpointConfig } = await import("../training/checkpoint.js");
  for (const path of paths) await loadPlugins((await readCheckpointConfig(path)).plugins ?? []);
}

/**
 * The parameters that a command on a checkpoint can override: those of its dataset (or of `--dataset`). Empty when the
 * file cannot be read: the command itself then says why.
 */
export async function checkpointParameters(scanned: Prescan): Promise<QualifiedParameter[]> {
  const { loadPlugins } = await import("../plugins/load-plugins.js");
  await loadPlugins(scanned.plugin);
  const { dataParameters } = await import("../datasets/index.js");
  if (scanned.dataset !== undefined) return dataParameters(scanned.dataset);
  const path = scanned.operands.find((word) => word.endsWith(".safetensors")) ?? scanned.operands[0];
  if (path === undefined) return [];
  try {
    const { readCheckpointConfig } = await import("../training/checkpoint.js");
    const { dataset, plugins } = await readCheckpointConfig(path);
    await loadPlugins(plugins ?? []);
    return dataParameters(dataset);
  } catch {
    return [];
  }
}
