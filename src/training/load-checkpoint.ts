/** The model that a checkpoint holds, built and given its weights. */
import type { ConfigValue, Normalisation, RunConfig } from "../core/index.js";
import { UsageError } from "../core/index.js";
import type { ForwardModel, ModelConstructor } from "../models/index.js";
import { models } from "../models/index.js";
import { parseParameters } from "../registry/validate.js";
import type { Checkpoint, StoredNormalisation } from "./checkpoint.js";
import { readCheckpoint } from "./checkpoint.js";

/** The normalisation a model is built with; both scales are the stored one, of which it takes the one that it uses. */
function normalisationFrom(stored: StoredNormalisation): Normalisation {
  return {
    xMean: stored.x_mean,
    xStd: stored.x_std,
    sohMean: stored.y_mean,
    sohStd: stored.y_std,
    deltaMean: stored.y_mean,
    deltaStd: stored.y_std,
  };
}

/** The bare names and values of one group. */
export function groupParams(config: RunConfig, group: string): Record<string, ConfigValue> {
  const prefix = `${group}.`;
  return Object.fromEntries(
    Object.entries(config.params ?? {})
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, value]) => [name.slice(prefix.length), value]),
  );
}

/** The shapes must be the model's: a file edited by hand or of another version is refused in one line. */
function requireShapes(path: string, model: ForwardModel, weights: Checkpoint["weights"]): void {
  for (const [name, variable] of model.variables) {
    const stored = weights.get(name);
    const wanted = `[${variable.shape.join(",")}]`;
    const found = stored ? `[${stored.shape.join(",")}]` : "no such tensor";
    if (found !== wanted || !(stored?.data instanceof Float32Array))
      throw new UsageError("invalid-checkpoint", `${path}: ${name} should be F32 ${wanted}, found ${found}`);
  }
}

/** A checkpoint, and a maker of its model: each call gives a model of its own, which the caller disposes. */
export interface CheckpointModel {
  readonly checkpoint: Checkpoint;
  readonly create: () => ForwardModel;
}

/**
 * A checkpoint and what makes its model with its best epoch's weights. Plug-ins that the configuration names must be
 * loaded, and a backend chosen, before.
 */
export async function checkpointModel(path: string): Promise<CheckpointModel> {
  const checkpoint = await readCheckpoint(path);
  const entry = models.get(checkpoint.model);
  const params = parseParameters(
    "model",
    entry.parameters,
    groupParams(checkpoint.config, "model"),
    `model "${checkpoint.model}"`,
  );
  const Model = await entry.load();
  return { checkpoint, create: () => createModel(path, Model, params, checkpoint) };
}

function createModel(
  path: string,
  Model: ModelConstructor,
  params: Readonly<Record<string, unknown>>,
  { normalisation, config, weights }: Checkpoint,
): ForwardModel {
  const model = new Model(params, {
    features: normalisation.x_mean.length,
    horizon: normalisation.y_mean.length,
    window: Number(config.params?.["data.window"]),
    normalisation: normalisationFrom(normalisation),
    seeds: { init: 0, dropout: 0 },
  });
  try {
    requireShapes(path, model, weights);
    model.setWeights(new Map([...weights].map(([name, { data }]) => [name, data as Float32Array])));
  } catch (error) {
    model.dispose();
    throw error;
  }
  return model;
}
