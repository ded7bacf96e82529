/** Windows in memory: those of the shipped suites. */
export * from "../../../src/testing/windows.js";
