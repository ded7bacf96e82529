/** The space of a model study, derived from its parameters' metadata and what the user asks for. */
import { categorical } from "../core/distribution.js";
import type { Condition, Distribution, ParamValue, SearchSpace } from "../core/distribution.js";
import { UsageError } from "../core/errors.js";
import { canonicalJson } from "../core/json.js";
import type { ConfigValue } from "../core/run.js";
import { conditionInWords, resolveSpace } from "./conditions.js";
import type { Candidate } from "./conditions.js";
import { resolveNames } from "../registry/names.js";
import { splitSetting } from "../registry/parameter-flags.js";
import type { QualifiedParameter } from "../registry/parameter.js";
import { splitSearch } from "./search-grammar.js";
import type { SearchRequest } from "./search-grammar.js";
import { checkDistribution, refuseTaskName, refuseUnsearchable, requestedDistribution } from "./searchable.js";
import { checkValue, parseValue } from "../registry/value.js";

/** A parameter with its distribution, as a study file or a program gives it. */
export interface DeclaredSearch {
  readonly name: string;
  readonly distribution: Distribution;
  /** Left out without a word where it can never be active. @default false: that is refused */
  readonly optional?: boolean;
}

/** A user's requests for a space. */
export interface SpaceRequests {
  /** `--search` as written (`train.lr=log:1e-5..1e-1`, `train.dropout`), or declared. */
  readonly search?: readonly (string | DeclaredSearch)[];
  /** `--fix` as written: `train.epochs=50`; a name alone is fixed at its default. */
  readonly fix?: readonly string[];
  /** Fixed values by name, already typed (from options or a file). */
  readonly fixed?: Readonly<Record<string, unknown>>;
}

export interface DeriveOptions extends SpaceRequests {
  /** A study file's requests: the same names in the requests above come before them. */
  readonly base?: SpaceRequests;
  /** Several names make the model itself a parameter. */
  readonly models?: readonly string[];
  /** Whether the parameters' default space is searched where nobody has asked for anything else. @default true */
  readonly defaultSpace?: boolean;
}

/** A study's search space, and what its trials have in common. */
export interface DerivedSpace {
  readonly space: SearchSpace;
  /** By qualified name: what every trial has in common. */
  readonly fixed: Record<string, ConfigValue>;
}

type Decision =
  | { readonly kind: "search"; readonly distribution: Distribution; readonly shown: string; readonly optional: boolean }
  | { readonly kind: "fix"; readonly value: ConfigValue };

/** Parameters by qualified name. */
type Known = ReadonlyMap<string, QualifiedParameter>;

function parametersNamed(name: string, known: Known): QualifiedParameter[] {
  return resolveNames(name, [...known.keys()]).map((qualified) => known.get(qualified) as QualifiedParameter);
}

type Requested = SearchRequest & { readonly declared?: Distribution; readonly optional: boolean };

function toRequest(entry: string | DeclaredSearch): Requested {
  if (typeof entry === "string") return { ...splitSearch(entry), optional: false };
  const { name, distribution, optional = false } = entry;
  return { name, range: undefined, shown: name, declared: distribution, optional };
}

function decideSearch(parameter: QualifiedParameter, request: Requested): Decision {
  const { declared, shown, optional } = request;
  if (!declared) return { kind: "search", distribution: requestedDistribution(parameter, request), shown, optional };
  refuseUnsearchable(parameter);
  checkDistribution(parameter, declared, shown);
  return { kind: "search", distribution: declared, shown, optional };
}

/** `NAME=value`, or `NAME` alone for its default. */
function decideFix(parameter: QualifiedParameter, text: string): Decision {
  if (text.includes("=")) return { kind: "fix", value: parseValue(parameter, splitSetting("--fix", text).value) };
  if (parameter.info.default === undefined)
    throw new UsageError("invalid-setting", `--fix ${text}: ${parameter.qualified} has no default; give a value`);
  return { kind: "fix", value: parameter.info.default as ConfigValue };
}

function refuseTwoValues({ qualified }: QualifiedParameter, one: ConfigValue, other: ConfigValue): void {
  if (canonicalJson(one) === canonicalJson(other)) return;
  throw new UsageError(
    "conflicting-space",
    `${qualified} is fixed twice, at ${String(one)} and ${String(other)}: choose one`,
  );
}

/** The decisions that the requests amount to, by qualified name. */
function decisionsOf(requests: SpaceRequests, known: Known): Map<string, Decision> {
  const decisions = new Map<string, Decision>();
  const decide = (name: string, make: (parameter: QualifiedParameter) => Decision): void => {
    for (const parameter of parametersNamed(name, known)) {
      const decision = make(parameter);
      const earlier = decisions.get(parameter.qualified);
      if (earlier && earlier.kind !== decision.kind)
        throw new UsageError("conflicting-space", `${parameter.qualified} is both searched and fixed: choose one`);
      if (earlier?.kind === "fix" && decision.kind === "fix") refuseTwoValues(parameter, earlier.value, decision.value);
      if (earlier && decision.kind === "search")
        throw new UsageError("conflicting-space", `${parameter.qualified} is searched twice: choose one distribution`);
      decisions.set(parameter.qualified, decision);
    }
  };
  for (const [name, value] of Object.entries(requests.fixed ?? {}))
    decide(name, (parameter) => ({ kind: "fix", value: checkValue(parameter, value) }));
  for (const text of requests.fix ?? []) decide(text.split("=", 1)[0] as string, (p) => decideFix(p, text));
  for (const entry of requests.search ?? []) {
    const request = toRequest(entry);
    if (!known.has(request.name)) refuseTaskName(request.name);
    decide(request.name, (parameter) => decideSearch(parameter, request));
  }
  return decisions;
}

/** The default space's parameters and those asked for, in the order of the parameters. */
function candidatesOf(
  known: Known,
  decisions: ReadonlyMap<string, Decision>,
  defaultSpace: boolean,
): Map<string, Candidate> {
  const searched = new Map<string, Candidate>();
  for (const [name, { info, when }] of known) {
    const decision = decisions.get(name);
    const isDefault = defaultSpace && info.meta.search?.default === true;
    const own = isDefault ? info.meta.search?.distribution : undefined;
    const distribution = decision === undefined ? own : decision.kind === "search" ? decision.distribution : undefined;
    if (distribution) searched.set(name, { distribution, when: mergedCondition(name, when, distribution.when) });
  }
  return searched;
}

/** A parameter's condition and its distribution's: metadata may carry either. */
function mergedCondition(name: string, a: Condition | undefined, b: Condition | undefined): Condition | undefined {
  const group = name.slice(0, name.lastIndexOf("."));
  const qualified = Object.entries(b ?? {}).map(([n, v]) => [n.includes(".") ? n : `${group}.${n}`, v] as const);
  return a || b ? { ...Object.fromEntries(qualified), ...a } : undefined;
}

function settledValue(value: unknown): ParamValue | undefined {
  return value === undefined || Array.isArray(value) ? undefined : (value as ParamValue);
}

/** Asking for a parameter that can never be active under what is fixed is a mistake worth hearing of. */
function refuseInactive(space: SearchSpace, decisions: ReadonlyMap<string, Decision>, known: Known): void {
  for (const [name, decision] of decisions)
    if (decision.kind === "search" && !decision.optional && !Object.hasOwn(space, name))
      throw new UsageError(
        "inactive-parameter",
        `--search ${decision.shown}: ${name} is only active when ${conditionInWords(known.get(name)?.when)}, which this space never has`,
      );
}

/**
 * The search space of a study from its parameters' metadata and a user's requests: the parameters of the default space
 * that are not fixed, and those asked for by `--search`. A condition on a parameter that is not searched is decided by
 * its fixed or default value: what can never be active drops out, what always is loses its condition.
 * @throws UsageError `unknown-parameter`, `ambiguous-parameter`, `not-searchable`, `invalid-search`, `invalid-value`,
 * `invalid-setting`, `conflicting-space`, `inactive-parameter`.
 */
export function deriveSpace(parameters: readonly QualifiedParameter[], options: DeriveOptions = {}): DerivedSpace {
  const known: Known = new Map(parameters.map((p) => [p.qualified, p]));
  const decisions = new Map([...decisionsOf(options.base ?? {}, known), ...decisionsOf(options, known)]);
  const searched = new Map<string, Candidate>();
  const models = options.models ?? [];
  if (models.length > 1) searched.set("model", { distribution: categorical(models), when: undefined });
  for (const [name, candidate] of candidatesOf(known, decisions, options.defaultSpace ?? true))
    searched.set(name, candidate);
  const fixed = Object.fromEntries(
    [...decisions].flatMap(([n, d]) => (d.kind === "fix" ? [[n, d.value]] : [])),
  ) as Record<string, ConfigValue>;
  const space = resolveSpace({
    searched,
    settled: (name) =>
      Object.hasOwn(fixed, name)
        ? settledValue(fixed[name])
        : name === "model"
          ? models[0]
          : settledValue(known.get(name)?.info.default),
    condition: (name) => known.get(name)?.when,
    isKnown: (name) => known.has(name) || name === "model",
  });
  refuseInactive(space, decisions, known);
  return { space, fixed };
}
