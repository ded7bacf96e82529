/** How a line names the study that its command works on, and its storage. */
import { basename, dirname, resolve } from "node:path";
import { Option } from "commander";
import type { Command } from "commander";
import { shellWord } from "../core/command-words.js";
import { UsageError } from "../core/index.js";
import type { LocatedStudy } from "../app/address.js";
import { printLine } from "./io.js";
import { wholeNumber } from "./shared-options.js";

/** How a command's line names its study. */
export interface StudyOptions {
  readonly storage?: string;
  readonly studyName?: string;
  readonly study?: string;
}

/** A study that a command works on. */
export interface StudyRef extends LocatedStudy {
  /** The storage's folder as it was named, for what is printed. */
  readonly directory: string;
}

export function storageOption(): Option {
  return new Option("--storage <dir>", "folder of the studies").env("MLBENCH_HPO_STORAGE").default(usualStorage);
}

/** `--storage`, `--study-name` and its alias `--study`; the name as first argument where a command has no other. */
export function addStudyOptions(command: Command, options: { positional: boolean; missing?: string }): Command {
  const { positional, missing = "the only one there is" } = options;
  if (positional) command.argument("[study]", `the study's name or file (default: ${missing})`);
  return command
    .addOption(storageOption())
    .option("--study-name <name>", "the study's name or file")
    .addOption(new Option("--study <name>", "the same as --study-name").hideHelp());
}

/** A trial's number as a command's argument, perhaps with its study before it: `logs 3`, `logs lab 3`. */
export function addTrialArgument(command: Command): Command {
  return command
    .argument("<trial...>", "the trial's number, or its study's name and the number")
    .usage("[options] [study] <number>");
}

/**
 * The study and the number that {@link addTrialArgument} was given.
 * @throws UsageError `invalid-option` for what is no number, or too much.
 */
export function trialArgument(
  command: string,
  words: readonly string[],
): { study: string | undefined; number: number } {
  const [first = "", second, ...rest] = words;
  if (rest.length > 0)
    throw new UsageError("invalid-option", `${command} ${words.join(" ")}: expected a trial's number, or STUDY NUMBER`);
  const number = wholeNumber(command, 0)(second ?? first);
  return { study: second === undefined ? undefined : first, number };
}

/** A service in the place of a folder. */
export interface ServerPlace {
  /** As it is shown. */
  readonly url: string;
  /** As it is opened: with its token. */
  readonly location: string;
}

let server: ServerPlace | null = null;

/** Tells that this line's storage is a service; null: it is not. */
export function setServer(place: ServerPlace | null): void {
  server = place;
}

let usualStorage = "studies";

/** Tells where commands look by themselves: the project file's storage. */
export function setUsualStorage(directory: string): void {
  usualStorage = directory;
}

/** ` --storage DIR`, ` --server URL` where a command that is typed next would not look there by itself. */
export function storageArgument(directory: string): string {
  if (directory === server?.url)
    return process.env["MLBENCH_HPO_SERVER"]?.split("#")[0] === server.url ? "" : ` --server ${shellWord(server.url)}`;
  if (directory === (process.env["MLBENCH_HPO_STORAGE"] ?? usualStorage)) return "";
  return ` --storage ${shellWord(directory)}`;
}

/** `--storage` names a folder, one that is called `memory` included; or it stands for the service that the line names. */
export function folderLocation(directory: string): string {
  if (directory === server?.url) return server.location;
  return directory === "memory" ? "./memory" : directory;
}

/** A name, or the path of a study's file. */
export function splitStudyPath(text: string): { directory: string | null; name: string } {
  if (!text.endsWith(".json") && !text.includes("/")) return { directory: null, name: text };
  if (!text.endsWith(".json"))
    throw new UsageError("invalid-study-name", `study "${text}": expected a name or the path of a study's .json file`);
  return { directory: dirname(resolve(text)), name: basename(text, ".json") };
}

/**
 * The study that is meant: the one named, or the only one in the storage.
 * @throws UsageError `unknown-study`, `no-study`, `several-studies` (listing them), `two-studies`.
 */
export async function resolveStudy(options: StudyOptions, positional?: string): Promise<StudyRef> {
  const named = [positional, options.studyName, options.study].filter((name) => name !== undefined);
  if (new Set(named).size > 1)
    throw new UsageError("two-studies", `two studies are named: ${named.join(" and ")}; name one`);
  const split = named[0] === undefined ? null : splitStudyPath(named[0]);
  if (split?.directory && server)
    throw new UsageError(
      "conflicting-options",
      `${named[0]}: a file of this machine; a service's study goes by its name`,
    );
  const directory = split?.directory ?? options.storage ?? usualStorage;
  const { findStudy } = await import("../app/find-study.js");
  return { ...(await findStudy(folderLocation(directory), split?.name ?? null, tellOfWaiting)), directory };
}

function tellOfWaiting(line: string): void {
  printLine(process.stderr, line);
}
