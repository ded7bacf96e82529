/** `mlbench-hpo plot`: a study as a picture, a page or data. */
import { Argument, Option } from "commander";
import { UsageError } from "../../core/index.js";
import type { StudyPlotOptions } from "../../app/plot-study.js";
import { plotFormats } from "../../app/plot-study.js";
import type { PlotFormat } from "../../app/plot-study.js";
import { kinds, knownKinds } from "../../plots/kinds.js";
import { themeNames } from "../../plots/theme.js";
import type { ThemeName } from "../../plots/theme.js";
import type { CommandDefinition } from "../command.js";
import { printLine, printNote } from "../io.js";
import { collectList, outputFile, wholeNumber } from "../shared-options.js";
import { addStudyOptions, resolveStudy } from "../study-ref.js";
import type { StudyOptions } from "../study-ref.js";
import { withoutEnding } from "../svg-plot.js";
import { writeLines } from "../write-text.js";

interface PlotCommandOptions extends StudyOptions, StudyPlotOptions {
  readonly output?: string;
  readonly format?: PlotFormat;
  readonly theme?: ThemeName;
}

function kindArgument(): Argument {
  const argument = new Argument("<kind>", knownKinds.join(", "));
  argument.argChoices = [...knownKinds];
  return argument;
}

/** `mlbench-hpo plot KIND [STUDY] -o FILE`. */
export const plotCommand: CommandDefinition = (program, { io }) => {
  addStudyOptions(program.command("plot").addArgument(kindArgument()), { positional: true })
    .description("draw a study: as an SVG, as a page with tooltips and zoom, or as data")
    .option("-o, --output <file>", "write FILE.svg, FILE.html or FILE.json (-: to stdout)", outputFile)
    .addOption(new Option("--format <format>", "what to write, where no file's name says it").choices([...plotFormats]))
    .option("--metric <name>", "what trials are measured by: an objective or another of their metrics")
    .option("--param <names>", "the parameters that are drawn (repeatable; or a list with commas)", collectList)
    .addOption(new Option("--params <names>", "the same as --param").argParser(collectList).hideHelp())
    .option("--method <name>", "of importances: ped-anova (default) or fanova")
    .option("--reference <point>", "where the hypervolume ends, such as val_rmse=0.1,parameters=5e4")
    .option("--width <pixels>", "width (default: 760)", wholeNumber("--width", 240, 4000))
    .option(
      "--height <pixels>",
      "height of the chart (default: what the kind needs)",
      wholeNumber("--height", 120, 10000),
    )
    .addOption(
      new Option("--theme <name>", "light (default) or dark; a page follows its reader by itself").choices([
        ...themeNames,
      ]),
    )
    .addHelpText("after", () => `\nKinds:\n${kindsInWords()}`)
    .action(async (kind: string, name: string | undefined, options: PlotCommandOptions & { param?: string[] }) => {
      const { requireKind } = await import("../../plots/kinds.js");
      requireKind(kind);
      const format = formatOf(options);
      const { output, theme, metric, method, reference, width, height } = options;
      const params = [...(options.param ?? []), ...(options.params ?? [])];
      const ref = await resolveStudy(options, name);
      const [{ plotStudy, renderPlot }, { defined }] = await Promise.all([
        import("../../app/plot-study.js"),
        import("../../core/index.js"),
      ]);
      const asked = defined({
        metric,
        method,
        reference,
        width,
        height,
        params: params.length > 0 ? params : undefined,
      });
      const plot = await plotStudy(ref, kind, asked);
      const text = await renderPlot(plot, { format, ...(theme ? { theme } : {}) });
      const toFile = output !== undefined && output !== "-";
      if (toFile) {
        const { writeFileAtomically } = await import("../../io/atomic-write.js");
        await writeFileAtomically(output, new TextEncoder().encode(text));
      } else await writeLines(io.stdout, [text]);
      for (const note of plot.notes) printLine(io.stderr, note);
      if (toFile) printNote(io.stderr, `wrote ${output}`);
    });
};

function kindsInWords(): string {
  return knownKinds.map((kind) => `  ${kind.padEnd(13)} ${kinds[kind]?.summary ?? ""}`).join("\n");
}

/**
 * What is to be written: as the file's name ends, or as `--format` says.
 * @throws UsageError `plot-format`
 */
function formatOf({ output, format }: PlotCommandOptions): PlotFormat {
  if (output === undefined || output === "-") {
    if (format) return format;
    throw new UsageError(
      "plot-format",
      "plot: where to? -o FILE.svg, -o FILE.html, or --format json for the data on stdout",
    );
  }
  const ending = plotFormats.find((known) => output.toLowerCase().endsWith(`.${known}`));
  if (ending && (format ?? ending) === ending) return ending;
  const base = withoutEnding(output);
  const right = format ? `${base}.${format} for --format ${format}` : `${base}.svg or ${base}.html`;
  throw new UsageError("plot-format", `-o ${output}: a plot is an SVG or a page: use ${right}`);
}
