/** What a command line may go on with: commands, options, choices, names of what is there. Loads no TensorFlow.js. */
import { Command } from "commander";
import type { Argument, Option } from "commander";
import { findProjectFile, pathFromProject } from "../app/find-project-file.js";
import { pathsOf } from "./command.js";
import type { CommandContext, CommandEntry } from "./command.js";
import type { CompletionShell } from "./completion-scripts.js";
import { addGlobalOptions, addLeadingOptions } from "./global-options.js";
import { folderLocation } from "./study-ref.js";

/** What the answers are made with. */
type Program = Required<Pick<CommandContext, "io" | "commands">>;

/** A word that may follow, and what it is; `:files`, `:folders` and `:nospace` are for the shell. */
interface Candidate {
  readonly text: string;
  readonly about?: string;
}

const FILES: Candidate = { text: ":files" };
const FOLDERS: Candidate = { text: ":folders" };

const named = (texts: readonly string[]): Candidate[] => texts.map((text) => ({ text }));

/** bash hands `--format=json` over as three words; behind it, as the others do, as one. */
function joinedAtEquals(words: readonly string[]): string[] {
  const joined: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string;
    if (word === "=" && joined.at(-1)?.startsWith("--")) joined.push(`${joined.pop()}=${words[++i] ?? ""}`);
    else joined.push(word);
  }
  return joined;
}

/** A line taken apart as far as it is typed. */
interface Place {
  /** The command under the cursor's word, and its ancestors' program. */
  readonly command: Command;
  readonly operands: readonly string[];
  /** The option whose value is typed next. */
  readonly pending: Option | null;
  readonly optionsEnded: boolean;
}

function optionOf(command: Command, word: string): Option | undefined {
  return command.options.find(({ long, short }) => word === long || word === short);
}

function walk(program: Command, words: readonly string[]): Place {
  let command = program;
  let operands: string[] = [];
  let pending: Option | null = null;
  let optionsEnded = false;
  for (const word of words) {
    if (pending) {
      pending = null;
      continue;
    }
    if (word === "--") optionsEnded = true;
    else if (!optionsEnded && word.startsWith("-")) {
      const option = word.includes("=") ? undefined : optionOf(command, word);
      pending = option?.required ? option : null;
    } else {
      const child = operands.length === 0 ? childOf(command, word) : undefined;
      if (child) command = child;
      else operands.push(word);
      if (child) operands = [];
    }
  }
  return { command, operands, pending, optionsEnded };
}

function childOf(command: Command, word: string): Command | undefined {
  return command.commands.find((child) => child.name() === word || child.aliases().includes(word));
}

/** The program with the command that is typed, as `main` makes it, but for plug-ins: Tab runs no code of the user's. */
async function programFor(words: readonly string[], { io, commands }: Program): Promise<Command> {
  const program = new Command("mlbench-hpo").enablePositionalOptions();
  addLeadingOptions(program);
  const at = walk(program, words).operands[0];
  const entry = commands.find(({ name, aliases = [] }) => name === at || aliases.includes(at ?? ""));
  const context = { io, setExitCode: () => {} };
  for (const { name, aliases = [], summary, hidden, load } of commands) {
    if (name === entry?.name) await (await load())(program, { ...context, argv: safeLine(entry, words) });
    else if (!hidden)
      program
        .command(name)
        .description(summary)
        .aliases([...aliases]);
  }
  for (const command of program.commands) if (command.name() === entry?.name) addGlobalOptions(command);
  return program;
}

/** What a command's parameters depend on, without what would be imported or read for them. */
function safeLine({ name }: CommandEntry, words: readonly string[]): string[] {
  const line = words.slice(words.indexOf(name) + 1);
  const kept: string[] = [];
  for (let i = 0; i < line.length; i++) {
    const word = line[i] as string;
    if (["--plugin", "--config", "--resume"].includes(word)) i++;
    else if (!/^--(plugin|config|resume)=/.test(word)) kept.push(word);
  }
  return [name, ...kept];
}

/** Where studies live for the line, without running code. */
async function storageOf(words: readonly string[], commands: readonly CommandEntry[]): Promise<string> {
  const at = words.indexOf("--storage");
  const joined = words.find((word) => word.startsWith("--storage="))?.slice("--storage=".length);
  const typed = joined ?? (at < 0 ? undefined : words[at + 1]);
  const set = process.env["MLBENCH_HPO_STORAGE"];
  if (typed !== undefined || set) return typed ?? (set as string);
  const { found } = findProjectFile(".");
  if (!found || found.path.endsWith(".mjs")) return "studies";
  const { readProjectFile } = await import("../app/project-file.js");
  const { config, folder } = await readProjectFile(found, pathsOf(commands));
  return config.storage === undefined ? "studies" : pathFromProject(folder, config.storage);
}

async function studies(words: readonly string[], { commands }: Program): Promise<Candidate[]> {
  const location = await storageOf(words, commands);
  if (/^[a-z][a-z0-9+.-]+:/i.test(location)) return [];
  const { openStorage } = await import("../app/storage.js");
  return named(await (await openStorage(folderLocation(location))).list());
}

async function modelNames(): Promise<Candidate[]> {
  const { models } = await import("../models/index.js");
  return models.entries().map(({ name, summary }) => ({ text: name, about: summary }));
}

async function datasetNames(): Promise<Candidate[]> {
  const { datasets } = await import("../datasets/index.js");
  return datasets.entries().map(({ name, summary }) => ({ text: name, about: summary }));
}

async function componentNames(kind: string): Promise<Candidate[]> {
  switch (kind) {
    case "model":
      return modelNames();
    case "dataset":
      return datasetNames();
    case "sampler":
      return named((await import("../samplers/index.js")).samplers.names());
    case "pruner":
      return named((await import("../pruners/index.js")).pruners.names());
    case "optimizer":
      return named((await import("../training/optimizers/index.js")).optimizers.names());
    case "scheduler":
      return named((await import("../training/schedulers/index.js")).schedulers.names());
    default:
      return [];
  }
}

/** Names with values: `train.lr=`. */
async function settings(words: readonly string[]): Promise<Candidate[]> {
  const valueOf = (flag: string): string | undefined =>
    words.find((word) => word.startsWith(`${flag}=`))?.slice(flag.length + 1) ?? words[words.indexOf(flag) + 1];
  const model = words.some((word) => word.startsWith("--model")) ? valueOf("--model") : undefined;
  const dataset = words.some((word) => word.startsWith("--dataset")) ? valueOf("--dataset") : undefined;
  const { parametersFor } = await import("../training/config.js");
  const parameters = parametersFor((model ?? "lstm").split(",")[0] as string, dataset ?? "dummy");
  return [{ text: ":nospace" }, ...parameters.map(({ qualified }) => ({ text: `${qualified}=` }))];
}

async function valuesOf(option: Option, words: readonly string[], program: Program): Promise<Candidate[]> {
  if (option.argChoices) return named(option.argChoices);
  const name = option.attributeName();
  const holder = /[<[]([^>\]]+)/.exec(option.flags)?.[1] ?? "";
  if (holder.includes("|")) return named(holder.split("|"));
  if (name === "storage" || holder === "dir") return [FOLDERS];
  if (name === "config") {
    const presets = await (await import("../app/presets.js")).presetNames();
    return [...named(presets), FILES];
  }
  if (/^(file|path)\b/.test(holder)) return [FILES];
  if (["studyName", "study"].includes(name)) return studies(words, program);
  if (name === "isolation") return named(["thread", "process"]);
  if (["set", "search", "fix"].includes(name)) return settings(words);
  return componentNames(name);
}

async function operandsOf(
  argument: Argument,
  place: Place,
  words: readonly string[],
  program: Program,
): Promise<Candidate[]> {
  if (argument.argChoices) return named(argument.argChoices);
  switch (argument.name()) {
    case "study":
    case "studies":
      return studies(words, program);
    case "trial":
      return place.operands.length === 0 ? studies(words, program) : [];
    case "checkpoint":
      return [FILES];
    case "dataset":
      return place.command.name() === "download" ? named(["nasa"]) : datasetNames();
    case "name":
      return componentNames(place.operands[0] ?? "");
    default:
      return [];
  }
}

function optionsOf(command: Command): Candidate[] {
  const own = command.options.filter(({ hidden, long }) => !hidden && long);
  return [
    ...own.map(({ long, description }) => ({ text: long as string, about: description })),
    { text: "--help", about: "show help" },
  ];
}

async function wordsAt(
  place: Place,
  current: string,
  words: readonly string[],
  program: Program,
): Promise<Candidate[]> {
  const { command, operands, pending, optionsEnded } = place;
  if (pending) return valuesOf(pending, words, program);
  if (!optionsEnded && current.startsWith("-")) return optionsOf(command);
  const isProgram = command.parent === null;
  if (isProgram && operands[0] === "help")
    return program.commands
      .filter(({ hidden }) => !hidden)
      .map(({ name, summary }) => ({ text: name, about: summary }));
  const own =
    operands.length > 0 ? [] : command.commands.map((child) => ({ text: child.name(), about: child.description() }));
  const argument =
    command.registeredArguments[operands.length] ?? command.registeredArguments.findLast((a) => a.variadic);
  const more = argument ? await operandsOf(argument, place, words, program) : [];
  return [
    ...own,
    ...(isProgram && operands.length === 0 ? [{ text: "help", about: "show a command's help" }] : []),
    ...more,
  ];
}

/**
 * The lines that a shell's script reads: `word<TAB>what it is`.
 * @param line the words behind the program's name, the one under the cursor last
 */
export async function completions(
  shell: CompletionShell,
  line: readonly string[],
  program: Program,
): Promise<string[]> {
  const words = shell === "bash" ? joinedAtEquals(line) : [...line];
  const current = words.pop() ?? "";
  const place = walk(await programFor(words, program), words);
  const at = current.startsWith("--") && !place.pending && !place.optionsEnded ? current.indexOf("=") : -1;
  const option = at < 0 ? undefined : optionOf(place.command, current.slice(0, at));
  if (at >= 0 && !option) return [];
  const found = option ? await valuesOf(option, words, program) : await wordsAt(place, current, words, program);
  const typed = option ? current.slice(at + 1) : current;
  // bash replaces what stands behind the equals sign alone.
  const before = option && shell !== "bash" ? current.slice(0, at + 1) : "";
  return found
    .filter(({ text }) => text.startsWith(":") || text.startsWith(typed))
    .map(({ text, about }) => {
      if (text.startsWith(":")) return text;
      return about === undefined ? before + text : `${before}${text}\t${about.replaceAll(/\s+/g, " ")}`;
    });
}
