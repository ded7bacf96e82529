/** The parameters that a name given by a user can mean. */
import { UsageError } from "../core/errors.js";
import { nearest, suggestion } from "../core/nearest.js";
import type { QualifiedParameter } from "./parameter.js";

/** `hidden_size` of `model.hidden_size` and of `model.lstm.hidden_size`. */
export function bareName(qualified: string): string {
  return qualified.slice(qualified.lastIndexOf(".") + 1);
}

/** People type hyphens as in options; names have underscores. */
function normalised(name: string): string {
  return name.trim().replaceAll("-", "_");
}

/**
 * Names that one given by a user can refer to: the exact name first, then every name that ends in it (`hidden_size`,
 * `lstm.hidden_size`), then, in a study over several models, `model.x` as "`x` of every model that has it".
 */
export function matchNames(name: string, known: readonly string[]): string[] {
  const wanted = normalised(name);
  if (known.includes(wanted)) return [wanted];
  const bySuffix = known.filter((k) => k.endsWith(`.${wanted}`));
  if (bySuffix.length > 0) return bySuffix;
  if (!/^model\.\w+$/.test(wanted)) return [];
  return known.filter((k) => /^model\.\w+\.\w+$/.test(k) && bareName(k) === bareName(wanted));
}

/** What other frameworks call our parameters. */
const elsewhere: ReadonlyMap<string, string> = new Map([
  ...["learning_rate", "learningrate", "initial_lr", "max_lr", "base_lr"].map((name) => [name, "lr"] as const),
  ...["hidden_dim", "hidden", "hidden_units", "units", "n_hidden"].map((name) => [name, "hidden_size"] as const),
  ...["num_layers", "n_layers", "depth"].map((name) => [name, "layers"] as const),
  ...["dropout_rate", "dropout_p", "drop_rate"].map((name) => [name, "dropout"] as const),
  ...["num_epochs", "n_epochs", "max_epochs"].map((name) => [name, "epochs"] as const),
  ...["bs", "batch", "minibatch_size"].map((name) => [name, "batch_size"] as const),
  ...["wd", "l2", "weight_penalty"].map((name) => [name, "weight_decay"] as const),
  ...["window_size", "window_length", "seq_len", "sequence_length", "lookback"].map(
    (name) => [name, "window"] as const,
  ),
  ...["pred_len", "forecast_horizon", "prediction_length"].map((name) => [name, "horizon"] as const),
  ...["max_grad_norm", "clip_norm", "gradient_clip", "gradient_clip_val"].map((name) => [name, "grad_clip"] as const),
  ["patience", "early_stopping_patience"],
  ["lr_scheduler", "scheduler"],
]);

/** By the last part of the name: `train.foo` is as far from `train.lr` as `foo` is from `lr`. */
function nearestParameter(wanted: string, known: readonly string[]): string | undefined {
  const group = wanted.slice(0, wanted.lastIndexOf(".") + 1);
  const groups = new Set(known.map((name) => name.slice(0, name.lastIndexOf(".") + 1)));
  // A group that there is narrows the choice, unless the very name stands in another.
  const names = groups.has(group) ? known.filter((name) => name.startsWith(group)) : known;
  const bares = names.map(bareName);
  const word = bareName(wanted);
  const translated = elsewhere.get(word.toLowerCase()) ?? word;
  const exact = names[bares.indexOf(translated)] ?? known.find((name) => bareName(name) === translated);
  return exact ?? names[bares.indexOf(nearest(word, bares) ?? "")];
}

/** A longer list in an error is a page that hides the error. */
const LISTED = 16;
const described = { model: "model NAME", data: "dataset NAME", train: "training" } as const;

/** The known names, or for a page of them what shows them, with their ranges. */
function knownInWords(wanted: string, known: readonly string[]): string {
  const groups = (Object.keys(described) as (keyof typeof described)[]).filter((group) =>
    known.some((name) => name.startsWith(`${group}.`)),
  );
  if (known.length <= LISTED || groups.length === 0) return `known: ${known.join(", ") || "none"}`;
  const meant = groups.find((group) => wanted.startsWith(`${group}.`));
  const commands = (meant ? [meant] : groups).map((group) => `\`mlbench-hpo describe ${described[group]}\``);
  const last = commands.pop() as string;
  return commands.length === 0 ? `${last} lists them` : `${commands.join(", ")} and ${last} list them`;
}

/** `unknown parameter "hiden_size": did you mean "model.hidden_size"? known: …` */
export function unknownParameter(name: string, known: readonly string[]): UsageError {
  const wanted = normalised(name);
  const near = nearestParameter(wanted, known);
  const hint = suggestion(near);
  return new UsageError(
    "unknown-parameter",
    `unknown parameter "${name}":${hint} ${knownInWords(near ?? wanted, known)}`,
  );
}

function isEveryModels(name: string, matches: readonly string[]): boolean {
  return normalised(name).startsWith("model.") && matches.every((m) => m.startsWith("model."));
}

/**
 * The parameters that a name stands for: one, or, in a study over several models, `model.x` of each of them.
 * @throws UsageError `unknown-parameter` with the nearest name, `ambiguous-parameter` listing the qualified ones.
 */
export function resolveNames(name: string, known: readonly string[]): string[] {
  const matches = matchNames(name, known);
  if (matches.length === 0) throw unknownParameter(name, known);
  if (matches.length > 1 && !isEveryModels(name, matches))
    throw new UsageError("ambiguous-parameter", `"${name}" is ambiguous: use one of ${matches.join(", ")}`);
  return matches;
}

/**
 * The one parameter that a name stands for.
 * @throws UsageError `unknown-parameter`, `ambiguous-parameter`.
 */
export function resolveParameter(name: string, parameters: readonly QualifiedParameter[]): QualifiedParameter {
  const known = [...new Set(parameters.map((p) => p.qualified))];
  const [first, ...others] = resolveNames(name, known);
  if (others.length > 0)
    throw new UsageError("ambiguous-parameter", `"${name}" is ambiguous: use one of ${[first, ...others].join(", ")}`);
  return parameters.find((p) => p.qualified === first) as QualifiedParameter;
}
