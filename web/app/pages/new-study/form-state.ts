/** The form of a new study: what is typed, and the request that it stands for. */
import type { CreateStudyRequest, ModelList, ParameterInfo, RegistryEntry } from "../../api/types.js";

/** What is done with a parameter: as usual (searched or at its default), searched in a range, or fixed. */
export interface ParameterChoice {
  readonly mode: "usual" | "search" | "fix";
  /** A range such as `log:1e-5..1e-1`, empty for its own; or a value. */
  readonly text: string;
}

/** A parameter of trials from outside. */
export interface OutsideParameter {
  readonly name: string;
  readonly type: "float" | "int" | "categorical";
  readonly low: string;
  readonly high: string;
  readonly log: boolean;
  readonly step: string;
  /** Comma-separated. */
  readonly choices: string;
}

/** A metric and its direction; empty: the metric's own. */
export interface ObjectiveFields {
  readonly metric: string;
  readonly direction: "" | "minimize" | "maximize";
}

/** A sampler or a pruner; an empty name is the default one. */
export interface ComponentFields {
  readonly name: string;
  readonly options: Readonly<Record<string, string>>;
}

/** What is chosen where nothing else is meant, and what else there is, with the words for it. */
export interface Rule {
  readonly label: string;
  readonly options: readonly (readonly [value: string, words: string])[];
  /** For studies over a model alone. */
  readonly ofModel?: boolean;
}

const alike = (...values: readonly string[]): Rule["options"] => values.map((value, i) => [i ? value : "", value]);

/** By their keys in the request; the first option of each is what is meant where nothing is said. */
export const rules: Readonly<Record<string, Rule>> = {
  trial_value: { label: "A trial's value", options: alike("best", "last", "best-smoothed") },
  on_nan: { label: "A value that is NaN", options: alike("fail", "prune", "worst") },
  on_duplicate: { label: "Parameters tried already", options: alike("resample", "reuse", "run") },
  dry_run_pruner: {
    label: "Pruned trials",
    options: [
      ["", "end"],
      ["true", "go on, and are counted"],
    ],
  },
  terminator: {
    label: "End by itself",
    options: [
      ["", "no"],
      ["true", "where the gain is below the noise"],
    ],
  },
  defaults: {
    label: "The defaults",
    ofModel: true,
    options: [
      ["", "are the first trial"],
      ["false", "are left out"],
    ],
  },
};

/** All that can be typed. */
export interface StudyForm {
  readonly kind: "model" | "command" | "outside";
  readonly name: string;
  /** Of a ready study; empty: none. */
  readonly preset: string;
  /** A program's line, and the folder that it runs in. */
  readonly command: string;
  readonly cwd: string;
  readonly pattern: string;
  /** One a line: `lr=log:1e-5..1e-1`. */
  readonly search: string;
  /** Another study's name, and how many of its best trials; empty: none. */
  readonly from: string;
  readonly top: string;
  readonly pruneBy: string;
  /** By their keys in {@link rules}. */
  readonly rules: Readonly<Record<string, string>>;
  readonly models: readonly string[];
  readonly dataset: string;
  readonly choices: Readonly<Record<string, ParameterChoice>>;
  readonly objectives: readonly ObjectiveFields[];
  readonly outside: readonly OutsideParameter[];
  readonly sampler: ComponentFields;
  readonly pruner: ComponentFields;
  readonly constraints: string;
  readonly folds: string;
  readonly seeds: string;
  readonly seed: string;
}

/** A parameter of trials from outside, before anything is typed. */
export const emptyParameter: OutsideParameter = {
  ...{ name: "", type: "float", low: "", high: "", log: false, step: "", choices: "" },
};

/** The form at first: the study that the command makes without options. */
export const firstForm: StudyForm = {
  ...{ kind: "model", name: "", preset: "", models: ["lstm"], dataset: "dummy", choices: {} },
  ...{ command: "", cwd: "", pattern: "", search: "", from: "", top: "", pruneBy: "", rules: {} },
  objectives: [{ metric: "", direction: "" }],
  outside: [emptyParameter],
  sampler: { name: "", options: {} },
  pruner: { name: "", options: {} },
  ...{ constraints: "", folds: "", seeds: "", seed: "" },
};

type ConfigValue = string | number | boolean | null | string[];

const isNumber = (text: string): boolean => text.trim() !== "" && !Number.isNaN(Number(text));

/** A text as a parameter's value; what is no number stays text, for the service to say so. */
export function valueOf(text: string, info: Pick<ParameterInfo, "type" | "choices" | "default">): ConfigValue {
  const { type, choices } = info;
  const word = text.trim();
  // A word for a whole list, such as `all`, is none of its entries.
  if (word === info.default) return word;
  if (word === "none" && !choices?.includes("none")) return null;
  if (type === "list")
    return word
      .split(",")
      .map((one) => one.trim())
      .filter((one) => one !== "");
  if (type === "boolean") return word === "true" ? true : word === "false" ? false : word;
  if (type === "int" || type === "float") return isNumber(word) ? Number(word) : word;
  return choices?.find((choice) => String(choice) === word) ?? word;
}

/** A choice of a list: `3`, `true` and `null` are what they look like, all else is text. */
function choiceOf(text: string): string | number | boolean | null {
  const word = text.trim();
  if (word === "true" || word === "false") return word === "true";
  if (word === "null") return null;
  return isNumber(word) ? Number(word) : word;
}

function distributionOf({ type, low, high, log, step, choices }: OutsideParameter) {
  if (type === "categorical")
    return {
      type,
      choices: choices
        .split(",")
        .map(choiceOf)
        .filter((choice) => choice !== ""),
    };
  return {
    type,
    ...{ low: isNumber(low) ? Number(low) : low, high: isNumber(high) ? Number(high) : high },
    ...(log ? { log } : {}),
    ...(step.trim() === "" ? {} : { step: isNumber(step) ? Number(step) : step }),
  };
}

function componentOf({ name, options }: ComponentFields, entries: readonly RegistryEntry[]) {
  if (name === "") return undefined;
  const known = entries.find((entry) => entry.name === name)?.parameters ?? [];
  const given = known.flatMap((info) => {
    const text = options[info.name]?.trim() ?? "";
    return text === "" ? [] : [[info.name, valueOf(text, info)] as const];
  });
  return given.length === 0 ? name : { name, options: Object.fromEntries(given) };
}

const wholeOrText = (text: string): number => (isNumber(text) ? Number(text) : (text as unknown as number));

/** What the form needs of the registries. */
export interface FormParts {
  /** Of the chosen models, dataset and of training. */
  readonly parameters: readonly ParameterInfo[];
  readonly samplers: readonly RegistryEntry[];
  readonly pruners: readonly RegistryEntry[];
  readonly presets: ModelList["presets"];
}

function parametersPart({ choices, preset }: StudyForm, parameters: readonly ParameterInfo[]) {
  type Part = Record<string, ConfigValue>;
  const [params, fix, search]: [Part, Part, Part] = [{}, {}, {}];
  for (const info of parameters) {
    const { mode, text } = choices[info.name] ?? { mode: "usual", text: "" };
    const isUsual = info.search?.by_default ?? false;
    if (mode === "search" && (!isUsual || text.trim() !== ""))
      search[info.name] = text.trim() === "" ? null : text.trim();
    // Something searched as a rule, or by a preset, is taken out of the search; all else is set.
    if (mode === "fix" && text.trim() !== "")
      (isUsual || preset !== "" ? fix : params)[info.name] = valueOf(text, info);
  }
  return Object.fromEntries(Object.entries({ params, fix, search }).filter(([, part]) => Object.keys(part).length > 0));
}

const linesOf = (text: string): string[] =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");

function rulesPart({ kind, rules: chosen }: StudyForm) {
  return Object.fromEntries(
    Object.entries(rules).flatMap(([key, { ofModel = false }]) => {
      const value = chosen[key] ?? "";
      if (value === "" || (ofModel && kind !== "model")) return [];
      return [[key, value === "true" || (value === "false" ? false : value)] as const];
    }),
  );
}

/** The model and the dataset, as far as a preset does not say the same. */
function taskPart({ preset, models, dataset }: StudyForm, presets: FormParts["presets"]) {
  const ready = presets.find(({ name }) => name === preset);
  const isSame = ready !== undefined && ready.models.join() === models.join();
  return {
    ...(ready ? { preset } : {}),
    ...(models.length === 0 || isSame ? {} : { model: models.length === 1 ? models[0] : [...models] }),
    ...(dataset === "" || dataset === ready?.dataset ? {} : { dataset }),
  };
}

/** The body of the request; what is left empty is left out. */
export function requestOf(form: StudyForm, { parameters, samplers, pruners, presets }: FormParts): CreateStudyRequest {
  const text = (key: string, typed: string): Record<string, string> =>
    typed.trim() === "" ? {} : { [key]: typed.trim() };
  const objectives = form.objectives
    .filter(({ metric }) => metric.trim() !== "")
    .map(({ metric, direction }) => ({ metric: metric.trim(), ...(direction === "" ? {} : { direction }) }));
  const constraints = linesOf(form.constraints);
  const [sampler, pruner] = [componentOf(form.sampler, samplers), componentOf(form.pruner, pruners)];
  const top = form.top.trim() === "" ? undefined : wholeOrText(form.top);
  const common = {
    ...text("name", form.name),
    ...(objectives.length === 0 ? {} : { objectives }),
    ...(sampler === undefined ? {} : { sampler }),
    ...(pruner === undefined ? {} : { pruner }),
    ...(constraints.length === 0 ? {} : { constraints }),
    ...text("prune_by", form.pruneBy),
    ...(form.from === "" ? {} : { from: top === undefined ? form.from : { name: form.from, top } }),
    ...(form.seed.trim() === "" ? {} : { seed: wholeOrText(form.seed) }),
    ...rulesPart(form),
  };
  // A study of a program's own values has them by their direction alone, as the library does.
  const own = objectives.length > 0 ? {} : { direction: form.objectives[0]?.direction || ("minimize" as const) };
  if (form.kind === "command")
    return {
      ...{ ...common, ...own, command: form.command.trim() },
      ...text("cwd", form.cwd),
      ...text("report_pattern", form.pattern),
      search: linesOf(form.search),
    };
  if (form.kind === "outside") {
    const named = form.outside.filter((one) => one.name.trim() !== "");
    const space = Object.fromEntries(named.map((one) => [one.name.trim(), distributionOf(one)]));
    return { ...common, ...own, space };
  }
  return {
    ...common,
    ...taskPart(form, presets),
    ...(form.folds.trim() === "" ? {} : { folds: isNumber(form.folds) ? Number(form.folds) : form.folds.trim() }),
    ...(form.seeds.trim() === "" ? {} : { seeds: wholeOrText(form.seeds) }),
    ...parametersPart(form, parameters),
  } as CreateStudyRequest;
}
