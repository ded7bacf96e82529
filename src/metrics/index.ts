/** Metrics of one's own: what they are and where they are registered. */
export type { Metric, ScoredPart } from "./metric.js";
export { MetricRegistry, metrics } from "./registry.js";
export type { MetricEntry } from "./registry.js";
