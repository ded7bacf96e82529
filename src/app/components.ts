/** A study's sampler and pruner: as a caller gives them, as a header stores them, and as objects. */
import type { ComponentSpec, OnDuplicate, StudyHeader } from "../core/index.js";
import { requireKnownKeys, UsageError } from "../core/index.js";
import type { Pruner } from "../pruners/pruner.js";
import { createPruner, pruners } from "../pruners/index.js";
import type { EntryMeta } from "../registry/index.js";
import { createSampler, samplers } from "../samplers/index.js";
import type { Sampler } from "../samplers/sampler.js";
import type { StudyComponents } from "../study/components.js";
import { checkServes } from "./resolve-objectives.js";

/** A registered name with options. */
export interface NamedComponent {
  readonly name: string;
  readonly options?: ComponentSpec["options"] | undefined;
}

/** A component as a caller gives it: an object, a registered name, or a name with options. */
export type Given<T> = T | string | NamedComponent;

/** What a component of each kind does; whatever does not is a name with options. */
const methods = { sampler: "suggest", pruner: "decide" } as const;
type Kind = keyof typeof methods;

/** A component that is at hand; null for one that is named. */
function objectOf<T extends object>(kind: Kind, given: Given<T> | undefined): T | null {
  return typeof given === "object" && given !== null && methods[kind] in given ? (given as T) : null;
}

/** @throws UsageError `unknown-option`, `invalid-option`. */
function named(kind: Kind, given: string | NamedComponent): ComponentSpec {
  if (typeof given === "string") return { name: given, options: {} };
  requireKnownKeys(kind, given, { name: true, options: true });
  const { name, options = {} } = given;
  if (typeof name === "string") return { name, options };
  throw new UsageError("invalid-option", `${kind}: expected a name, { name, options } or what has ${methods[kind]}()`);
}

/** The options of an object that its registered schema knows, by their stored names (`nStartupTrials` -> `n_startup_trials`). */
function optionsOf(component: Sampler | Pruner, entry: EntryMeta | null): Record<string, unknown> {
  if (!entry) return {};
  const given = "options" in component ? { ...component, ...component.options } : component;
  const stored = Object.entries(given).map(
    ([name, value]) => [name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`), value as unknown] as const,
  );
  return Object.fromEntries(
    stored.filter(
      ([name, value]) =>
        Object.hasOwn(entry.parameters.shape, name) && value !== undefined && typeof value !== "object",
    ),
  );
}

/** What a study stores of its sampler. @throws UsageError `unknown-option`, `invalid-option`. */
export function samplerSpec(given: Given<Sampler> = "auto"): ComponentSpec {
  const sampler = objectOf<Sampler>("sampler", given);
  if (!sampler) return named("sampler", given as string | NamedComponent);
  const { name } = sampler;
  return { name, options: optionsOf(sampler, samplers.has(name) ? samplers.get(name) : null) };
}

/** What a study stores of its pruner. @throws UsageError `unknown-option`, `invalid-option`. */
export function prunerSpec(given: Given<Pruner> = "prospect"): ComponentSpec {
  const pruner = objectOf<Pruner>("pruner", given);
  if (!pruner) return named("pruner", given);
  const { name } = pruner;
  return { name, options: optionsOf(pruner, pruners.has(name) ? pruners.get(name) : null) };
}

interface GivenComponents {
  readonly sampler?: Given<Sampler> | undefined;
  readonly pruner?: Given<Pruner> | undefined;
}

/** Those that are given, else those that a header names. */
function specsOf(header: Pick<StudyHeader, "sampler" | "pruner">, given: GivenComponents) {
  return {
    sampler: given.sampler === undefined ? header.sampler : samplerSpec(given.sampler),
    pruner: given.pruner === undefined ? header.pruner : prunerSpec(given.pruner),
  };
}

/** Whether the components that a header names, or that are given by name, are registered by now. */
export function areRegistered(header: Pick<StudyHeader, "sampler" | "pruner">, given: GivenComponents): boolean {
  const { sampler, pruner } = specsOf(header, given);
  return (
    (objectOf("sampler", given.sampler) !== null || samplers.has(sampler.name)) &&
    (objectOf("pruner", given.pruner) !== null || pruners.has(pruner.name))
  );
}

/**
 * A study's working parts: as given, else what its header names.
 * @throws UsageError `unknown-sampler`, `unknown-pruner`, `invalid-sampler-option`, `invalid-pruner-option`,
 * `unknown-option`, `several-objectives` for a sampler that serves one only, and `repeats-refused` for one that repeats
 * parameters where duplicates are not run.
 */
export async function createComponents(
  header: Pick<StudyHeader, "sampler" | "pruner" | "objectives" | "settings">,
  given: GivenComponents = {},
): Promise<StudyComponents> {
  const specs = specsOf(header, given);
  const sampler =
    objectOf("sampler", given.sampler) ?? (await createSampler(specs.sampler.name, specs.sampler.options));
  const pruner = objectOf("pruner", given.pruner) ?? (await createPruner(specs.pruner.name, specs.pruner.options));
  checkServes(sampler, header.objectives);
  checkRepeats(sampler, header.settings.on_duplicate);
  return { sampler, pruner };
}

/** Refuses a sampler that repeats parameters on purpose where others would be drawn instead. */
function checkRepeats({ name, repeats }: Sampler, rule: OnDuplicate): void {
  if (repeats !== true || rule === "run") return;
  throw new UsageError(
    "repeats-refused",
    `sampler "${name}" repeats parameters, which on_duplicate "${rule}" would not run: create the study with --on-duplicate run (settings: { on_duplicate: "run" })`,
  );
}
