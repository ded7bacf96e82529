/** Registries, parameters with metadata, and what is derived from them. */
export * from "./component.js";
export * from "./named-entries.js";
export * from "./names.js";
export * from "./parameter-flags.js";
export * from "./parameter.js";
export * from "./read-text.js";
export * from "./registry.js";
export * from "./validate.js";
export * from "./value.js";
