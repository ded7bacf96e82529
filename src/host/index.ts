/** The study host: what a service stands on. */
export { openStudyHost } from "./study-host.js";
export type { StudyHostOptions } from "./study-host.js";
export type * from "./host.js";
