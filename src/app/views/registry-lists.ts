/** What studies can be made of, for forms: models, datasets, training, samplers, pruners, with all their parameters. */
import { parametersOf } from "../../registry/index.js";
import type { ParameterInfo, QualifiedParameter } from "../../registry/index.js";
import type { Condition, Direction, Distribution, ParamValue } from "../../core/index.js";

/** A parameter as forms need it. Key names are those of the API. */
export interface ListedParameter {
  /** `model.hidden_size`; the bare name of a sampler's or pruner's option. */
  readonly name: string;
  readonly description: string;
  readonly type: ParameterInfo["type"];
  readonly unit: string | null;
  /** Null where it has none. */
  readonly default: unknown;
  readonly required: boolean;
  readonly choices: readonly ParamValue[] | null;
  readonly minimum: number | null;
  readonly maximum: number | null;
  readonly minimum_exclusive: boolean;
  readonly maximum_exclusive: boolean;
  /** A file or folder. */
  readonly is_path: boolean;
  readonly when: Condition | null;
  /** Null: never searched. */
  readonly search: { readonly distribution: Distribution; readonly by_default: boolean } | null;
}

/** A registered component. */
export interface ListedEntry {
  readonly name: string;
  readonly summary: string;
  readonly parameters: readonly ListedParameter[];
}

/** What can be an objective or a constraint. */
export interface ListedMetric {
  readonly name: string;
  readonly summary: string;
  readonly direction: Direction;
  readonly unit: string | null;
  readonly source: string;
}

function listed(name: string, info: ParameterInfo, when: Condition | undefined = info.meta.when): ListedParameter {
  const { description, unit = null, search, path = false } = info.meta;
  return {
    ...{ name, description, type: info.type, unit, default: info.default ?? null, required: info.required },
    ...{ choices: info.choices ?? null, minimum: info.minimum ?? null, maximum: info.maximum ?? null },
    minimum_exclusive: info.minimumExclusive ?? false,
    maximum_exclusive: info.maximumExclusive ?? false,
    ...{ is_path: path, when: when ?? null },
    search: search ? { distribution: search.distribution, by_default: search.default === true } : null,
  };
}

const ofQualified = ({ qualified, info, when }: QualifiedParameter): ListedParameter => listed(qualified, info, when);

/** A ready study, and what it is over. */
export interface ListedPreset {
  readonly name: string;
  readonly summary: string;
  readonly models: readonly string[];
  readonly dataset: string;
}

/** The models, and what every training takes. */
export async function listModels(): Promise<{
  readonly models: readonly ListedEntry[];
  readonly training: readonly ListedParameter[];
  readonly metrics: readonly ListedMetric[];
  readonly presets: readonly ListedPreset[];
}> {
  const [{ models }, { trainParameters }, { everyMetric }, { loadStudyConfig }, { presetNames }, { qualify }] =
    await Promise.all([
      import("../../models/index.js"),
      import("../../training/config.js"),
      import("../../plugins/known-metrics.js"),
      import("../study-config.js"),
      import("../presets.js"),
      import("../../registry/index.js"),
    ]);
  const presets = await Promise.all(
    (await presetNames()).map(async (name) => {
      const { model = "lstm", dataset = "dummy" } = await loadStudyConfig(name);
      const models = [model].flat();
      return { name, summary: `${models.join(", ")} on ${dataset}`, models, dataset };
    }),
  );
  return {
    models: models.entries().map(({ name, summary, parameters }) => ({
      ...{ name, summary, parameters: qualify("model", parameters).map(ofQualified) },
    })),
    training: trainParameters().map(ofQualified),
    metrics: everyMetric().map((metric) => ({ ...metric, unit: metric.unit ?? null })),
    presets,
  };
}

/** The datasets. */
export async function listDatasets(): Promise<readonly ListedEntry[]> {
  const { datasets, dataParameters } = await import("../../datasets/index.js");
  return datasets.entries().map(({ name, summary }) => ({
    ...{ name, summary, parameters: dataParameters(name).map(ofQualified) },
  }));
}

/** The samplers or the pruners. */
export async function listComponents(kind: "sampler" | "pruner"): Promise<readonly ListedEntry[]> {
  const registry =
    kind === "sampler"
      ? (await import("../../samplers/index.js")).samplers
      : (await import("../../pruners/index.js")).pruners;
  return registry.entries().map(({ name, summary, parameters }) => ({
    ...{ name, summary, parameters: parametersOf(parameters).map((info) => listed(info.name, info)) },
  }));
}
