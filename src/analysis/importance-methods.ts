/** The ways to measure importance, and their options. */
import { z } from "zod";
import { UsageError } from "../core/index.js";
import { checkedOptions, parameter, unknownName } from "../registry/index.js";
import type { EntryMeta } from "../registry/index.js";

const pedAnova = z.strictObject({
  target_quantile: parameter(z.number().gt(0).lt(1).default(0.1), {
    description: "share of the trials that are the top: what is important for being among them",
  }),
  region_quantile: parameter(z.number().gt(0).max(1).default(1), {
    description: "share of the trials that the top is compared with",
  }),
  evaluate_on_local: parameter(z.boolean().default(true), {
    description: "compare with where the trials are; false: with the whole space, evenly",
  }),
});

const fanova = z.strictObject({
  n_trees: parameter(z.number().int().min(1).max(10_000).default(64), { description: "trees of the forest" }),
  max_depth: parameter(z.number().int().min(1).max(1000).default(64), { description: "depth of a tree at most" }),
  seed: parameter(z.number().int().min(0).default(0), { description: "of the forest's random numbers" }),
  measure: parameter(z.enum(["range", "space"]).default("range"), {
    description:
      "what counts evenly: range, plain numbers from low to high, as in Optuna; space, what the search draws (logarithms, steps, choices)",
  }),
});

/** The options of {@link ChosenMethod} `ped-anova`, filled in. */
export type PedAnovaOptions = z.output<typeof pedAnova>;
/** The options of {@link ChosenMethod} `fanova`, filled in. */
export type FanovaOptions = z.output<typeof fanova>;

/** The methods' names. */
export const importanceMethodNames = ["ped-anova", "fanova"] as const;
/** One of `importanceMethodNames`. */
export type ImportanceMethod = (typeof importanceMethodNames)[number];

/** A method's options by name. */
export type MethodOptions = Readonly<Record<string, number | string | boolean>>;

/** What is known of each method before it is run: a summary and its options. */
export const importanceMethods = {
  "ped-anova": {
    summary: "what the best trials have in common and the others have not; fast, fit for a study of any size",
    parameters: pedAnova,
  },
  fanova: {
    summary: "the share of the values' variance that each parameter explains in a random forest",
    parameters: fanova,
  },
} as const satisfies Readonly<Record<ImportanceMethod, EntryMeta>>;

/** A method with its options filled in. */
export type ChosenMethod =
  | { readonly name: "ped-anova"; readonly options: PedAnovaOptions }
  | { readonly name: "fanova"; readonly options: FanovaOptions };

type Given = string | { readonly name: string; readonly options?: Readonly<Record<string, unknown>> | undefined };

/** @throws UsageError `unknown-method`, `invalid-option`. */
export function requireMethod(name: unknown): ImportanceMethod {
  const known = importanceMethodNames.find((method) => method === name);
  if (known === undefined) throw unknownName("method", String(name), importanceMethodNames);
  return known;
}

/**
 * A method as a caller names it.
 * @throws UsageError `unknown-method`, `invalid-option`
 */
export function chooseMethod(given: Given = "ped-anova"): ChosenMethod {
  const { name, options = {} } = typeof given === "string" ? { name: given } : given;
  const method = requireMethod(name);
  const checked = checkedOptions("importance method", { ...importanceMethods[method], name: method }, options);
  const chosen = { name: method, options: checked } as ChosenMethod;
  if (chosen.name === "ped-anova" && chosen.options.target_quantile >= chosen.options.region_quantile)
    throw new UsageError(
      "invalid-option",
      `importance method "ped-anova": target_quantile (${chosen.options.target_quantile}) must be below region_quantile (${chosen.options.region_quantile})`,
    );
  return chosen;
}
