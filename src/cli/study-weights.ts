/** How `predict` and `evaluate` are given weights: files, or the trial of a study whose parts they take together. */
import type { Command } from "commander";
import { UsageError } from "../core/index.js";
import type { Prescan } from "./parameter-options.js";
import { wholeNumber } from "./shared-options.js";
import { resolveStudy, storageOption } from "./study-ref.js";

/** How a command's line names a study's weights. */
export interface WeightsOptions {
  readonly study?: string;
  readonly storage?: string;
  readonly trial?: number;
}

/** `--study`, `--storage` and `--trial`. */
export function addWeightsOptions(command: Command): Command {
  return command
    .option("--study <name>", "take the kept weights of a study's best trial, all of its parts, instead of files")
    .option("--trial <n>", "with --study: another trial's weights", wholeNumber("--trial", 0))
    .addOption(storageOption());
}

/**
 * The checkpoints that are meant: the files, or those of the study's trial.
 * @throws UsageError `missing-argument` for neither, `conflicting-options` for both, `no-checkpoint`.
 */
export async function chosenCheckpoints(
  files: readonly string[],
  { study, trial, storage }: WeightsOptions,
): Promise<readonly string[]> {
  if (study === undefined && trial !== undefined)
    throw new UsageError("conflicting-options", "--trial is of a study: give --study NAME, too");
  if (study === undefined && files.length === 0)
    throw new UsageError("missing-argument", "give a checkpoint's file (several are taken together), or --study NAME");
  if (study === undefined) return files;
  if (files.length > 0)
    throw new UsageError("conflicting-options", `--study ${study} has weights of its own: give it without ${files[0]}`);
  const { trialCheckpoints } = await import("../app/read-study.js");
  return trialCheckpoints(await resolveStudy({ study, ...(storage === undefined ? {} : { storage }) }), trial);
}

/** A line's words with a study's files in place of its name; as they are where it cannot be read: the command says why. */
export async function withStudyWeights(scanned: Prescan): Promise<Prescan> {
  const { study, trial } = scanned;
  const storage = scanned.storage ?? process.env["MLBENCH_HPO_STORAGE"];
  if (study === undefined) return scanned;
  const number = trial === undefined ? {} : { trial: Number(trial) };
  try {
    const files = await chosenCheckpoints([], { study, ...number, ...(storage === undefined ? {} : { storage }) });
    return { ...scanned, operands: files };
  } catch {
    return scanned;
  }
}
