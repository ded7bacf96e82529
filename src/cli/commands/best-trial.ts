/** `mlbench-hpo best-trial`: the winner, its weights, its retraining. */
import { Option } from "commander";
import {
  annotationInWords,
  comparableTrials,
  directionsOf,
  frontVolume,
  infeasibility,
  UsageError,
} from "../../core/index.js";
import type { FrontVolume, StudyHeader, StudyState, Trial } from "../../core/index.js";
import type { ChosenBy } from "../../app/judge-best.js";
import type { ComparedTrial } from "../../app/views/annotated.js";
import type { Winners } from "../../app/winners.js";
import { winnerOf, winnersOf } from "../../app/winners.js";
import { baselinesOf, errorsOf } from "../../app/views/baselines.js";
import { certaintyInWords } from "../../app/views/certainty.js";
import type { Certainty } from "../../app/views/certainty.js";
import type { CommandContext, CommandDefinition } from "../command.js";
import { baselinesLine, partsTable, resultTable, trialVerdict } from "../baselines-view.js";
import { parseFormat, printLine, printNote } from "../io.js";
import type { CliIo, OutputFormat } from "../io.js";
import { printData, shortNumber } from "../render.js";
import { formatOption, outputFile, wholeNumber } from "../shared-options.js";
import { addStudyOptions, resolveStudy } from "../study-ref.js";
import type { StudyOptions, StudyRef } from "../study-ref.js";
import { hangText } from "../text-layout.js";
import { paramText, trialTable, valueText, volumeInWords } from "../trial-table.js";

interface BestOptions extends StudyOptions {
  checkpoint?: boolean;
  output?: string;
  retrain?: boolean;
  seeds: number;
  trial?: number;
  chooseBy: ChosenBy;
  format: string;
}

/** A record as it is printed: of a cross-validated one also how sure its win is. */
interface ShownTrial extends ComparedTrial, Certainty {
  /** What it ran, as a shell takes it; absent where the study is over no program. */
  readonly command_line?: string;
}

/** `mlbench-hpo best-trial [--checkpoint -o FILE] [--retrain --seeds N]` */
export const bestTrialCommand: CommandDefinition = (program, context) => {
  addStudyOptions(program.command("best-trial"), { positional: true })
    .description(
      "show the best trial (several objectives: the Pareto front), export its weights, retrain it with fresh seeds",
    )
    .option("--checkpoint", "export the best trial's weights (see --output); with --retrain the retrained ones")
    .option("-o, --output <file>", "where --checkpoint writes (default: STUDY.safetensors)", outputFile)
    .option(
      "--retrain",
      "retrain the best trial and the defaults with the same fresh seeds: mean ± SD, paired difference",
    )
    .option("--trial <n>", "trial of the Pareto front for --checkpoint and --retrain", wholeNumber("--trial", 0))
    .addOption(
      new Option(
        "--choose-by <rule>",
        "of a study with --folds or --seeds: its value, or the 95 % bound that its mean over the parts is unlikely to be worse than",
      )
        .choices(["value", "bound"])
        .default("value"),
    )
    .option("--seeds <n>", "number of seeds for --retrain", wholeNumber("--seeds", 2, 1000), 5)
    .addOption(formatOption())
    .action((name: string | undefined, options: BestOptions) => best(name, options, context));
};

async function best(name: string | undefined, options: BestOptions, context: CommandContext): Promise<void> {
  const { io } = context;
  const format = parseFormat(options.format);
  const ref = await resolveStudy(options, name);
  const { copyCheckpoint, readStudy } = await import("../../app/read-study.js");
  const state = await readStudy(ref);
  const base = ref.storage.service ? null : ref.storage.baseDirectory(ref.name);
  const winners = await chosen(state, base, options);
  if (options.retrain) {
    const { retrain } = await import("../retrain.js");
    const trial = winnerOf(ref.name, winners, options.trial);
    const wanted = options.checkpoint === true || options.output !== undefined;
    const checkpoint = wanted ? (options.output ?? `${ref.name}.safetensors`) : null;
    return retrain({ io, ref, trial, seeds: options.seeds, checkpoint, format });
  }
  if (options.checkpoint || options.output !== undefined) {
    const { number } = winnerOf(ref.name, winners, options.trial);
    const file = options.output ?? `${ref.name}.safetensors`;
    const files = await copyCheckpoint(ref, number, file);
    if (format === "table") printNote(io.stderr, `weights: ${files.join(", ")}${together(files)}`);
  }
  const shown = await shownTrials(ref, state, winners);
  const volume = frontVolume(comparableTrials(state), directionsOf(state.header));
  await show({ io, format, volume }, state.header, await withCertainty(state, base, shown, options.chooseBy));
  if (winners.feasible) return;
  printLine(io.stderr, `no trial of "${ref.name}" meets every constraint; this one misses them least`);
  context.setExitCode(1);
}

/** The records with what stands beside them: of a study over a program the line that each ran. */
async function shownTrials(ref: StudyRef, { annotations, header }: StudyState, { trials }: Winners) {
  const { annotated, compared } = await import("../../app/views/annotated.js");
  const shown: readonly ShownTrial[] = compared(annotated(trials, annotations), header);
  if (!header.settings.command) return shown;
  const { trialCommandLine } = await import("../../app/read-study.js");
  const lines = await Promise.all(shown.map(({ number }) => trialCommandLine(ref, number)));
  return shown.map((trial, i) => ({ ...trial, command_line: lines[i] as string }));
}

interface ShownAs {
  readonly io: CliIo;
  readonly format: OutputFormat;
  /** The front's; null where no trial is feasible. */
  readonly volume: FrontVolume | null;
}

/** The winners by value, or the one by bound. */
async function chosen(state: StudyState, base: string | null, { chooseBy, trial }: BestOptions): Promise<Winners> {
  if (chooseBy === "value") return winnersOf(state);
  if (trial !== undefined)
    throw new UsageError(
      "conflicting-options",
      "--trial names the trial that --choose-by would choose: give one of them",
    );
  const { judged } = await import("../../app/judge-best.js");
  return { trials: [(await judged(state, base, chooseBy)).trial], feasible: true };
}

/** Of a study with one objective whose trials have parts: the winner with its bound, and against the defaults. */
async function withCertainty(
  state: StudyState,
  base: string | null,
  trials: readonly ShownTrial[],
  by: ChosenBy,
): Promise<readonly ShownTrial[]> {
  const [trial] = trials;
  if (state.header.objectives.length > 1 || !trial?.parts) return trials;
  const { judgedTrial } = await import("../../app/judge-best.js");
  const { bound, againstDefaults } = await judgedTrial(state, base, { trial, by });
  return [{ ...trial, bound, against_defaults: againstDefaults }];
}

/** One record with one objective, an array with several. */
function show({ io, format, volume }: ShownAs, header: StudyHeader, trials: readonly ShownTrial[]): Promise<void> {
  const { objectives } = header;
  const [first] = trials as readonly [ShownTrial, ...ShownTrial[]];
  const several = objectives.length > 1;
  return printData(io, format, several ? trials : first, {
    table: (width) => (several ? frontInWords(trials, header, { width, volume }) : trialInWords(first, header, width)),
    value: () => trials.map(({ values }) => (values ?? []).join(" ")).join("\n"),
  });
}

/** The front as a table, and its hypervolume; the baselines in a line where all of it was scored on the same windows. */
function frontInWords(
  trials: readonly ComparedTrial[],
  header: StudyHeader,
  { width, volume }: { readonly width: number; readonly volume: FrontVolume | null },
): string {
  const others = baselinesLine(baselinesOf(header, null));
  const below = [
    ...(volume ? [volumeInWords(volume, header.objectives)] : []),
    ...(others === null ? [] : [`baselines: ${others}`]),
  ];
  return [trialTable(trials, header.objectives, { width }), ...below.map((line) => hangText(line, width, 0))].join(
    "\n",
  );
}

function trialInWords(trial: ShownTrial, header: StudyHeader, width: number): string {
  const { objectives } = header;
  const said = trial.annotation ? annotationInWords(trial.annotation) : "";
  const [errors, words] = [errorsOf(header, trial), trialVerdict(header, trial)];
  const beside =
    errors && trial.baselines
      ? [
          resultTable(`trial ${trial.number}`, { metrics: errors, baselines: trial.baselines }),
          hangText(words ?? "", width, 0),
        ]
      : [];
  return [
    `trial ${trial.number}: ${objectives.map(({ metric }, i) => `${metric} ${valueText(trial, i)}`).join(", ")}${overParts(trial)}`,
    ...[certaintyInWords(trial, header), infeasibility(trial), said]
      .filter((text) => text !== "")
      .map((text) => `  ${hangText(text, width, 2)}`),
    ...Object.entries(trial.params).map(([key, value]) => `  ${key} = ${paramText(value)}`),
    ...Object.entries(trial.metrics.best ?? {}).map(([key, value]) => `  ${key}: ${shortNumber(value, 5)}`),
    ...(trial.command_line === undefined ? [] : [`  command: ${trial.command_line}`]),
    ...[partsTable(header, trial), ...beside].filter((text) => text !== ""),
  ].join("\n");
}

/** What the weights of several parts are good for. */
function together(files: readonly string[]): string {
  return files.length === 1 ? "" : ` (\`predict\` takes them together; --retrain trains one model on all cells)`;
}

/** What the mean and the spread are over. */
function overParts({ parts, spread }: Trial): string {
  if (!parts) return "";
  return spread === null ? ` (mean of ${parts.length} parts)` : ` (mean ± SD of ${parts.length} parts)`;
}
