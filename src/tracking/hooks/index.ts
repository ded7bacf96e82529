/** Commands of users that hear of a call's events. */
export { CommandHooks } from "./command-hooks.js";
export type { CommandHooksOptions, Words } from "./command-hooks.js";
