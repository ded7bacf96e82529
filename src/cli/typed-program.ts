/** How the program was typed, for the commands that it prints to be typed next. */
import { relative, sep } from "node:path";

/** What tells how the program was started. */
export interface Start {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The script that runs: `process.argv[1]`. */
  readonly script: string | undefined;
  readonly cwd: string;
}

/**
 * `mlbench-hpo`; in a checkout, where no such command need be, `npx mlbench-hpo` under `npm start` and npx, and
 * `node bin/mlbench-hpo.js` where that was typed.
 */
export function typedProgram(
  { env, script, cwd }: Start = { env: process.env, script: process.argv[1], cwd: process.cwd() },
): string {
  if (/(^|[\s"'/\\])mlbench-hpo(\.js)?(["'\s]|$)/.test(env["npm_lifecycle_script"] ?? "")) return "npx mlbench-hpo";
  const local = script === undefined ? "" : relative(cwd, script).replaceAll(sep, "/");
  return local === "bin/mlbench-hpo.js" ? `node ${local}` : "mlbench-hpo";
}
