/** Components of a study (samplers, pruners) made from a registered name and options. */
import { UsageError } from "../core/errors.js";
import type { ConfigValue } from "../core/run.js";
import { didYouMean } from "../core/nearest.js";
import { parametersOf } from "./parameter.js";
import type { ParameterInfo } from "./parameter.js";
import { acceptedReading } from "./read-text.js";
import type { Entry, Registry } from "./registry.js";
import { expectedInWords } from "./value.js";

/** Makes a component from options under the names of its registered parameters, already validated. */
export type ComponentFactory<T> = (options: Readonly<Record<string, unknown>>) => T;

/** What is known of a component before it is made. */
type Described = Pick<Entry<unknown>, "name" | "parameters">;

type OptionErrorCode = "invalid-sampler-option" | "invalid-pruner-option" | "invalid-option";

function optionError(kind: string, message: string): UsageError {
  const codes: Readonly<Record<string, OptionErrorCode>> = {
    sampler: "invalid-sampler-option",
    pruner: "invalid-pruner-option",
  };
  const code = codes[kind] ?? "invalid-option";
  return new UsageError(code, message);
}

function unknownOption(kind: string, entry: Described, option: string): UsageError {
  const known = Object.keys(entry.parameters.shape);
  const hint = `${didYouMean(option, known)} known: ${known.join(", ") || "none"}`;
  return optionError(kind, `${kind} "${entry.name}" has no option "${option}":${hint}`);
}

function invalidOption(kind: string, entry: Described, info: ParameterInfo, shown: string): UsageError {
  return optionError(kind, `${kind} "${entry.name}": ${info.name} must be ${expectedInWords(info)}, got ${shown}`);
}

/**
 * The options of a component as its schema has them, with defaults.
 * @param kind what it is, for messages: `sampler`
 * @throws UsageError `invalid-sampler-option`, `invalid-pruner-option`, or `invalid-option` for another kind
 */
export function checkedOptions(
  kind: string,
  entry: Described,
  options: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const parsed = entry.parameters.safeParse(options);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  if (issue?.code === "unrecognized_keys") throw unknownOption(kind, entry, issue.keys[0] as string);
  const info = parametersOf(entry.parameters).find((parameter) => parameter.name === issue?.path[0]);
  if (info) throw invalidOption(kind, entry, info, JSON.stringify(options[info.name]) ?? String(options[info.name]));
  throw optionError(kind, `${kind} "${entry.name}": ${issue?.message ?? "invalid options"}`);
}

/**
 * A registered component with its options.
 * @throws UsageError `unknown-<kind>`, and as {@link checkedOptions} for options that its schema refuses
 */
export async function createComponent<T>(
  registry: Registry<ComponentFactory<T>>,
  name: string,
  options: Readonly<Record<string, unknown>> = {},
): Promise<T> {
  const entry = registry.get(name);
  const checked = checkedOptions(registry.kind, entry, options);
  return (await entry.load())(checked);
}

/**
 * One option of a registered component from text, as its schema has it.
 * @throws UsageError as {@link createComponent}, for a name that it does not have or a value that it does not take
 */
export function readComponentOption(
  kind: string,
  entry: Described,
  option: string,
  text: string,
): { readonly name: string; readonly value: ConfigValue } {
  const name = option.replaceAll("-", "_");
  const info = parametersOf(entry.parameters).find((parameter) => parameter.name === name);
  if (!info) throw unknownOption(kind, entry, option);
  const value = acceptedReading(info, text);
  if (value === undefined) throw invalidOption(kind, entry, info, text);
  return { name, value };
}
