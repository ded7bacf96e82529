/** `mlbench-hpo/testing`: the suites that every implementation of a contract must pass, for any test runner. */
export type { TestRunner } from "./runner.js";
export { samplerConformance } from "./sampler.js";
export type { ElsewhereSampler, SamplerCase } from "./sampler.js";
export { prunerConformance } from "./pruner.js";
export type { PrunerCase, PrunerTiming } from "./pruner.js";
export { executorConformance } from "./executor.js";
export type { ExecutorCase } from "./executor.js";
export { default as conformanceObjective } from "./executor-objective.js";
export { datasetConformance } from "./dataset.js";
export type { DatasetCase } from "./dataset.js";
export { metricConformance } from "./metric.js";
export type { MetricCase } from "./metric.js";
export { modelConformance } from "./model.js";
export type { FitOptions, ModelCase } from "./model.js";
export { trackerConformance } from "./tracker.js";
export type { TrackerCase, TrackerUnderTest } from "./tracker.js";
export { storageConformance } from "./storage.js";
export type { StorageCase, StorageUnderTest } from "./storage.js";
