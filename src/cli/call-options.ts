/** The options of one call that runs a study's trials, `optimize` and `sweep` alike. */
import { Option } from "commander";
import type { Command } from "commander";
import { commandWords } from "../core/command-words.js";
import { UsageError } from "../core/index.js";
import type { OptimizeStudyOptions } from "../study/study.js";
import { mlflowOption } from "./mlflow-options.js";
import type { MlflowGiven } from "./mlflow-options.js";
import { addBackendOptions, duration, wholeNumber } from "./shared-options.js";

/** What a line gives of them. */
export interface CallCliOptions {
  trials?: number;
  totalTrials?: number;
  timeout?: number;
  trialTimeout?: number;
  workers?: number;
  isolation: string;
  deterministic?: boolean;
  maxAttempts?: number;
  maxRetries?: number;
  maxFailures?: number;
  patience?: number;
  target?: number;
  terminator?: boolean;
  grace?: number;
  keepCheckpoints: string;
  acceptChanges?: boolean;
  takeOver?: boolean;
  onTrial?: [string, ...string[]];
  onFinish?: [string, ...string[]];
  mlflow?: MlflowGiven;
  backend: "auto";
  kernels: "auto";
  format: "table" | "json";
}

/** Adds them to a command; `trials` says what `--trials` means there. */
export function addCallOptions(command: Command, trials: string): Command {
  command
    .option("--trials <n>", trials, wholeNumber("--trials", 0))
    .option("--total-trials <n>", "stop when the study has N finished trials", wholeNumber("--total-trials", 0))
    .option("--timeout <time>", "stop after 90, 90s, 30m, 2h; running trials are requeued", duration("--timeout"))
    .option("--trial-timeout <time>", "fail a trial that runs longer", duration("--trial-timeout"))
    .option("--workers <n>", "trials in parallel (default: number of cores)", wholeNumber("--workers", 1, 1024))
    .addOption(
      new Option(
        "--isolation <name>",
        "where trials run: thread (shares the data), process (isolates crashes and memory), or a plug-in's executor",
      ).default("thread"),
    )
    .option("--deterministic", "process results in trial order, so that a parallel study is reproducible")
    .option(
      "--max-attempts <n>",
      "attempts at a trial whose process dies (default: 3)",
      wholeNumber("--max-attempts", 1),
    )
    .option("--max-retries <n>", "retries of a failed trial (default: 0)", wholeNumber("--max-retries", 0))
    .option(
      "--max-failures <n>",
      "stop after N failures in a row; 0: never (default: 5 until a trial succeeds, then 20)",
      wholeNumber("--max-failures", 0),
    )
    .option("--patience <n>", "stop after N trials without improvement", wholeNumber("--patience", 1))
    .option("--target <value>", "stop as soon as a trial reaches this value", finiteNumber)
    .option("--no-terminator", "go on where the study's terminator would stop")
    .option(
      "--grace <time>",
      "how long running trials may take to finish after Ctrl-C (default: 10s)",
      duration("--grace"),
    )
    .option("--keep-checkpoints <rule>", "checkpoints to keep: best:N, all or none", "best:3")
    .option("--accept-changes", "run although files that the study depends on have changed (recorded in the study)")
    .option("--take-over", "take over at once the lock of a dead process on another machine")
    .addOption(hookOption("--on-trial", "run a command for each finished trial, with its record as JSON on stdin"))
    .addOption(hookOption("--on-finish", "run a command at the end, with the finish event as JSON on stdin"));
  return addBackendOptions(command.addOption(mlflowOption())).addOption(
    new Option("--format <format>", "json: one event per line").choices(["table", "json"]).default("table"),
  );
}

/** A command, split into its words while mistakes in it cost nothing. */
function hookOption(flag: string, description: string): Option {
  return new Option(`${flag} <command>`, description).argParser((text: string) => commandWords(flag, text));
}

function finiteNumber(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value)) return value;
  throw new UsageError("invalid-option", `--target ${text}: expected a number`);
}

function milliseconds(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000;
}

/** The call as the library is asked for it; whose weights stay is read apart. */
export function callOptions(options: CallCliOptions): OptimizeStudyOptions {
  const { trials, totalTrials, workers, isolation, deterministic, acceptChanges, backend, kernels } = options;
  const { maxAttempts, maxRetries, maxFailures, patience, target, terminator } = options;
  return {
    ...{ trials, totalTrials, workers, isolation, deterministic, acceptChanges, backend, kernels },
    ...{ maxAttempts, maxRetries, maxFailures, patience, target, terminator },
    timeoutMs: milliseconds(options.timeout),
    trialTimeoutMs: milliseconds(options.trialTimeout),
    graceMs: milliseconds(options.grace),
  };
}
