/** The checks of a request's keys and values: those of a study file where it has the same. */
import type { KnownKeys, StudyObjective } from "../core/index.js";
import { requireKnownKeys, UsageError } from "../core/index.js";
import { checkValueOf } from "./study-config.js";
import type { StudyFile } from "./study-config.js";
import { TERMINATOR_LEAST_TRIALS, TERMINATOR_MIN_TRIALS } from "../study/terminator.js";
import { checkPriorRequest } from "./study-prior.js";
import type { StudyRequest } from "./study-request.js";

/** What a study file says as well, and how it is called there. */
const inFile: Partial<Record<keyof StudyRequest, keyof StudyFile>> = {
  ...({ model: "model", dataset: "dataset", plugins: "plugins", metric: "metric", direction: "direction" } as const),
  ...({ objectives: "objectives", constraints: "constraints", pruneBy: "prune_by" } as const),
  ...({ forceDirection: "force_direction", trialValue: "trial_value", onNan: "on_nan" } as const),
  ...({ onDuplicate: "on_duplicate", dryRunPruner: "dry_run_pruner", seeds: "seeds" } as const),
  ...({ command: "command", shell: "shell", cwd: "cwd", reportPattern: "report_pattern" } as const),
};

const settingKeys: KnownKeys<NonNullable<StudyRequest["settings"]>> = {
  ...({ trial_value: true, on_nan: true, on_duplicate: true, dry_run_pruner: true } as const),
};

const objectiveKeys: KnownKeys<StudyObjective> = { metric: true, direction: true };

/** @throws UsageError `unknown-option`, `invalid-option`. */
export function checkRequest(request: StudyRequest): void {
  const { objectives, settings, directions, defaults, defaultSpace } = request;
  if (Array.isArray(objectives))
    for (const [i, objective] of objectives.entries())
      requireKnownKeys(`createStudy: objectives[${i}]`, objective, objectiveKeys);
  // Null says the same as "none".
  if (request.folds !== undefined && request.folds !== null) checkValueOf("folds", request.folds, "createStudy: folds");
  for (const [name, key] of Object.entries(inFile)) {
    const value: unknown = request[name as keyof StudyRequest];
    if (value !== undefined) checkValueOf(key, value, `createStudy: ${name}`);
  }
  if (settings !== undefined) checkSettings(settings);
  if (request.from !== undefined) checkPriorRequest(request.from);
  if (request.terminator !== undefined) checkTerminator(request.terminator);
  if (directions !== undefined && !Array.isArray(directions))
    throw invalid("directions", "a list, one an objective", directions);
  for (const [name, value] of Object.entries({ defaults, defaultSpace }))
    if (value !== undefined && typeof value !== "boolean") throw invalid(name, "true or false", value);
}

function checkSettings(settings: NonNullable<StudyRequest["settings"]>): void {
  requireKnownKeys("createStudy: settings", settings, settingKeys);
  for (const [key, value] of Object.entries(settings))
    if (value !== undefined) checkValueOf(key as keyof typeof settings, value, `createStudy: settings.${key}`);
}

function checkTerminator(terminator: NonNullable<StudyRequest["terminator"]>): void {
  if (typeof terminator === "boolean") return;
  requireKnownKeys("createStudy: terminator", terminator, { minTrials: true });
  const { minTrials = TERMINATOR_MIN_TRIALS } = terminator;
  if (!Number.isSafeInteger(minTrials) || minTrials < TERMINATOR_LEAST_TRIALS)
    throw new UsageError(
      "invalid-option",
      `terminator: min-trials ${String(minTrials)}: expected a whole number of at least ${TERMINATOR_LEAST_TRIALS}`,
    );
}

function invalid(name: string, wanted: string, value: unknown): UsageError {
  return new UsageError("invalid-option", `createStudy: ${name}: expected ${wanted}, got ${JSON.stringify(value)}`);
}
