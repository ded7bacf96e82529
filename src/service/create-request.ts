/** A study as a request asks for it, made what the library takes. Which files it may name, the host decides. */
import type { z } from "zod";
import { requirePreset } from "../app/presets.js";
import { UsageError } from "../core/index.js";
import type { createRequest } from "./schemas/studies.js";

/** The body of POST /studies, checked. */
export type CreateBody = z.output<typeof createRequest>;

/** The keys that have another name in the library. */
const renamed: Readonly<Record<string, string>> = {
  preset: "config",
  default_space: "defaultSpace",
  force_direction: "forceDirection",
  prune_by: "pruneBy",
  report_pattern: "reportPattern",
  trial_value: "trialValue",
  on_nan: "onNan",
  on_duplicate: "onDuplicate",
  dry_run_pruner: "dryRunPruner",
};

/**
 * The options of `createStudy` for a request.
 * @throws UsageError `unknown-preset`: a study file of one's own is none of a request's; `conflicting-options`,
 * `invalid-request`.
 */
export async function createOptions(body: CreateBody): Promise<Record<string, unknown>> {
  const { dry_run: _dry, space_change: _change, terminator, config, ...rest } = body;
  if (config !== undefined && rest.preset !== undefined)
    throw new UsageError("conflicting-options", "preset and config are two names of one thing: give one of them");
  const given = { ...rest, preset: rest.preset ?? config };
  if (Object.values(given).every((value) => value === undefined))
    throw new UsageError("invalid-request", "body: say what is studied: a model, a preset, or a name and a space");
  if (given.preset !== undefined) await requirePreset(given.preset);
  const options: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(given)) if (value !== undefined) options[renamed[key] ?? key] = value;
  if (terminator !== undefined)
    options["terminator"] = typeof terminator === "boolean" ? terminator : { minTrials: terminator.min_trials };
  return options;
}
