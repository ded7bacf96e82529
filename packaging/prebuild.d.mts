/** Types of prebuild.mjs, for the tests. */
export function findZig(env?: NodeJS.ProcessEnv): { command: string[]; version: string } | null;
export function isAskedFor(
  env?: NodeJS.ProcessEnv,
  id?: number,
  at?: (id: number) => { words: string[]; parent: number },
): boolean;
