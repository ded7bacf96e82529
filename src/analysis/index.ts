/** What studies' records say as a whole: importances, comparisons. */
export * from "./importance.js";
export { importanceMethodNames, importanceMethods, requireMethod } from "./importance-methods.js";
export type { ImportanceMethod, MethodOptions } from "./importance-methods.js";
export type { ImportanceRecords, ImportanceStudy } from "./importance-facts.js";
export type { InteractionImportance, ParameterImportance, TargetImportances } from "./importance-result.js";
export { omittedCount } from "./importance-omitted.js";
export { prunedRules } from "./importance-sample.js";
export type { OmittedReason, OmittedTrials, PrunedRule } from "./importance-sample.js";
export * from "./comparison.js";
export type { RankComparison } from "./rank-test.js";
