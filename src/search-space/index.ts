/** Search spaces: derived, declared, resolved, checked, laid out as points. */
export * from "./check-params.js";
export * from "./conditions.js";
export * from "./declared-space.js";
export * from "./derived-space.js";
export * from "./duplicates.js";
export * from "./earlier-spaces.js";
export * from "./list-choice.js";
export * from "./model-choice.js";
export * from "./draw-uniform.js";
export * from "./parameter-groups.js";
export * from "./parents-first.js";
export * from "./points.js";
export * from "./search-grammar.js";
export * from "./searchable.js";
export * from "./space-json.js";
export * from "./space-table.js";
export * from "./unit-interval.js";
