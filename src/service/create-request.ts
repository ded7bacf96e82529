/** A study as a request asks for it, made what the library takes. Which files it may name, the host decides. */
import type { z } from "zod";
import { presetNames } from "../app/study-config.js";
import { didYouMean, UsageError } from "../core/index.js";
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
 * @throws UsageError `unknown-preset`: a study file of one's own is none of a request's.
 */
export async function createOptions(body: CreateBody): Promise<Record<string, unknown>> {
  const { dry_run: _dry, space_change: _change, terminator, ...given } = body;
  await requirePreset(given.preset);
  const options: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(given)) if (value !== undefined) options[renamed[key] ?? key] = value;
  if (terminator !== undefined)
    options["terminator"] = typeof terminator === "boolean" ? terminator : { minTrials: terminator.min_trials };
  return options;
}

async function requirePreset(preset: string | undefined): Promise<void> {
  if (preset === undefined) return;
  const known = await presetNames();
  if (known.includes(preset)) return;
  const hint = didYouMean(preset, known);
  throw new UsageError("unknown-preset", `unknown preset "${preset}":${hint} presets: ${known.join(", ")}`);
}
