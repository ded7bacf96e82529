/** The registry of models. */
import { requireMetricMeta, requireOwnMetricName } from "../core/metrics.js";
import type { MetricMeta } from "../core/metrics.js";
import { Registry, registryOf } from "../registry/index.js";
import type { ModelConstructor } from "./forward-model.js";

/** What the metadata of a model have beside those of any registered thing. */
export interface ModelMeta {
  /**
   * The numbers that its `computeLoss` tells as `metrics`, by name: `{ kl: { summary, direction } }`. Declared here,
   * `val_kl` and `train_kl` can be objectives and constraints.
   * @default none
   */
  readonly metrics?: Readonly<Record<string, MetricMeta>> | undefined;
}

function checkMetrics(owner: string, { metrics = {} }: ModelMeta): void {
  for (const [name, meta] of Object.entries(metrics)) {
    requireOwnMetricName(`${owner}: metric`, name);
    requireMetricMeta(`${owner}: metric "${name}"`, meta);
  }
}

/** The models by name; the built-in ones are registered by this folder's index. */
export const models: Registry<ModelConstructor, ModelMeta> = registryOf(
  "model",
  (kind) => new Registry<ModelConstructor, ModelMeta>(kind, { keys: ["metrics"], check: checkMetrics }),
);
