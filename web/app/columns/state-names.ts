/** The states of trials, in the order of their codes in columns. */

/** By code. */
export const stateNames = ["waiting", "running", "complete", "pruned", "failed"] as const;
/** One of {@link stateNames}. */
export type StateName = (typeof stateNames)[number];
/** What stands for a state in the columns. */
export const stateCodes = { waiting: 0, running: 1, complete: 2, pruned: 3, failed: 4 } as const;
