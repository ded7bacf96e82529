/** Models, datasets, metrics and objectives of one's own, typed by their schemas and spaces. */
import type { z } from "zod";
import type { KnownKeys, MetricMeta, Objective, ParamsOf, SearchSpace } from "../core/index.js";
import { requireKnownKeys, UsageError } from "../core/index.js";
import type { DatasetSource } from "../datasets/index.js";
import type { Metric } from "../metrics/index.js";
import type { ModelConstructor, ModelMeta } from "../models/index.js";
import type { EntryMeta, Lazy, Registrable } from "../registry/index.js";
import type { Plugin, PluginApi } from "./load-plugins.js";

/**
 * A plug-in that adds a model: a module's default export, or called by one with what it is handed.
 * @param make gives the class, or `lazy(() => import(…))`; its constructor is handed the values of `meta.parameters`
 * @example
 * export default defineModel(
 *   "last",
 *   { summary: "a linear layer", parameters: z.object({ residual: z.boolean().default(true) }) },
 *   ({ ForwardModel, ops, tf }) =>
 *     class extends ForwardModel {
 *       readonly #head = this.linear("head", this.facts.features * this.facts.window, this.facts.horizon);
 *       constructor(params: { residual: boolean }, facts: ModelFacts) {
 *         super(facts, params.residual);
 *       }
 *       predictNormalised({ x, size }: BatchTensors) {
 *         return ops.dense(tf.reshape(x, [size, -1]), this.#head.weight, this.#head.bias);
 *       }
 *     },
 * );
 */
export function defineModel<S extends z.ZodObject>(
  name: string,
  meta: EntryMeta<S> & ModelMeta,
  make: (api: PluginApi) => Registrable<ModelConstructor, S>,
): Plugin {
  return (api) => {
    api.models.register(name, meta)(make(api));
  };
}

/**
 * A plug-in that adds a dataset: a module's default export, or called by one with what it is handed.
 * @param make gives the source, or `lazy(() => import(…))`; its `load` is handed the values of `meta.parameters`
 * @example
 * export default defineDataset(
 *   "line",
 *   { summary: "SOH along a line", parameters: z.object({ fade: z.number().default(0.001) }) },
 *   ({ createTables }) => ({
 *     load: async ({ fade }) => {
 *       const cycles = Array.from({ length: 100 }, (_, i) => i + 1);
 *       const soh = cycles.map((cycle) => 1 - fade * cycle);
 *       const cells = ["A", "B"].map((cell) => ({ cell, cycles, soh, features: soh }));
 *       return createTables({ source: "line", featureNames: ["soh"], featureUnits: ["1"], provenance: "made", cells });
 *     },
 *   }),
 * );
 */
export function defineDataset<S extends z.ZodObject>(
  name: string,
  meta: EntryMeta<S>,
  make: (api: PluginApi) => Registrable<DatasetSource<z.output<S>>, S>,
): Plugin {
  return (api) => {
    api.datasets.register(name, meta)(make(api));
  };
}

/** A metric with what is told of it. */
export interface MetricDefinition extends MetricMeta {
  /** Without a part's name: `knee_error` is `val_knee_error` in epochs and objectives. */
  readonly name: string;
  /** The function, or `lazy(() => import(…))`. */
  readonly score: Metric | Lazy<Metric>;
}

/**
 * A plug-in that adds a metric: a module's default export, or called by one with what it is handed.
 * @throws UsageError `unknown-option`; `invalid-metric`, `duplicate-metric` when it is loaded.
 * @example
 * export default defineMetric({
 *   name: "worst_cell_rmse",
 *   summary: "RMSE of SOH of the cell that is predicted worst",
 *   direction: "minimize",
 *   score({ predicted, truth, cell, horizon, cells }) {
 *     const [squares, counts] = [cells.map(() => 0), cells.map(() => 0)];
 *     predicted.forEach((soh, i) => {
 *       const c = cell[Math.floor(i / horizon)] ?? 0;
 *       squares[c] = (squares[c] ?? 0) + (soh - (truth[i] ?? NaN)) ** 2;
 *       counts[c] = (counts[c] ?? 0) + 1;
 *     });
 *     return Math.sqrt(Math.max(...squares.map((sum, c) => (counts[c] ? sum / counts[c] : 0))));
 *   },
 * });
 */
export function defineMetric(definition: MetricDefinition): Plugin {
  const keys = { name: true, summary: true, direction: true, unit: true, score: true } as const;
  requireKnownKeys("defineMetric", definition, keys satisfies KnownKeys<MetricDefinition>);
  const { name, score, ...meta } = definition;
  return (api) => {
    api.metrics.register(name, meta)(score);
  };
}

/** An objective with the space that its parameters are of. */
export type DefinedObjective<S extends SearchSpace> = Objective<ParamsOf<S>> & { readonly space: S };

/**
 * An objective whose `trial.params` have the types of its space: as a module's default export it needs no
 * `export const space` beside it; a program hands both to a study.
 * @throws UsageError `invalid-objective` for what is no function.
 * @example
 * const bowl = defineObjective({ x: float(-5, 5), n: int(1, 64) }, ({ params }) => params.x ** 2 + Math.log2(params.n));
 * const study = await createStudy({ storage: "memory", space: bowl.space });
 * await study.optimize(bowl, { trials: 40 });
 */
export function defineObjective<S extends SearchSpace>(
  space: S,
  objective: Objective<ParamsOf<S>>,
): DefinedObjective<S> {
  if (typeof objective !== "function")
    throw new UsageError("invalid-objective", "defineObjective: expected a space and a function of a trial");
  const own: Objective<ParamsOf<S>> = (trial) => objective(trial);
  return Object.assign(own, { space });
}
