/** The configuration of a run that goes on from a checkpoint. */
import { resolve } from "node:path";
import type { ConfigValue, RunConfig } from "../core/index.js";
import { UsageError, canonicalJson, defined } from "../core/index.js";
import type { Checkpoint } from "./checkpoint.js";
import { readCheckpoint } from "./checkpoint.js";
import { foundPaths, pathParameters } from "./data-paths.js";

/** Parameters that may differ between the first run and its continuation. */
const free = new Set(["train.epochs"]);

/** A path means the file, however it is written. */
function comparable(name: string, value: ConfigValue | undefined, paths: ReadonlySet<string>, baseDir: string) {
  return paths.has(name) && typeof value === "string" ? resolve(baseDir, value) : value;
}

function differing(given: RunConfig, stored: Checkpoint["config"], baseDir: string): string[] {
  const paths = new Set(pathParameters(stored.dataset).map((name) => `data.${name}`));
  const fields: [string, unknown, unknown][] = [
    ["model", given.model, stored.model],
    ["dataset", given.dataset, stored.dataset],
    ["seed", given.seed ?? stored.seed, stored.seed],
    ["dataSeed", given.dataSeed ?? stored.dataSeed, stored.dataSeed],
    ...Object.entries(given.params ?? {})
      .filter(([name]) => !free.has(name) && Object.hasOwn(stored.params ?? {}, name))
      .map(([name, value]): [string, unknown, unknown] => [
        name,
        comparable(name, value, paths, baseDir),
        comparable(name, stored.params?.[name], paths, baseDir),
      ]),
  ];
  return fields
    .filter(([, a, b]) => canonicalJson(a ?? null) !== canonicalJson(b ?? null))
    .map(([name, a, b]) => `${name} (${JSON.stringify(a)}, was ${JSON.stringify(b)})`);
}

/**
 * The configuration of a continued run: the stored one, with the given number of epochs. What is given beside that must
 * be what the first run had.
 * @throws UsageError `resume-mismatch`, naming the fields; `invalid-checkpoint`
 */
export async function resumeConfig(
  config: RunConfig,
  path: string,
  baseDir = process.cwd(),
): Promise<{ config: RunConfig; checkpoint: Checkpoint }> {
  const checkpoint = await readCheckpoint(path);
  if (!checkpoint.resume)
    throw new UsageError("not-resumable", `${path} holds weights only: --resume needs a checkpoint that train wrote`);
  const { config: kept } = checkpoint;
  const stored = { ...kept, params: foundPaths(kept.params ?? {}, kept.dataset, path, baseDir) };
  const changed = differing(config, stored, baseDir);
  if (changed.length > 0)
    throw new UsageError(
      "resume-mismatch",
      `--resume ${path}: a run continues with its own settings; these differ: ${changed.join(", ")}`,
    );
  const params: Record<string, ConfigValue> = { ...stored.params, ...config.params };
  const { backend, kernels } = stored;
  const asked = { backend: config.backend ?? "auto", kernels: config.kernels ?? "auto" };
  return {
    config: {
      ...config,
      params,
      seed: stored.seed,
      backend: asked.backend === "auto" ? (backend ?? "auto") : asked.backend,
      kernels: asked.kernels === "auto" ? (kernels ?? "auto") : asked.kernels,
      plugins: config.plugins ?? stored.plugins ?? [],
      ...defined({ dataSeed: stored.dataSeed, alignWindow: stored.alignWindow }),
    },
    checkpoint,
  };
}
