/** Types of release.mjs, for the tests. */
export function refusals(root: string): string[];
