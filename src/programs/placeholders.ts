/** Placeholders in a program's words: `{lr}`, `{args}`, `{json}`, filled with a trial's parameters. */
import { join } from "node:path";
import type { Params, ParamValue } from "../core/index.js";
import { shellLine, shellWord } from "../core/command-words.js";
import { didYouMean, UsageError } from "../core/index.js";
import type { ProgramReference, TrialJob } from "../executors/executor.js";

/** A program's words, and who splits them. */
export type Words = Pick<ProgramReference, "words" | "shell">;

/** All parameters as `--name value`. */
const ARGS = "args";
/** A file with all parameters. */
const JSON_FILE = "json";

/** `{{name}}` stands for `{name}` itself; a `$` before the brace makes it a shell's. */
const token = /\{\{([^{}\s]+)\}\}|(\$?)\{([^{}\s]+)\}/g;

/** What looks like a placeholder: other braces, as of `awk '{print}'`, mean nothing. */
const name = /^[A-Za-z_][\w.-]*$/;

function isMeant(given: string, dollar: string, { shell }: Pick<Words, "shell">, known: (name: string) => boolean) {
  if (shell && dollar !== "") return false;
  return known(given) || name.test(given);
}

/** What a program's words ask for by placeholders. */
function askedFor(program: Words, known: (name: string) => boolean): Set<string> {
  const names = new Set<string>();
  for (const word of program.words)
    for (const [, , dollar = "", given] of word.matchAll(token))
      if (given !== undefined && isMeant(given, dollar, program, known)) names.add(given);
  return names;
}

/**
 * Refuses placeholders that are no parameters.
 * @param parameters every parameter that a trial can have
 * @param option where the program was given, for messages: `--command`
 * @throws UsageError `unknown-parameter`, with the nearest name; `conflicting-options` for a parameter that has the name of
 * a placeholder.
 */
export function requirePlaceholders(program: Words, parameters: readonly string[], option: string): void {
  const known = new Set(parameters);
  for (const given of askedFor(program, (name) => known.has(name))) {
    const own = given === ARGS || given === JSON_FILE;
    if (own && known.has(given))
      throw new UsageError(
        "conflicting-options",
        `${option}: {${given}} stands for ${given === ARGS ? "all parameters" : "a file with all parameters"}: give the parameter "${given}" another name`,
      );
    if (own || known.has(given)) continue;
    const near = didYouMean(given, [...parameters, ARGS, JSON_FILE]);
    throw new UsageError(
      "unknown-parameter",
      `${option}: {${given}} is no parameter:${near} known: ${[...parameters, ARGS, JSON_FILE].join(", ")}; {{${given}}} stands for the text {${given}}`,
    );
  }
}

/** Which parameters a program's words pass on by name; `all` where they pass on every one. */
export function passedOn(program: Words, parameters: readonly string[]): ReadonlySet<string> | "all" {
  const names = askedFor(program, (given) => parameters.includes(given));
  return names.has(ARGS) || names.has(JSON_FILE) ? "all" : names;
}

/** Whether a program asks for a file with its parameters. */
export function asksForFile(program: Words): boolean {
  return askedFor(program, () => false).has(JSON_FILE);
}

/** The parameters of `{json}`, in the trial's folder. */
export const PARAMS_FILE = "params.json";

/** What a value reads as in an argument. */
function textOf(value: ParamValue | undefined): string {
  return value === undefined ? "" : String(value);
}

function argumentsOf(params: Params): string[] {
  return Object.entries(params).flatMap(([name, value]) => [`--${name}`, textOf(value)]);
}

/**
 * A program's words for one trial, as they are run. A parameter that the trial has not, as it is not active, is an empty
 * text; `{args}` leaves it out.
 * @param job what the trial has, and what its study knows
 * @param folder the trial's own
 */
export function programWords(program: Words, job: Pick<TrialJob, "params" | "space">, folder: string): string[] {
  const { params, space = {} } = job;
  const isKnown = (given: string): boolean => Object.hasOwn(params, given) || Object.hasOwn(space, given);
  const jsonFile = join(folder, PARAMS_FILE);
  const valueOf = (given: string): string => (given === JSON_FILE ? jsonFile : textOf(params[given]));
  const fill = (word: string): string =>
    word.replace(token, (all: string, literal?: string, dollar?: string, given?: string, at?: number) => {
      if (literal !== undefined) return name.test(literal) || isKnown(literal) ? `{${literal}}` : all;
      if (given === undefined || !isMeant(given, dollar ?? "", program, isKnown)) return all;
      if (given === ARGS) return `${dollar ?? ""}${shellLine(argumentsOf(params))}`;
      const text = valueOf(given);
      return `${dollar ?? ""}${program.shell ? quoted(text, quotesAt(word, at ?? 0)) : text}`;
    });
  if (program.shell) return ["/bin/sh", "-c", ...program.words.map(fill)];
  return program.words.flatMap((word) => (word === `{${ARGS}}` ? argumentsOf(params) : [fill(word)]));
}

type Quotes = "'" | '"' | null;

/** Within which quotes a place in a shell's text stands. */
function quotesAt(text: string, at: number): Quotes {
  let within: Quotes = null;
  for (let i = 0; i < at; i++) {
    const c = text[i];
    if (c === "\\" && within !== "'") i++;
    else if (within === null && (c === "'" || c === '"')) within = c;
    else if (c === within) within = null;
  }
  return within;
}

/** A text as a shell takes it for just that, where it stands. */
function quoted(text: string, within: Quotes): string {
  if (within === "'") return text.replaceAll("'", "'\\''");
  if (within === '"') return text.replaceAll(/["\\$`]/g, "\\$&");
  return shellWord(text);
}
