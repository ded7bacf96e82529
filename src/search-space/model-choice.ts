/** The parameters of studies over several models. */
import type { z } from "zod";
import { defined } from "../core/defined.js";
import type { Condition, ParamValue } from "../core/distribution.js";
import { canonicalJson } from "../core/json.js";
import type { ConfigValue } from "../core/run.js";
import { listOfChoice } from "./list-choice.js";
import { qualify } from "../registry/parameter.js";
import type { ParameterInfo, QualifiedParameter } from "../registry/parameter.js";

/** A model's name and schema: a registry's entry will do. */
export interface ModelParameters {
  readonly name: string;
  readonly parameters: z.ZodObject;
}

function signature({ meta, schema: _schema, ...facts }: ParameterInfo): string {
  return canonicalJson({ ...facts, search: meta.search ?? null, when: meta.when ?? null, unit: meta.unit ?? null });
}

/** Bare names of parameters that every model having them declares alike, conditions and what they refer to included. */
function sharedNames(infos: ReadonlyMap<string, readonly ParameterInfo[]>): Set<string> {
  const all = [...infos.values()].flat();
  const signatures = new Map<string, Set<string>>();
  for (const info of all) signatures.set(info.name, (signatures.get(info.name) ?? new Set()).add(signature(info)));
  const shared = new Set([...signatures].filter(([, kinds]) => kinds.size === 1).map(([name]) => name));
  for (let before = -1; before !== shared.size;) {
    before = shared.size;
    for (const { name, meta } of all)
      if (Object.keys(meta.when ?? {}).some((parent) => !shared.has(parent))) shared.delete(name);
  }
  return shared;
}

/**
 * The parameters of the models of one study. One model: `model.hidden_size`. Several, with `model` searched itself: a
 * parameter that the models having it declare alike stays one, `model.hidden_size`, active under those models; one that
 * they declare differently becomes one of each, `model.lstm.hidden_size` and `model.mlp.hidden_size`.
 */
export function qualifyModels(models: readonly ModelParameters[]): QualifiedParameter[] {
  const [only, ...others] = models;
  if (only && others.length === 0) return qualify("model", only.parameters);
  const own = new Map(models.map((m) => [m.name, qualify("model", m.parameters)]));
  const infos = new Map([...own].map(([name, parameters]) => [name, parameters.map((p) => p.info)]));
  const shared = sharedNames(infos);
  const result = new Map<string, QualifiedParameter>();
  for (const [model, parameters] of own) {
    const nameOf = (bare: string): string => (shared.has(bare) ? `model.${bare}` : `model.${model}.${bare}`);
    for (const { info, group } of parameters) {
      const holders = models.filter((m) => infos.get(m.name)?.some((i) => i.name === info.name)).map((m) => m.name);
      const active = shared.has(info.name) ? holders : [model];
      const single = active.length === 1 ? (active[0] as string) : active;
      const onModel: Condition = active.length === models.length ? {} : { model: single };
      const onOthers = Object.entries(info.meta.when ?? {}).map(([name, value]) => [nameOf(name), value] as const);
      const when: Condition = { ...onModel, ...Object.fromEntries(onOthers) };
      const qualified = nameOf(info.name);
      if (!result.has(qualified))
        result.set(
          qualified,
          defined({ qualified, group, info, when: Object.keys(when).length > 0 ? when : undefined }),
        );
    }
  }
  return [...result.values()];
}

function isList(value: ConfigValue): value is readonly string[] {
  return Array.isArray(value);
}

/**
 * The parameters that a trial runs with: the study's fixed ones and the trial's own under the names that a run knows. The
 * chosen model's `model.lstm.hidden_size` becomes `model.hidden_size`, the other models' are left out, and a named
 * feature set `soh+capacity` becomes its list.
 * @param model the study's only model, for a study where it is not searched
 */
export function runParameters(
  parameters: readonly QualifiedParameter[],
  fixed: Readonly<Record<string, ConfigValue>>,
  trial: Readonly<Record<string, ParamValue>>,
  model?: string,
): { model: string | undefined; params: Record<string, ConfigValue> } {
  const chosen = typeof trial["model"] === "string" ? trial["model"] : model;
  const lists = new Set(parameters.filter((p) => p.info.type === "list").map((p) => p.qualified));
  const conditions = new Map(parameters.map((p) => [p.qualified, p.when?.["model"]]));
  const params: Record<string, ConfigValue> = {};
  for (const [name, value] of Object.entries({ ...fixed, ...trial })) {
    const [, owner, bare] = /^model\.(\w+)\.(\w+)$/.exec(name) ?? [];
    const only = conditions.get(name);
    const elsewhere = only !== undefined && chosen !== undefined && ![only].flat().includes(chosen);
    if (name === "model" || elsewhere || (owner !== undefined && owner !== chosen)) continue;
    params[bare === undefined ? name : `model.${bare}`] =
      lists.has(name) && !isList(value) ? listOfChoice(value) : value;
  }
  return { model: chosen, params };
}
