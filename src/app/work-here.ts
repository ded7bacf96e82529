/** The work on a study's data, models and modules, done in this thread: loads TensorFlow.js. */
import type { FoldBaselines } from "../core/index.js";
import { loadTables } from "../datasets/index.js";
import { baselines } from "../datasets/baselines/index.js";
import { loadObjective } from "../plugins/load-objective.js";
import { tensorflowTakesThreads } from "../tensor/index.js";
import { meanMetrics } from "../training/part-means.js";
import { combinedHash } from "../training/run-parts.js";
import type { PartOfData } from "./parts-of-data.js";
import { partsOfData } from "./parts-of-data.js";
import { preflight } from "./preflight.js";
import { startKept } from "./study-backend.js";
import type { BaselineScores, StudyWork, WantedBaselines } from "./study-work.js";

/** Null where the data are those that are known. */
function scored(data: readonly PartOfData[], { known }: WantedBaselines): BaselineScores | null {
  const dataset_hash = combinedHash(data.map(({ dataset }) => dataset.metadata.hash));
  if (known === dataset_hash) return null;
  const scores = data.map(({ dataset }) => baselines(dataset, "val"));
  const folds = data.flatMap(({ part }, i): FoldBaselines[] => {
    if (!part) return [];
    const { fold, block } = part;
    return [{ fold, ...(block === null ? {} : { block }), metrics: scores[i] ?? {} }];
  });
  return { dataset_hash, metrics: meanMetrics(scores), ...(folds.length > 0 ? { folds } : {}) };
}

/** In this thread. */
export const workHere: StudyWork = {
  preflight: async (config, wanted) => {
    const { backend, parts } = await preflight(config);
    return { backend, takesThreads: tensorflowTakesThreads(), baselines: wanted && scored(parts, wanted) };
  },
  baselines: async (config, wanted) => scored(await partsOfData(config), wanted),
  keptBackend: (study, kept) => startKept(study, kept, null),
  tables: (dataset, data, seed) => loadTables(dataset, data, { seed }),
  objective: async (url) => (await loadObjective(url)).url,
};
