/** The space of a plain objective, from what it declares and what the user asks for. */
import { contains, requireParameterName } from "../core/distribution.js";
import type { Distribution, ParamValue, SearchSpace } from "../core/distribution.js";
import { UsageError } from "../core/errors.js";
import type { ConfigValue } from "../core/run.js";
import { conditionInWords, neverActive, refuseNeverActive, resolveSpace } from "./conditions.js";
import { unknownParameter } from "../registry/names.js";
import { splitSetting } from "../registry/parameter-flags.js";
import { parseDistribution, splitSearch } from "./search-grammar.js";
import type { SearchTarget } from "./search-grammar.js";
import type { DerivedSpace, SpaceRequests } from "./derived-space.js";
import { choiceNamed, numberOf } from "../registry/read-text.js";

function targetOf(distribution: Distribution | undefined): SearchTarget | undefined {
  return distribution && distribution.type !== "categorical" ? { type: distribution.type } : undefined;
}

/** A fixed value as the objective's own distribution would have given it; a number may lie outside the range. */
function fixedValue(name: string, text: string, distribution: Distribution): ParamValue {
  if (distribution.type === "categorical") {
    const choice = choiceNamed(distribution.choices, text);
    if (choice !== undefined) return choice;
    throw new UsageError(
      "invalid-value",
      `invalid value "${text}" for ${name}: expected one of ${distribution.choices.map(String).join(", ")}`,
    );
  }
  const value = numberOf(text);
  if (value === undefined || (distribution.type === "int" && !Number.isInteger(value)))
    throw new UsageError(
      "invalid-value",
      `invalid value "${text}" for ${name}: expected ${distribution.type === "int" ? "a whole number" : "a number"}`,
    );
  return value;
}

function typedValue(name: string, value: unknown, distribution: Distribution): ParamValue {
  if (distribution.type === "categorical" && contains(distribution, value as ParamValue)) return value as ParamValue;
  return fixedValue(name, String(value), distribution);
}

/** The requests of one source: distributions and fixed values by name. */
interface Asked {
  readonly searched: Map<string, Distribution>;
  readonly fixed: Map<string, (distribution: Distribution) => ParamValue>;
}

function askedBy(requests: SpaceRequests, own: ReadonlyMap<string, Distribution>): Asked {
  const searched = new Map<string, Distribution>();
  for (const entry of requests.search ?? []) {
    const request = typeof entry === "string" ? splitSearch(entry) : undefined;
    const name = typeof entry === "string" ? (request?.name as string) : entry.name;
    requireParameterName(name);
    if (searched.has(name))
      throw new UsageError("conflicting-space", `${name} is searched twice: choose one distribution`);
    const known = own.get(name);
    const when = known?.when ? { when: known.when } : {};
    if (typeof entry !== "string") searched.set(name, { ...when, ...entry.distribution });
    else if (request?.range !== undefined)
      searched.set(name, { ...parseDistribution(request, targetOf(known)), ...when });
    else if (known) searched.set(name, known);
    else throw unknownParameter(name, [...own.keys()]);
  }
  const fixed: Asked["fixed"] = new Map();
  for (const [name, value] of Object.entries(requests.fixed ?? {})) fixed.set(name, (d) => typedValue(name, value, d));
  for (const text of requests.fix ?? []) {
    const { name, value } = splitSetting("--fix", text);
    fixed.set(name, (d) => fixedValue(name, value, d));
  }
  for (const name of fixed.keys())
    if (searched.has(name)) throw new UsageError("conflicting-space", `${name} is both searched and fixed: choose one`);
  return { searched, fixed };
}

/**
 * The space of a plain objective, which has no registered parameters: what it exports (`space`), narrowed, widened and
 * added to by `--search`, less what `--fix` settles. Conditions are resolved as in `deriveSpace`; requests come before
 * those of a study file (`base`).
 * @throws UsageError `unknown-parameter`, `invalid-search`, `invalid-value`, `invalid-setting`, `conflicting-space`,
 * `invalid-space`, `inactive-parameter` for one that is asked for and can never be active.
 */
export function declareSpace(
  declared: SearchSpace,
  requests: SpaceRequests & { readonly base?: SpaceRequests } = {},
): DerivedSpace {
  const searched = new Map<string, Distribution>(Object.entries(declared));
  const settled = new Map<string, (distribution: Distribution) => ParamValue>();
  const wanted = new Set<string>();
  for (const source of [requests.base ?? {}, requests]) {
    const asked = askedBy(source, searched);
    for (const [name, distribution] of asked.searched) {
      searched.set(name, distribution);
      settled.delete(name);
      wanted.add(name);
    }
    for (const [name, make] of asked.fixed) settled.set(name, make);
  }
  const all = new Map(searched);
  const fixed: Record<string, ConfigValue> = {};
  for (const [name, make] of settled) {
    const distribution = all.get(name);
    if (!distribution) throw unknownParameter(name, [...all.keys()]);
    fixed[name] = make(distribution);
    searched.delete(name);
  }
  const space = resolveSpace({
    searched: new Map([...searched].map(([name, distribution]) => [name, { distribution, when: distribution.when }])),
    settled: (name) => fixed[name] as ParamValue | undefined,
    condition: (name) => all.get(name)?.when,
    isKnown: (name) => all.has(name),
  });
  for (const name of wanted)
    if (searched.has(name) && !Object.hasOwn(space, name))
      throw new UsageError(
        "inactive-parameter",
        `--search ${name}: it is only active when ${conditionInWords(all.get(name)?.when)}, which this space never has`,
      );
  // What the objective itself can never be given, unless it is widened or settled here.
  refuseNeverActive(
    declared,
    neverActive(declared).filter((name) => searched.has(name) && !Object.hasOwn(space, name)),
  );
  return { space, fixed };
}
