// What a program exports without annotations: its declarations name types that the package has to export.
import { createStudy, evaluate, float, planStudy, predictCheckpoint, readMat, run, storages } from "mlbench-hpo";
import type { ComponentSpec, OptimizeStudyOptions, SearchSpace, Study, TrialCounts } from "mlbench-hpo";

const space: SearchSpace = { x: float(0, 1) };
export const study = await createStudy({ storage: "memory", space, seed: 1 });
export const plan = await planStudy({ storage: "memory", space });
export const { sampler, settings } = study.header;
export const { counts, annotations } = study.state;
export const { best, owner } = await study.summary();
export const asked = await study.ask({ lease: 3 });
export const { optimizeWith, follow, annotate } = study;
export const rulesOf = (of: Study) => of.header.settings;
export const runnerOf = (of: Study) => of.optimizeWith;
export const filesOf = (of: Study) => of.header.settings.data_files;
export const backendOf = (options: OptimizeStudyOptions) => [options.backend, options.kernels];
export const trained = () => run({ model: "mlp", dataset: "dummy", seed: 1 });
export const [matrices, scores, predicted] = [readMat, evaluate, predictCheckpoint];
export const storage = storages.get("memory").load;
export const named: [ComponentSpec, TrialCounts] = [sampler, counts];
