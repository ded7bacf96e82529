import { contains } from "../core/distribution.js";
import type { Distribution, ParamValue, SearchSpace } from "../core/distribution.js";
import { UsageError } from "../core/errors.js";
import type { ConfigValue } from "../core/run.js";
import { resolveSpace } from "./conditions.js";
import { unknownParameter } from "./names.js";
import { splitSetting } from "./options.js";
import { parseDistribution, splitSearch } from "./search-grammar.js";
import type { SearchTarget } from "./search-grammar.js";
import type { DerivedSpace, SpaceRequests } from "./space.js";
import { numberOf } from "./value.js";

function targetOf(distribution: Distribution | undefined): SearchTarget | undefined {
  return distribution && distribution.type !== "categorical" ? { type: distribution.type } : undefined;
}

/** A fixed value as the objective's own distribution would have given it; a number may lie outside the range. */
function fixedValue(name: string, text: string, distribution: Distribution): ParamValue {
  if (distribution.type === "categorical") {
    const choice = distribution.choices.find((c) => String(c) === text);
    if (choice !== undefined || distribution.choices.includes(text)) return choice as ParamValue;
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

function searchedBy(base: SearchSpace, search: NonNullable<SpaceRequests["search"]>): Map<string, Distribution> {
  const searched = new Map<string, Distribution>(Object.entries(base));
  const given = new Set<string>();
  for (const entry of search) {
    const request = typeof entry === "string" ? splitSearch(entry) : undefined;
    const name = typeof entry === "string" ? (request?.name as string) : entry.name;
    if (given.has(name))
      throw new UsageError("conflicting-space", `${name} is searched twice: choose one distribution`);
    given.add(name);
    const own = searched.get(name);
    const when = own?.when ? { when: own.when } : {};
    if (typeof entry !== "string") searched.set(name, { ...when, ...entry.distribution });
    else if (request?.range !== undefined)
      searched.set(name, { ...parseDistribution(request, targetOf(own)), ...when });
    else if (!own) throw unknownParameter(name, [...searched.keys()]);
  }
  return searched;
}

/**
 * The space of a plain objective, which has no registered parameters: what it exports (`space`), narrowed, widened and
 * added to by `--search`, less what `--fix` settles. Conditions are resolved as in `deriveSpace`.
 * @throws UsageError `unknown-parameter`, `invalid-search`, `invalid-value`, `invalid-setting`, `conflicting-space`.
 */
export function declareSpace(base: SearchSpace, requests: SpaceRequests = {}): DerivedSpace {
  const searched = searchedBy(base, requests.search ?? []);
  const fixed: Record<string, ConfigValue> = {};
  const conditions = new Map([...searched].map(([name, d]) => [name, d.when]));
  const settle = (name: string, make: (distribution: Distribution) => ParamValue): void => {
    const distribution = searched.get(name);
    if (!distribution) throw unknownParameter(name, [...searched.keys()]);
    fixed[name] = make(distribution);
  };
  const asked = new Set((requests.search ?? []).map((e) => (typeof e === "string" ? splitSearch(e).name : e.name)));
  for (const [name, value] of Object.entries(requests.fixed ?? {})) settle(name, (d) => typedValue(name, value, d));
  for (const text of requests.fix ?? []) {
    const { name, value } = splitSetting("--fix", text);
    settle(name, (d) => fixedValue(name, value, d));
  }
  for (const name of Object.keys(fixed)) {
    if (asked.has(name)) throw new UsageError("conflicting-space", `${name} is both searched and fixed: choose one`);
    searched.delete(name);
  }
  const space = resolveSpace({
    searched: new Map([...searched].map(([name, distribution]) => [name, { distribution, when: distribution.when }])),
    settled: (name) => fixed[name] as ParamValue | undefined,
    condition: (name) => conditions.get(name),
    isKnown: (name) => conditions.has(name),
  });
  return { space, fixed };
}
