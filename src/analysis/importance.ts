/** Which parameters of a study matter, and how much: the question, its answer, and the way from one to the other. */
import { defined, requireKnownKeys, UsageError } from "../core/index.js";
import type { KnownKeys } from "../core/index.js";
import { factsOf } from "./importance-facts.js";
import type { ImportanceRecords, ImportanceStudy } from "./importance-facts.js";
import { fanova } from "./fanova/fanova.js";
import { chooseMethod } from "./importance-methods.js";
import type { ChosenMethod, ImportanceMethod, MethodOptions } from "./importance-methods.js";
import { prunedRules, sampleOf } from "./importance-sample.js";
import type { ImportanceSample, PrunedRule } from "./importance-sample.js";
import { targetsOf } from "./importance-target.js";
import type { ImportanceTarget } from "./importance-target.js";
import type { MethodResult, TargetImportances } from "./importance-result.js";
import { pedAnova } from "./ped-anova.js";

/** What {@link importances} is told. */
export interface ImportanceOptions {
  /** `ped-anova`, `fanova`, or one of them with its options: `{ name: "fanova", options: { n_trees: 128 } }`. @default "ped-anova" */
  readonly method?:
    | ImportanceMethod
    | { readonly name: ImportanceMethod; readonly options?: Readonly<Record<string, unknown>> | undefined }
    | undefined;
  /** What the parameters are important for: objectives, or any number that the records keep (`seconds`, `val_mae:minimize`). @default every objective */
  readonly metric?: string | readonly string[] | undefined;
  /** Only these parameters are looked at. @default all */
  readonly params?: readonly string[] | undefined;
  /** What a pruned trial counts for: nothing, or its last report in place of the value that it never had (one objective). @default "leave-out" */
  readonly pruned?: PrunedRule | undefined;
  /** Whether trials that miss their constraints are left out. @default false */
  readonly feasibleOnly?: boolean | undefined;
  /** Whether pairs of parameters are looked at too; `fanova` only. @default false */
  readonly interactions?: boolean | undefined;
}

/** What {@link importances} finds. */
export interface Importances {
  readonly method: ImportanceMethod;
  /** The method's options as they were used, by the names that `describe importance` lists. */
  readonly options: MethodOptions;
  /** One a metric, in the order in which they were asked for. */
  readonly targets: readonly TargetImportances[];
}

const optionKeys: KnownKeys<ImportanceOptions> = {
  ...({ method: true, metric: true, params: true, pruned: true, feasibleOnly: true, interactions: true } as const),
};
/**
 * How much each parameter of a study matters for its objectives, or for any other number that its records keep.
 * `ped-anova` (Watanabe, Bansal and Hutter 2023; with conditional parameters as Kato et al. 2026) tells which parameters
 * the best tenth of the trials have in common; `fanova` (Hutter, Hoos and Leyton-Brown 2014) how much of the values'
 * variance each explains. Both agree with Optuna 5.0.0's evaluators; see docs/importance.md. Never throws for what a study
 * is: one that tells nothing gets zeros, and notes that say why.
 * @throws UsageError `invalid-option`, `unknown-option`, `unknown-method`, `unknown-metric`, `unknown-parameter` for what
 * was asked.
 * @example
 * const { targets } = importances(await readStudy({ name: "tuned", storage: "studies" }), { method: "fanova" });
 * targets[0]?.parameters[0]; // { name: "train.lr", importance: 0.71, share: 0.84, … }
 */
export function importances(source: ImportanceRecords | ImportanceStudy, options: ImportanceOptions = {}): Importances {
  requireKnownKeys("importances", options, optionKeys);
  const facts = factsOf(source);
  const chosen = chooseMethod(options.method);
  const { interactions = false, pruned = "leave-out", feasibleOnly = false, params } = options;
  if (interactions && chosen.name !== "fanova")
    throw new UsageError("invalid-option", "importances: interactions are of method fanova, not of ped-anova");
  if (!prunedRules.includes(pruned))
    throw new UsageError(
      "invalid-option",
      `importances: pruned: expected ${prunedRules.join(" or ")}, got ${JSON.stringify(pruned)}`,
    );
  const targets = targetsOf(facts, options.metric).map((target) => {
    const sample = sampleOf(facts, target, defined({ pruned, feasibleOnly, params }));
    return answer(target, sample, run(chosen, sample, interactions));
  });
  return { method: chosen.name, options: chosen.options, targets };
}

function run(chosen: ChosenMethod, sample: ImportanceSample, interactions: boolean): MethodResult {
  return chosen.name === "fanova" ? fanova(sample, chosen.options, interactions) : pedAnova(sample, chosen.options);
}

function answer(target: ImportanceTarget, sample: ImportanceSample, result: MethodResult): TargetImportances {
  const sum = result.parameters.reduce((total, { importance }) => total + importance, 0);
  const place = new Map(sample.names.map((name, i) => [name, i]));
  const parameters = result.parameters
    .map((parameter) => ({ ...parameter, share: sum > 0 ? parameter.importance / sum : 0 }))
    .sort((a, b) => b.importance - a.importance || (place.get(a.name) ?? 0) - (place.get(b.name) ?? 0));
  return {
    ...{ metric: target.metric, direction: target.direction, parameters, interactions: result.interactions },
    ...{ used: sample.values.length, top: result.top, omitted: sample.omitted },
    notes: [...target.notes, ...sample.notes, ...result.notes],
  };
}
