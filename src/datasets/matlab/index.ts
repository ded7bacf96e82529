/** A reader of MATLAB version 5 files. */
export * from "./mat-array.js";
export { MatFormatError } from "./mat-format-error.js";
export type { MatErrorCode, MatPlace } from "./mat-format-error.js";
export { readMat } from "./read-mat.js";
export type { ReadMatOptions } from "./read-mat.js";
