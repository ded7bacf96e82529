/** Models, datasets and objectives of one's own, typed by their schemas and spaces. */
import type { z } from "zod";
import type { Objective, ParamsOf, SearchSpace } from "../core/index.js";
import { UsageError } from "../core/index.js";
import type { DatasetSource } from "../datasets/index.js";
import type { ModelConstructor } from "../models/index.js";
import type { EntryMeta, Registrable } from "../registry/index.js";
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
  meta: EntryMeta<S>,
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
