/** A study's sampler and pruner: as a caller gives them, as a header stores them, and as objects. */
import type { ComponentSpec, StudyHeader } from "../core/index.js";
import type { Pruner } from "../pruners/pruner.js";
import { createPruner, pruners } from "../pruners/index.js";
import type { EntryMeta } from "../registry/index.js";
import { createSampler, samplers } from "../samplers/index.js";
import type { Sampler } from "../samplers/sampler.js";
import type { StudyComponents } from "../study/components.js";
import { checkServes } from "./resolve-objectives.js";

/** A component as a caller gives it: an object, a registered name, or a name with options. */
export type Given<T> = T | string | ComponentSpec;

function isSpec(given: object): given is ComponentSpec {
  return "options" in given && !("suggest" in given) && !("decide" in given);
}

/** The options of an object that its registered schema knows, by their stored names (`nStartupTrials` -> `n_startup_trials`). */
function optionsOf(component: object, entry: EntryMeta | null): Record<string, unknown> {
  if (!entry) return {};
  const stored = Object.entries(component).map(
    ([name, value]) => [name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`), value as unknown] as const,
  );
  return Object.fromEntries(
    stored.filter(([name, value]) => Object.hasOwn(entry.parameters.shape, name) && typeof value !== "object"),
  );
}

/** What a study stores of its sampler. */
export function samplerSpec(given: Given<Sampler> = "tpe"): ComponentSpec {
  if (typeof given === "string") return { name: given, options: {} };
  if (isSpec(given)) return given;
  const entry = samplers.has(given.name) ? samplers.get(given.name) : null;
  return { name: given.name, options: optionsOf(given, entry) };
}

/** What a study stores of its pruner. */
export function prunerSpec(given: Given<Pruner> = "median"): ComponentSpec {
  if (typeof given === "string") return { name: given, options: {} };
  if (isSpec(given)) return given;
  const entry = pruners.has(given.name) ? pruners.get(given.name) : null;
  return { name: given.name, options: optionsOf(given, entry) };
}

/** A component that is at hand; null for one that is named. */
function objectOf<T extends object>(given: Given<T> | undefined): T | null {
  return typeof given === "object" && !isSpec(given) ? given : null;
}

interface GivenComponents {
  readonly sampler?: Given<Sampler> | undefined;
  readonly pruner?: Given<Pruner> | undefined;
}

/** Whether the components that a header names, and that are not given as objects, are registered by now. */
export function areRegistered(header: Pick<StudyHeader, "sampler" | "pruner">, given: GivenComponents): boolean {
  return (
    (objectOf(given.sampler) !== null || samplers.has(header.sampler.name)) &&
    (objectOf(given.pruner) !== null || pruners.has(header.pruner.name))
  );
}

/**
 * A study's working parts: objects as given, else what its header names.
 * @throws UsageError `unknown-sampler`, `unknown-pruner`, `invalid-sampler-option`, `invalid-pruner-option`, and
 * `several-objectives` for a sampler that serves one only.
 */
export async function createComponents(
  header: Pick<StudyHeader, "sampler" | "pruner" | "objectives">,
  given: GivenComponents = {},
): Promise<StudyComponents> {
  const sampler = objectOf(given.sampler) ?? (await createSampler(header.sampler.name, header.sampler.options));
  const pruner = objectOf(given.pruner) ?? (await createPruner(header.pruner.name, header.pruner.options));
  checkServes(sampler, header.objectives);
  return { sampler, pruner };
}
