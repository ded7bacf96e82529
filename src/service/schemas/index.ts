/** Every shape of the API, as schemas and as types. */
export type * from "./analysis.js";
export type * from "./columns.js";
export type { JournalFrame, StudyDocument } from "./document.js";
export type * from "./events.js";
export type * from "./outside.js";
export type * from "./problem.js";
export type * from "./registries.js";
export type * from "./reports.js";
export type * from "./runs.js";
export type * from "./studies.js";
export type * from "./trials.js";
export type * from "./values.js";
export type * from "./workers.js";
