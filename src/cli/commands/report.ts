/** `mlbench-hpo report`: a study as a page of its own, or an intermediate value of a trial that `ask` handed out. */
import { UsageError } from "../../core/index.js";
import type { CommandDefinition } from "../command.js";
import { parseFormat, printNote } from "../io.js";
import type { CliIo } from "../io.js";
import { megabytes, printData } from "../render.js";
import { formatOption, outputFile, wholeNumber } from "../shared-options.js";
import { addStudyOptions, resolveStudy } from "../study-ref.js";
import type { StudyOptions } from "../study-ref.js";
import { LEASE, reportValue } from "./ask-tell.js";

interface ReportOptions extends StudyOptions {
  output?: string;
  step?: number;
  value?: string;
  metrics?: string;
  lease?: string;
  format: string;
}

/** `mlbench-hpo report [STUDY] -o FILE.html`, `mlbench-hpo report [STUDY] N --step S --value X` */
export const reportCommand: CommandDefinition = (program, { io }) => {
  addStudyOptions(program.command("report"), { positional: false })
    .argument("[study...]", "the study's name or file; with --step and --value: the trial's number, perhaps behind it")
    .usage(
      "[options] [study] -o <file.html>\n       mlbench-hpo report [options] [study] <number> --step <n> --value <x>",
    )
    .description(
      "write a study's report as one page that loads nothing (-o FILE.html); or report an intermediate value of a trial that `ask` handed out (--step, --value), which prints continue, prune or stop",
    )
    .option(
      "-o, --output <file>",
      "the page: charts, trials, the best trial with its commands, space, environment",
      outputFile,
    )
    .option("--step <n>", "of an asked trial: the step (increasing)", wholeNumber("--step", 0))
    .option("--value <x>", "of an asked trial: the intermediate value at that step")
    .option("--metrics <json>", 'of an asked trial: other metrics of this step: {"loss": 0.1}')
    .option(...LEASE)
    .addOption(formatOption())
    .action((words: string[], options: ReportOptions) => {
      const { step, value, output } = options;
      const isValue = [step, value, options.metrics, options.lease].some((given) => given !== undefined);
      if (isValue && output !== undefined)
        throw new UsageError(
          "conflicting-options",
          "report: --output writes a study's page, --step and --value report of a trial: give one of them",
        );
      if (output !== undefined) return writePage(words, { ...options, output }, io);
      if (!isValue)
        throw new UsageError(
          "missing-argument",
          "report: give -o FILE.html for a study's page, or a trial's number with --step and --value",
        );
      if (step === undefined || value === undefined)
        throw new UsageError("missing-argument", `report: ${step === undefined ? "--step" : "--value"} is missing`);
      return reportValue(words, { ...options, step, value }, io);
    });
};

async function writePage(
  words: readonly string[],
  options: ReportOptions & { readonly output: string },
  io: CliIo,
): Promise<void> {
  const format = parseFormat(options.format);
  const [study, ...rest] = words;
  if (rest.length > 0)
    throw new UsageError(
      "invalid-option",
      `report ${words.join(" ")}: a page is of one study: report ${study} -o ${options.output}`,
    );
  const ref = await resolveStudy(options, study);
  const { writeReport } = await import("../../app/write-report.js");
  const written = await writeReport(ref, { file: options.output });
  if (format === "table") for (const sentence of written.left_out) printNote(io.stderr, sentence);
  const { file, bytes, trials, plots } = written;
  await printData(io, format, written, {
    table: () =>
      `report: ${file} (${bytes < 1e6 ? `${Math.round(bytes / 1e3)} kB` : megabytes(bytes)}, ${plots.length} charts, ${trials} ${trials === 1 ? "trial" : "trials"})`,
    value: () => file,
  });
}
