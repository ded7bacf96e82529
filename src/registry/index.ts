export * from "./parameter.js";
export * from "./registry.js";
