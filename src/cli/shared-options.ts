/** Options that several commands have, and the readers of their values. */
import { Option } from "commander";
import type { Command } from "commander";
import type { Folds } from "../core/index.js";
import { UsageError } from "../core/index.js";
import { outputFormats, parseFormat } from "./io.js";

/** Collects a repeatable option. */
export function collect(value: string, previous: readonly string[] | undefined): string[] {
  return [...(previous ?? []), value];
}

/** Collects a repeatable option that also takes a comma-separated list. */
export function collectList(value: string, previous: readonly string[] | undefined): string[] {
  const items = value
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
  return [...(previous ?? []), ...items];
}

export function pluginOption(): Option {
  return new Option("--plugin <file>", "import a module that registers models or datasets (repeatable)").argParser(
    collect,
  );
}

/** The file of `--output`: an empty one is a variable that was not set, and no wish to write somewhere else. */
export function outputFile(file: string): string {
  if (file.trim() === "") throw new UsageError("invalid-option", "--output: expected a file's name, and it is empty");
  return file;
}

/** `--output FILE`; `-` is stdout, as without it. */
export function outputOption(): Option {
  return new Option("-o, --output <file>", "write to a file instead of stdout").argParser((file) =>
    outputFile(file) === "-" ? undefined : file,
  );
}

export function formatOption(formats: readonly string[] = outputFormats): Option {
  return new Option("--format <format>", "output format").choices(formats).default("table");
}

/** {@link formatOption} of a command whose rows `export` writes as CSV. */
export function formatOfTrials(): Option {
  return formatOption().argParser((text) => {
    if (text === "csv")
      throw new UsageError("invalid-format", "--format csv: `mlbench-hpo export --to csv` writes the trials as CSV");
    return parseFormat(text);
  });
}

/** An option's value as a whole number in a range. */
export function wholeNumber(name: string, minimum: number, maximum = Number.MAX_SAFE_INTEGER) {
  return (text: string): number => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isInteger(value) || value < minimum || value > maximum) {
      const range = maximum === Number.MAX_SAFE_INTEGER ? `of at least ${minimum}` : `from ${minimum} to ${maximum}`;
      throw new UsageError("invalid-option", `${name} ${text}: expected a whole number ${range}`);
    }
    return value;
  };
}

const secondsIn = { s: 1, m: 60, h: 3600 } as const;

/** An option's value as a length of time: `90`, `90s`, `30m` or `2h`, in seconds. */
export function duration(name: string) {
  return (text: string): number => {
    const [, number, unit = "s"] = /^(\d+(?:\.\d+)?)(s|m|h)?$/.exec(text.trim()) ?? [];
    const seconds = Number(number) * secondsIn[unit as keyof typeof secondsIn];
    if (!Number.isFinite(seconds) || seconds <= 0)
      throw new UsageError("invalid-option", `${name} ${text}: expected a length of time, as in 90, 90s, 30m or 2h`);
    return seconds;
  };
}

/** `--folds`, `--seeds`: what a training is cross-validated over. */
export function addPartOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--folds <folds>",
        "cross-validate in lockstep: cells (each in turn), N (groups of cells, or blocks of time), or none (default)",
      ).argParser(foldsOf),
    )
    .option("--seeds <n>", "train every fold under N seeds (default: 1)", wholeNumber("--seeds", 1, 1000));
}

function foldsOf(text: string): Folds | "none" {
  if (text === "cells" || text === "none") return text;
  const folds = Number(text);
  if (/^\d+$/.test(text) && folds >= 2 && folds <= 1000) return folds;
  throw new UsageError("invalid-option", `--folds ${text}: expected cells, none, or how many folds (from 2)`);
}

/** `--backend`, `--kernels`: where the numbers are made. */
export function addBackendOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--backend <name>", "TensorFlow.js backend")
        .choices(["wasm", "cpu", "tensorflow", "auto"])
        .default("auto"),
    )
    .addOption(
      new Option("--kernels <name>", "build of the fused kernels; fix one for exact replays across machines")
        .choices(["auto", "native", "relaxed", "plain", "none"])
        .default("auto"),
    );
}
