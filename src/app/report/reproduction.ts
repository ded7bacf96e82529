/** The command lines that train a trial again, compare its win under fresh seeds, and hand over its weights. */
import type { CommandSettings, ConfigValue, RunConfig, StudyState, Trial } from "../../core/index.js";
import { shellLine, shellWord } from "../../core/command-words.js";
import { canonicalJson, deriveSeed, messageOf } from "../../core/index.js";
import { dataParameters } from "../../datasets/index.js";
import { studyParameters } from "../study-subject.js";
import { backendOf, kernelsOf } from "../ran-on.js";
import type { Reproduction } from "./report-data.js";

/** How a command line names a study. */
export interface StudyWords {
  /** Its name, or its file. */
  readonly study: string;
  /** Where its relative paths start; null: they are absolute. */
  readonly base: string | null;
  /** Whether the trial has weights that were kept. */
  readonly hasWeights: boolean;
}

/** What a value reads as behind `--set`. */
function valueText(value: ConfigValue): string {
  if (value === null) return "none";
  return Array.isArray(value) ? value.join(",") : String(value);
}

/** The data's streams, by the parameter that sets each apart. */
const dataStreams = { "data.generator_seed": "data", "data.split_seed": "split", "data.drop_seed": "drop" } as const;

/** What all trials of a study share of chance, as parameters of a run that stands alone: its own seed is the trial's. */
function sharedStreams({ dataset, dataSeed, params = {} }: RunConfig): Record<string, ConfigValue> {
  const known = new Set(dataParameters(dataset).map(({ qualified }) => qualified));
  const streams = Object.entries(dataStreams).filter(([name]) => known.has(name) && (params[name] ?? null) === null);
  return Object.fromEntries(streams.map(([name, stream]) => [name, deriveSeed(dataSeed as number, stream)]));
}

/** The parameters that are not the defaults anyway. */
function givenParameters({ model, dataset, params = {} }: RunConfig): Record<string, ConfigValue> {
  const defaults = new Map(
    studyParameters([model], dataset).map(({ qualified, info }) => [qualified, canonicalJson(info.default)] as const),
  );
  return Object.fromEntries(
    Object.entries(params).filter(([name, value]) => defaults.get(name) !== canonicalJson(value)),
  );
}

/** `train` with all that the trial was trained with; null where `train` has no option for it. */
async function trainLine({ header }: StudyState, trial: Trial, base: string | null): Promise<string | null> {
  const { configOfTrials } = await import("../optimize-study.js");
  const config = (await configOfTrials(header, base))(trial);
  const { model, dataset, params = {}, plugins = [], folds, seeds, alignWindow } = config;
  // Windows are then scored on fewer targets than `train` would take.
  if (alignWindow !== undefined && params["data.window"] !== alignWindow) return null;
  const [backend, kernels] = [backendOf(trial), kernelsOf(trial)];
  const settings = { ...givenParameters(config), ...sharedStreams(config) };
  return shellLine([
    ...["mlbench-hpo", "train", "--model", model, "--dataset", dataset, "--seed", String(trial.seed)],
    ...plugins.flatMap((plugin) => ["--plugin", plugin]),
    ...(folds === undefined || folds === null ? [] : ["--folds", String(folds)]),
    ...(seeds === undefined || seeds === 1 ? [] : ["--seeds", String(seeds)]),
    ...Object.entries(settings).flatMap(([name, value]) => ["--set", `${name}=${valueText(value)}`]),
    ...(backend === undefined ? [] : ["--backend", backend]),
    ...(kernels === undefined ? [] : ["--kernels", kernels]),
  ]);
}

/** What has an objective is run again as a new trial of its study. */
function again({ study }: StudyWords, { params }: Trial): Reproduction {
  return {
    what: "queue the same parameters as a further trial (where the study runs duplicates)",
    command: shellLine(["mlbench-hpo", "enqueue-trial", study, "--params", JSON.stringify(params)]),
  };
}

/** A program is run again as the trial ran it, for its own numbers and to compare them. */
async function programAgain({ header }: StudyState, trial: Trial, words: StudyWords): Promise<Reproduction[]> {
  const { commandLineOf, programOf } = await import("../command-line.js");
  const { asksForFile } = await import("../../programs/placeholders.js");
  const program = programOf(header.settings.command as CommandSettings, words.base);
  const line = commandLineOf(header, trial, { base: words.base, folderOf: () => null }) as string;
  const seed = `MLBENCH_HPO_SEED=${trial.seed}`;
  return [
    {
      what: "run it again from its record and compare every number",
      command: shellLine(["mlbench-hpo", "replay", words.study, String(trial.number)]),
    },
    // A file with the parameters is the trial's own: only a replay writes it anew.
    ...(asksForFile(program)
      ? []
      : [{ what: "run the program as the trial did", command: `(cd ${shellWord(program.cwd)} && ${seed} ${line})` }]),
    again(words, trial),
  ];
}

/**
 * How to have a best trial again, the exact way first.
 * @returns what can be done with it, and in words what can't
 */
export async function reproductionOf(
  state: StudyState,
  trial: Trial,
  words: StudyWords,
): Promise<{ readonly lines: readonly Reproduction[]; readonly lacks: readonly string[] }> {
  const { header } = state;
  const [number, several] = [String(trial.number), header.objectives.length > 1];
  if (header.settings.command) return { lines: await programAgain(state, trial, words), lacks: [] };
  if (header.task.dataset === undefined)
    return { lines: header.settings.objective === null ? [] : [again(words, trial)], lacks: [] };
  const one = several ? ["--trial", number] : [];
  const lines: Reproduction[] = [
    {
      what: "train it again from its record and compare every number",
      command: shellLine(["mlbench-hpo", "replay", words.study, number]),
    },
    {
      what: "compare it with the defaults under fresh seeds",
      command: shellLine(["mlbench-hpo", "best-trial", words.study, "--retrain", "--seeds", "5", ...one]),
    },
  ];
  const file = `${header.name}.safetensors`;
  if (words.hasWeights)
    lines.push({
      what: "hand over its weights",
      command: shellLine(["mlbench-hpo", "best-trial", words.study, "--checkpoint", "-o", file, ...one]),
    });
  try {
    const command = await trainLine(state, trial, words.base);
    if (command !== null) lines.splice(1, 0, { what: "train the same model without the study", command });
    return { lines, lacks: [] };
  } catch (error) {
    // A plug-in that is gone takes nothing but this line.
    return { lines, lacks: [`The \`train\` line of trial ${number} is left out: ${messageOf(error)}.`] };
  }
}
