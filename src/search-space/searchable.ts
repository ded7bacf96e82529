/** The parameters that may be searched, and the distributions that they take. */
import type { Distribution, ParamValue } from "../core/distribution.js";
import { UsageError } from "../core/errors.js";
import { listOfChoice } from "./list-choice.js";
import { bareName } from "../registry/names.js";
import type { QualifiedParameter } from "../registry/parameter.js";
import { parseDistribution } from "./search-grammar.js";
import type { SearchRequest, SearchTarget } from "./search-grammar.js";
import { expectedInWords, parseValue } from "../registry/value.js";

/** The only data parameters that may differ between the trials of a study. */
const searchableData = new Set(["window", "features"]);

/** Names without a group that people may try to search. */
const neverSearched: ReadonlyMap<string, string> = new Map([
  ["dataset", "the dataset defines the task: trials on different data cannot be compared; make one study each"],
  ["metric", "the metric defines the task: trials judged by different metrics cannot be compared"],
  ["direction", "the direction defines the task"],
  ["seed", "a seed is no setting to tune: every trial's is derived from the study seed and its number"],
  ["model", "several models are searched by --model lstm,mlp"],
]);

function refusal(name: string, why: string): UsageError {
  return new UsageError("not-searchable", `${name} cannot be searched: ${why}`);
}

/** @throws UsageError `not-searchable` for a name without a group that is no parameter of a trial. */
export function refuseTaskName(name: string): void {
  const why = neverSearched.get(name);
  if (why !== undefined) throw refusal(name, why);
}

function isSeed(bare: string): boolean {
  return bare === "seed" || bare.endsWith("_seed");
}

function definesTask({ group }: QualifiedParameter, bare: string): boolean {
  return group === "data" && !searchableData.has(bare);
}

/** Whether trials of one study may differ in a parameter: it neither defines the task nor is it a seed. */
export function mayDiffer(parameter: QualifiedParameter): boolean {
  const bare = bareName(parameter.qualified);
  return !isSeed(bare) && !definesTask(parameter, bare);
}

/** @throws UsageError `not-searchable`, saying why, for what defines the task and for seeds. */
export function refuseUnsearchable(parameter: QualifiedParameter): void {
  const bare = bareName(parameter.qualified);
  if (isSeed(bare)) throw refusal(parameter.qualified, neverSearched.get("seed") as string);
  if (definesTask(parameter, bare))
    throw refusal(
      parameter.qualified,
      `it defines the task, and trials on different tasks cannot be compared; fix it with --fix ${parameter.qualified}=VALUE (of the data.* parameters only window and features can be searched)`,
    );
}

/** A choice of a parameter: its value, or the named set of a list parameter (`all`, `soh`, `soh+capacity`). */
function choiceOf(parameter: QualifiedParameter): (text: string) => ParamValue {
  return (text) => {
    const value = parseValue(parameter, text);
    if (!Array.isArray(value)) return value as ParamValue;
    const parts = listOfChoice(text);
    if (parameter.info.schema.safeParse(Array.isArray(parts) ? parts : [text]).success) return text;
    return parseValue(parameter, text) as ParamValue;
  };
}

function representatives(distribution: Distribution): readonly ParamValue[] {
  if (distribution.type === "categorical") return distribution.choices;
  const { low, high, step } = distribution;
  return step !== null && low + step < high ? [low, low + step, high] : [low, high];
}

/**
 * Checks a distribution against what the parameter takes.
 * @throws UsageError `invalid-search` naming the offending value and the parameter's range.
 */
export function checkDistribution(parameter: QualifiedParameter, distribution: Distribution, shown: string): void {
  const { info, qualified } = parameter;
  if (info.type === "int" && distribution.type === "float")
    throw new UsageError(
      "invalid-search",
      `--search ${shown}: ${qualified} takes whole numbers, as in ${qualified}=int:LOW..HIGH`,
    );
  for (const value of representatives(distribution)) {
    const accepted =
      info.schema.safeParse(value).success ||
      (info.type === "list" && info.schema.safeParse([listOfChoice(value)].flat()).success);
    if (!accepted)
      throw new UsageError(
        "invalid-search",
        `--search ${shown}: ${String(value)} is outside what ${qualified} takes: ${expectedInWords(info)}`,
      );
  }
}

/**
 * The distribution that a `--search` asks for, checked against the parameter; its metadata's where none is given.
 * @throws UsageError `not-searchable`, `invalid-search`.
 */
export function requestedDistribution(parameter: QualifiedParameter, request: SearchRequest): Distribution {
  refuseUnsearchable(parameter);
  if (request.range === undefined) {
    const own = parameter.info.meta.search?.distribution;
    if (own) return own;
    throw new UsageError(
      "invalid-search",
      `--search ${request.shown}: ${parameter.qualified} has no distribution of its own; give one, as in ${parameter.qualified}=${exampleOf(parameter)}`,
    );
  }
  const target: SearchTarget = { type: parameter.info.type, choice: choiceOf(parameter) };
  const distribution = parseDistribution(request, target);
  checkDistribution(parameter, distribution, request.shown);
  return distribution;
}

function exampleOf({ info }: QualifiedParameter): string {
  if (info.type === "int") return "int:1..8";
  if (info.type === "float") return "0.1..1";
  if (info.type === "boolean") return "true,false";
  return info.choices?.slice(0, 2).map(String).join(",") ?? "A,B";
}
