/** Who runs something, and of which sources: the tags that MLflow's own client gives a run. */
import { existsSync, readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { dirname, resolve } from "node:path";
import { withoutSecrets } from "../core/index.js";
import { commandLine, commitOf } from "./made-by.js";

/** The checkout that a folder lies in; null where it is none. */
function checkoutOf(directory: string): string | null {
  for (let folder = resolve(directory); ; folder = dirname(folder)) {
    if (existsSync(resolve(folder, ".git"))) return folder;
    if (dirname(folder) === folder) return null;
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function gitTags(directory: string): Record<string, string> {
  const checkout = checkoutOf(directory);
  const commit = checkout === null ? null : commitOf(checkout);
  if (checkout === null || commit === null) return {};
  const git = resolve(checkout, ".git");
  const elsewhere = /^gitdir: (.+)$/m.exec(textOf(git))?.[1];
  const folder = elsewhere === undefined ? git : resolve(checkout, elsewhere);
  const branch = /^ref: refs\/heads\/(.+)$/m.exec(textOf(resolve(folder, "HEAD")))?.[1];
  const common = resolve(folder, textOf(resolve(folder, "commondir")).trim() || ".");
  const url = /\[remote "origin"\][^[]*?^\s*url\s*=\s*(.+)$/m.exec(textOf(resolve(common, "config")))?.[1];
  return {
    "mlflow.source.git.commit": commit,
    ...(branch === undefined ? {} : { "mlflow.source.git.branch": branch }),
    ...(url === undefined ? {} : { "mlflow.source.git.repoURL": withoutSecrets(url.trim()) }),
  };
}

function userName(): Record<string, string> {
  try {
    return { "mlflow.user": userInfo().username };
  } catch {
    // A container may run under a number that nobody has given a name.
    return {};
  }
}

/** `mlflow.user`, `mlflow.source.name`, `mlflow.source.git.commit`, …, of this process in its folder. */
export function runSource(directory = process.cwd()): { readonly tags: Readonly<Record<string, string>> } {
  const name = commandLine(process.argv, directory);
  return {
    tags: { ...userName(), "mlflow.source.name": name, "mlflow.source.type": "LOCAL", ...gitTags(directory) },
  };
}
