/** Where a folder's runs go: kept beside them, so that they can be sent later by whoever names no server. */
import { readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { MlflowConnection, MlflowSettings } from "./settings.js";

const FILE = "target.json";

/** No secrets: they come from the environment each time. */
export function rememberTarget(folder: string, { uri, experiment, workspace, runId }: MlflowSettings): void {
  const target = { uri, experiment: experiment.name, experiment_id: experiment.id, workspace, run_id: runId };
  const text = `${JSON.stringify(target, null, 2)}\n`;
  const path = join(folder, FILE);
  if (textOf(path) === text) return;
  // Whole or not at all, wherever the process ends.
  writeFileSync(`${path}.tmp`, text);
  renameSync(`${path}.tmp`, path);
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

/** The targets whose runs lie under a folder. */
export function knownTargets(directory: string): MlflowConnection[] {
  let names: string[];
  try {
    names = readdirSync(directory).sort();
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    const text = textOf(join(directory, name, FILE));
    return text === null ? [] : (connectionOf(text) ?? []);
  });
}

/** Null for a text that says nothing: whoever sends then names the server. */
function connectionOf(text: string): MlflowConnection | null {
  let target: unknown;
  try {
    target = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof target !== "object" || target === null) return null;
  const fields = target as Readonly<Record<string, unknown>>;
  const of = (key: string): string | undefined => (typeof fields[key] === "string" ? fields[key] : undefined);
  if (of("uri") === undefined) return null;
  return {
    ...{ uri: of("uri"), experiment: of("experiment"), experimentId: of("experiment_id") },
    ...{ workspace: of("workspace"), runId: of("run_id") },
  };
}
