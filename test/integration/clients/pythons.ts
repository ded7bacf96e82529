/** The interpreters of Python on this machine that the client's tests run under. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** `3.11`, of an interpreter that starts and is new enough for the client; null of any other. */
function versionOf(python: string): string | null {
  const script = "import sys, ssl; print('%d.%d' % sys.version_info[:2]); sys.exit(sys.version_info < (3, 9))";
  const { status, stdout } = spawnSync(python, ["-c", script], { encoding: "utf8" });
  return status === 0 ? stdout.trim() : null;
}

/** Those of pyenv, which are in the PATH only where one of them was chosen. */
function ofPyenv(version: string): string[] {
  const folder = join(process.env["PYENV_ROOT"] ?? join(homedir(), ".pyenv"), "versions");
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.startsWith(`${version}.`))
    .map((name) => join(folder, name, "bin", "python3"));
}

/** The machine's own, or the one that `MLBENCH_PYTHON` names; null where there is none from 3.9 on. */
export const python: string | null = ((): string | null => {
  const own = process.env["MLBENCH_PYTHON"] ?? "python3";
  return versionOf(own) === null ? null : own;
})();

/** An interpreter of this version; null where it is not there. */
export function pythonOf(version: string): string | null {
  return [`python${version}`, ...ofPyenv(version)].find((one) => versionOf(one) === version) ?? null;
}

/** The oldest version that the client is for, and one that checks certificates more strictly. */
export const versions = ["3.9", "3.13"] as const;
