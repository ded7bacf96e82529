/** What studies can be made of, as the service lists it: fetched once. */
import { api } from "../api/client.js";
import type { DatasetList, ModelList, ParameterInfo, PrunerList, SamplerList } from "../api/types.js";

/** All that there is. */
export interface Registries {
  readonly models: ModelList;
  readonly datasets: DatasetList["datasets"];
  readonly samplers: SamplerList["samplers"];
  readonly pruners: PrunerList["pruners"];
}

let loading: Promise<Registries> | null = null;

async function fetchAll(): Promise<Registries> {
  const [models, { datasets }, { samplers }, { pruners }] = await Promise.all([
    api.get<ModelList>("/models"),
    api.get<DatasetList>("/datasets"),
    api.get<SamplerList>("/samplers"),
    api.get<PrunerList>("/pruners"),
  ]);
  return { models, datasets, samplers, pruners };
}

/** The same ones every time; what failed is tried again at the next call. */
export function loadRegistries(): Promise<Registries> {
  loading ??= fetchAll().catch((error: unknown) => {
    loading = null;
    throw error;
  });
  return loading;
}

/** The parameters of a task: of its model (all that it may be), its dataset, and of every training. */
export function parametersOf(
  { models, datasets }: Registries,
  model: readonly string[],
  dataset: string | undefined,
): readonly ParameterInfo[] {
  const chosen = [
    ...models.models.filter(({ name }) => model.includes(name)),
    ...datasets.filter(({ name }) => name === dataset),
  ];
  const known = new Map<string, ParameterInfo>();
  for (const info of [...chosen.flatMap(({ parameters }) => parameters), ...models.training])
    if (!known.has(info.name)) known.set(info.name, info);
  return [...known.values()];
}
