/** A project file's options of one command as words of its line, before those that are typed. */
import { resolve } from "node:path";
import type { Command, Option } from "commander";
import { messageOf, MlbenchError, UsageError } from "../core/errors.js";
import { didYouMean } from "../core/nearest.js";
import type { OptionValue } from "../app/define-config.js";
import { pathFromProject } from "../app/find-project-file.js";
import type { ProjectFile } from "../app/project-file.js";
import { collect, collectList } from "./shared-options.js";

type Given = OptionValue | Readonly<Record<string, OptionValue>>;

/** Options that say the same, or whose default makes no sense beside the other: a typed one displaces them. */
const displacedBy: Readonly<Record<string, readonly string[]>> = {
  "study-name": ["study", "name"],
  study: ["study-name", "name"],
  name: ["study-name", "study"],
  value: ["values"],
  values: ["value"],
  "sampler-option": ["sampler"],
  "pruner-option": ["pruner"],
  direction: ["metric"],
  model: ["objective", "command"],
  dataset: ["objective", "command"],
  objective: ["model", "dataset", "command"],
  command: ["model", "dataset", "objective"],
  shell: ["model", "dataset", "objective"],
  cwd: ["model", "dataset", "objective"],
  "report-pattern": ["model", "dataset", "objective"],
  trials: ["total-trials"],
  "total-trials": ["trials"],
  quiet: ["verbose"],
  verbose: ["quiet"],
};

/** What stands in an option's brackets: `file` of `--log-file <file>`. */
function placeholder(option: Option): string {
  return /[<[]([^>\]]+)/.exec(option.flags)?.[1] ?? "";
}

function isRepeatable(option: Option): boolean {
  return option.parseArg === (collect as Option["parseArg"]) || option.parseArg === (collectList as Option["parseArg"]);
}

/** Whether an option takes settings with names: `--set <group.name=value>`. */
function isNamed(option: Option): boolean {
  return placeholder(option).includes("=");
}

/** The name of a setting, without its group: `train.lr=0.1` and `--lr` are about the same. */
function bareName(setting: string): string {
  const name = setting.split("=", 1)[0] as string;
  return name.slice(name.lastIndexOf(".") + 1).replaceAll("_", "-");
}

/** Names in a value: what an error quotes. */
function textsOf(value: Given): string[] {
  if (Array.isArray(value)) return value.map(String);
  return typeof value === "object" ? Object.keys(value) : [String(value)];
}

/** The options of the line as far as they are typed: long names without dashes, and the settings of each. */
class TypedOptions {
  readonly #words: readonly string[];

  constructor(words: readonly string[]) {
    const end = words.indexOf("--");
    this.#words = end < 0 ? words : words.slice(0, end);
  }

  has(name: string, short?: string): boolean {
    return this.#words.some(
      (word) =>
        word === `--${name}` ||
        word === `--no-${name}` ||
        word.startsWith(`--${name}=`) ||
        (short !== undefined && !word.startsWith("--") && word.startsWith(short)),
    );
  }

  /** The names that are set with an option of the form `--set name=value`. */
  settingsOf(name: string): Set<string> {
    const texts = this.#words.flatMap((word, i) => {
      if (word === `--${name}`) return [this.#words[i + 1] ?? ""];
      return word.startsWith(`--${name}=`) ? [word.slice(name.length + 3)] : [];
    });
    return new Set(texts.map(bareName));
  }
}

/** One default that goes into the line. */
interface Used {
  readonly name: string;
  readonly attribute: string;
  readonly texts: readonly string[];
}

/** The defaults of one command. */
export class ProjectDefaults {
  readonly #typed: TypedOptions;
  readonly #given: readonly (readonly [string, Given])[];
  #used: Used[] = [];

  /**
   * @param command as it is typed: `datasets show`
   * @param typed the words behind it, and what stands before it
   */
  constructor(
    private readonly file: ProjectFile,
    private readonly command: string,
    typed: readonly string[],
  ) {
    this.#typed = new TypedOptions(typed);
    const plugins = (file.config.plugins ?? []).map((plugin) => this.#plugin(plugin));
    this.#given = [
      ...(plugins.length > 0 ? [["plugin", plugins] as const] : []),
      ...Object.entries(file.config.defaults?.[command] ?? {}),
    ];
  }

  /** A package's name stays: it is looked for from the current folder. */
  #plugin(plugin: string): string {
    return plugin.startsWith(".") ? resolve(this.file.folder, plugin) : plugin;
  }

  #place(name: string): string {
    return `${this.file.shown}: defaults.${this.command}.${name}`;
  }

  /** Before the command's options are known: what its parameters depend on is among these words. */
  earlyWords(): string[] {
    return this.#given.flatMap(([name, value]) => {
      if (this.#typed.has(name) || (displacedBy[name] ?? []).some((other) => this.#typed.has(other))) return [];
      if (value === true) return [`--${name}`];
      if (value === false) return [`--no-${name}`];
      if (name === "plugin" && Array.isArray(value)) return value.map((text) => `--plugin=${text}`);
      // Settings with names are no part of what a command's parameters depend on.
      if (typeof value === "object" && !Array.isArray(value)) return [`--${name}=`];
      const text = this.#relocated(name, "", [value as OptionValue].flat().join(","));
      return [`--${name}=${text}`];
    });
  }

  /**
   * The words that stand before those that are typed.
   * @throws UsageError `invalid-config` for an option that the command does not have, or a value that it does not take
   */
  words(command: Command): string[] {
    this.#used = [];
    return this.#given.flatMap(([name, value]) => {
      const option = this.#optionOf(command, name, value);
      if (option === null || this.#isDisplaced(command, name, option)) return [];
      const texts = this.#texts(name, option, value);
      for (const text of texts) this.#check(name, option, text);
      option.description += ` (${this.file.shown} sets ${texts.join(", ") || `${value === true}`})`;
      this.#used.push({ name, attribute: option.attributeName(), texts });
      return this.#wordsOf(option, texts, value);
    });
  }

  /** Null where the value is what holds without it, and for the file's plug-ins where a command takes none. */
  #optionOf(command: Command, name: string, value: Given): Option | null {
    const find = (long: string): Option | undefined => command.options.find((option) => option.long === long);
    const option = value === false ? (find(`--no-${name}`) ?? find(`--${name}`)) : find(`--${name}`);
    const isPlugins = name === "plugin" && this.file.config.defaults?.[this.command]?.["plugin"] === undefined;
    if (isPlugins && (!option || option.hidden)) return null;
    if (option) return option;
    if (value === true && find(`--no-${name}`)) return null;
    const known = command.options.flatMap(({ long, hidden }) => (long && !hidden ? [long.slice(2)] : []));
    throw new UsageError(
      "invalid-config",
      `${this.#place(name)}: ${this.command} has no option --${name}:${didYouMean(name, known)} mlbench-hpo ${this.command} --help lists them`,
    );
  }

  #isDisplaced(command: Command, name: string, option: Option): boolean {
    const others = displacedBy[name] ?? [];
    if (others.some((other) => this.#typed.has(other))) return true;
    if (option.envVar !== undefined && process.env[option.envVar] !== undefined) return true;
    if (!isNamed(option) && this.#typed.has(name, option.short)) return true;
    // A parameter that is typed as a setting.
    return command.options.some(({ long }) => long === "--set") && this.#typed.settingsOf("set").has(name);
  }

  #texts(name: string, option: Option, value: Given): string[] {
    if (option.isBoolean() && typeof value !== "boolean") throw this.#refused(name, "expected true or false");
    if (typeof value === "boolean") {
      if (option.isBoolean() || option.negate) return [];
      const takesBoolean = placeholder(option) === "true|false";
      return value ? (option.required ? ["true"] : []) : takesBoolean || option.required ? ["false"] : [];
    }
    const isMap = typeof value === "object" && !Array.isArray(value);
    if (isMap && !isNamed(option)) throw this.#refused(name, "expected no names with values");
    const texts = isMap
      ? Object.entries(value as Readonly<Record<string, OptionValue>>).map(([key, one]) =>
          one === true ? key : `${key}=${String(one as string)}`,
        )
      : isRepeatable(option)
        ? [value as OptionValue].flat().map(String)
        : [[value as OptionValue].flat().join(",")];
    if (isNamed(option)) return this.#untyped(name, texts);
    return texts.map((text) => this.#relocated(name, placeholder(option), text));
  }

  /** Settings whose names are not typed. */
  #untyped(name: string, texts: readonly string[]): string[] {
    const typed = this.#typed.settingsOf(name);
    return texts.filter((text) => {
      const bare = bareName(text);
      return !typed.has(bare) && !(name === "set" && this.#typed.has(bare));
    });
  }

  /** A path starts at the file's folder. */
  #relocated(name: string, holder: string, text: string): string {
    const isStudyFile = /^(name|study|study-name)$/.test(name) && text.endsWith(".json");
    const isPath =
      isStudyFile || name === "storage" || name === "config" || name === "resume" || /^(file|dir|path)\b/.test(holder);
    if (!isPath || (name === "config" && !/[\\/]|\.(ya?ml|json)$/.test(text))) return text;
    return name === "plugin" && !text.startsWith(".") ? text : pathFromProject(this.file.folder, text);
  }

  #check(name: string, option: Option, text: string): void {
    try {
      option.parseArg?.(text, undefined);
    } catch (error) {
      const code = error instanceof MlbenchError ? error.code : "invalid-config";
      const said = messageOf(error).replace(`--${name} `, "").replace(/\.$/, "");
      const shown = said.includes(text) ? said : `${text}: ${said}`;
      throw new UsageError(code, `${this.#place(name)}: ${shown}`, { cause: error });
    }
  }

  #refused(name: string, what: string): UsageError {
    return new UsageError("invalid-config", `${this.#place(name)}: ${what}`);
  }

  #wordsOf(option: Option, texts: readonly string[], value: Given): string[] {
    if (texts.length > 0) return texts.map((text) => `${option.long}=${text}`);
    const isGiven = option.negate ? value === false || value === true : value === true;
    return isGiven ? [option.long as string] : [];
  }

  /** Says of the command's options which come from the file, and leaves out a study where the line names one. */
  mark(command: Command): void {
    const named = command.registeredArguments[0]?.name() === "study" && command.args[0] !== undefined;
    for (const { name, attribute } of this.#used) {
      const dropped = named && (name === "study-name" || name === "study");
      command.setOptionValueWithSource(attribute, dropped ? undefined : command.getOptionValue(attribute), "config");
    }
  }

  /** An error about a value of the file's, with its place; any other as it is. */
  attribute(error: unknown): unknown {
    if (!(error instanceof MlbenchError) || error.message.startsWith(this.file.shown)) return error;
    const { code, message, exitCode } = error;
    const early = this.#given.map(([name, value]) => ({ name, texts: textsOf(value) }));
    const defaults = this.#used.length > 0 ? this.#used : early;
    const about = defaults.find(({ name, texts }) =>
      texts.some((text) => message.startsWith(`--${name} `) || message.includes(`"${text}"`)),
    );
    if (!about) return error;
    return new MlbenchError(code, `${this.#place(about.name)}: ${message}`, { exitCode, cause: error });
  }
}
