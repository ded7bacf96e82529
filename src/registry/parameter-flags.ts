/** The flag, help text and parser of each parameter; `--set name=value` taken apart. */
import { UsageError } from "../core/errors.js";
import type { ConfigValue } from "../core/run.js";
import { bareName, resolveParameter } from "./names.js";
import type { ParameterGroup, ParameterInfo, QualifiedParameter } from "./parameter.js";
import { expectedInWords, parseValue } from "./value.js";

/** A command-line option derived from a parameter. */
export interface ParameterOption {
  readonly qualified: string;
  readonly group: ParameterGroup;
  /** `--hidden-size`; null when the short form is ambiguous or is one of the command's own options. */
  readonly flag: string | null;
  /** The reason for having no short form. */
  readonly withheld: "ambiguous" | "taken" | null;
  readonly type: ParameterInfo["type"];
  /** `<int>`, `<adamw|adam|sgd>`, `[true|false]`: how help shows the value. */
  readonly argument: string;
  /** With range or choices, unit and default. */
  readonly description: string;
  readonly default: unknown;
  readonly parameter: QualifiedParameter;
  /** @throws UsageError `invalid-value` naming the range or the choices. */
  parse(text: string): ConfigValue;
}

/** `model.hidden_size` -> `--hidden-size` */
export function shortFlag(qualified: string): string {
  return `--${bareName(qualified).replaceAll("_", "-")}`;
}

function argumentOf(info: ParameterInfo): string {
  if (info.type === "boolean") return "[true|false]";
  if (info.type === "enum" && info.choices && info.choices.length <= 6)
    return `<${info.choices.map(String).join("|")}>`;
  return `<${info.meta.path ? "path" : info.type === "enum" ? "name" : info.type}>`;
}

function defaultInWords(info: ParameterInfo): string {
  if (info.required) return "required";
  if (info.default === undefined) return "";
  // Where the description says what none means, nothing is said against it.
  if (info.default === null) return /\bdefault\b/.test(info.meta.description) ? "" : "default none";
  const shown = Array.isArray(info.default) ? info.default.join(",") : JSON.stringify(info.default);
  return `default ${shown.replace(/^"(.*)"$/, "$1")}`;
}

/** `hidden units per layer (a whole number, 1 to 512; unit: Ah; default 32)` */
export function describeParameter(info: ParameterInfo): string {
  const facts = [expectedInWords(info), info.meta.unit ? `in ${info.meta.unit}` : "", defaultInWords(info)];
  return `${info.meta.description} (${facts.filter((fact) => fact !== "").join("; ")})`.trim();
}

/** Names that share a short form, by that form. */
function byFlag(parameters: readonly QualifiedParameter[]): Map<string, Set<string>> {
  const names = new Map<string, Set<string>>();
  for (const { qualified } of parameters) {
    const flag = shortFlag(qualified);
    names.set(flag, (names.get(flag) ?? new Set()).add(qualified));
  }
  return names;
}

/**
 * The options of the chosen model, dataset and training: each under its short form where that is unique and not one of
 * the command's own (`taken`: `--split`, `--format`, …); the others are reachable by `--set group.name=value`.
 */
export function parameterOptions(
  parameters: readonly QualifiedParameter[],
  taken: Iterable<string> = [],
): ParameterOption[] {
  const own = new Set(taken);
  const sharing = byFlag(parameters);
  const seen = new Set<string>();
  const options: ParameterOption[] = [];
  for (const parameter of parameters) {
    const { qualified, info } = parameter;
    if (seen.has(qualified)) continue;
    seen.add(qualified);
    const flag = shortFlag(qualified);
    const withheld = own.has(flag) ? "taken" : (sharing.get(flag)?.size ?? 0) > 1 ? "ambiguous" : null;
    options.push({
      qualified,
      group: parameter.group,
      flag: withheld === null ? flag : null,
      withheld,
      type: info.type,
      argument: argumentOf(info),
      description: describeParameter(info),
      default: info.default,
      parameter,
      parse: (text) => parseValue(parameter, text),
    });
  }
  return options;
}

/** The short forms that several parameters share (and no command owns), with the qualified names to list. */
export function ambiguousFlags(
  parameters: readonly QualifiedParameter[],
  taken: Iterable<string> = [],
): Map<string, string[]> {
  const own = new Set(taken);
  const shared = [...byFlag(parameters)].filter(([flag, names]) => names.size > 1 && !own.has(flag));
  return new Map(shared.map(([flag, names]) => [flag, [...names]]));
}

/** `"--layers" is ambiguous: use --set model.layers=… or --set train.layers=…` */
export function ambiguousFlag(flag: string, qualified: readonly string[]): UsageError {
  const ways = qualified.map((name) => `--set ${name}=…`).join(" or ");
  return new UsageError("ambiguous-option", `"${flag}" is ambiguous: use ${ways}`);
}

/** Splits `name=value` at its first `=`. @throws UsageError `invalid-setting`. */
export function splitSetting(option: string, text: string, example = "train.lr=1e-3"): { name: string; value: string } {
  const at = text.indexOf("=");
  if (at < 1)
    throw new UsageError("invalid-setting", `${option} ${text}: expected name=value, as in ${option} ${example}`);
  return { name: text.slice(0, at).trim(), value: text.slice(at + 1).trim() };
}

/**
 * `--set group.name=value` (an unambiguous bare name is taken as well).
 * @throws UsageError `invalid-setting`, `unknown-parameter`, `ambiguous-parameter`, `invalid-value`.
 */
export function parseSet(
  text: string,
  parameters: readonly QualifiedParameter[],
): { qualified: string; value: ConfigValue } {
  const { name, value } = splitSetting("--set", text);
  const parameter = resolveParameter(name, parameters);
  return { qualified: parameter.qualified, value: parseValue(parameter, value) };
}
