/** `mlbench-hpo compare`: studies side by side. */
import { Option } from "commander";
import type { CompareOptions, GroupRule, StudyComparison } from "../../app/compare-studies.js";
import type { ComparedBy, ComparedStudy, GroupComparison } from "../../analysis/index.js";
import { UsageError } from "../../core/index.js";
import type { ParamValue } from "../../core/index.js";
import type { ThemeName } from "../../plots/theme.js";
import type { CommandDefinition } from "../command.js";
import { parseFormat, printNote, printNotice } from "../io.js";
import type { CliIo } from "../io.js";
import { duration, printData, renderTable, shortNumber } from "../render.js";
import { collect, formatOption, outputFile } from "../shared-options.js";
import { folderLocation, splitStudyPath, storageOption } from "../study-ref.js";
import { withoutEnding } from "../svg-plot.js";
import { plotColumns } from "../terminal.js";
import { paramText } from "../trial-table.js";

interface Asked {
  readonly storage: string;
  readonly group?: string[];
  readonly groupBy?: GroupRule;
  readonly at: ComparedBy;
  readonly reference?: string;
  readonly output?: string;
  readonly theme?: ThemeName;
  readonly format: string;
}

/** `mlbench-hpo compare A B … [--group-by sampler] [-o FILE.svg]` */
export const compareCommand: CommandDefinition = (program, { io }) => {
  program
    .command("compare")
    .description("studies side by side: how good each was by trials and by time, what it cost, which parameters won")
    .argument("<studies...>", "names or files of studies; 'tpe-*' for all that are called so")
    .addOption(storageOption())
    .option("--group <name=studies>", "repeats of one another: tpe=tpe-1,tpe-2 or tpe='tpe-*' (repeatable)", collect)
    .addOption(
      new Option(
        "--group-by <rule>",
        "groups by themselves: those that differ in their seed alone, or have the same …",
      ).choices(["seeds", "sampler", "pruner", "model"]),
    )
    .addOption(
      new Option("--at <budget>", "compare and draw at as many trials, or as much time in them")
        .choices(["trials", "time"])
        .default("trials"),
    )
    .option(
      "--reference <point>",
      "with several objectives: where the hypervolume ends, such as val_rmse=0.1,parameters=5e4",
    )
    .option("-o, --output <file>", "draw it as FILE.svg or FILE.html (FILE.json: as data)", outputFile)
    .addOption(
      new Option("--theme <name>", "light (default) or dark; a page follows its reader").choices(["light", "dark"]),
    )
    .addOption(formatOption(["table", "json", "yaml"]))
    .action(async (names: string[], options: Asked) => {
      const format = parseFormat(options.format);
      const output = outputOf(options.output);
      const { compareStudies } = await import("../../app/compare-studies.js");
      const { at, groupBy, reference } = options;
      const asked: CompareOptions = { at, groupBy, reference, groups: groupsOf(options.group ?? []) };
      const comparison = await compareStudies(await targetsOf(names, options.storage), asked);
      for (const warning of comparison.warnings) printNotice(io.stderr, "warning", warning);
      if (output) await draw(io, comparison, { ...output, theme: options.theme });
      await printData(io, format, comparison, { table: (width) => inWords(io, comparison, width) });
    });
};

const endings = ["svg", "html", "json"] as const;

/** @throws UsageError `plot-format` */
function outputOf(file: string | undefined) {
  if (file === undefined) return null;
  const format = endings.find((ending) => file.toLowerCase().endsWith(`.${ending}`));
  if (format) return { file, format };
  const base = withoutEnding(file);
  throw new UsageError(
    "plot-format",
    `-o ${file}: a comparison is drawn as an SVG or a page: use ${base}.svg or ${base}.html`,
  );
}

/** `NAME=A,B` as groups. @throws UsageError `invalid-option` */
function groupsOf(texts: readonly string[]): Record<string, string[]> {
  const groups: Record<string, string[]> = {};
  for (const text of texts) {
    const at = text.indexOf("=");
    const [name, studies] = [
      text.slice(0, at).trim(),
      text
        .slice(at + 1)
        .split(",")
        .map((study) => study.trim()),
    ];
    if (at < 1 || name === "" || studies.some((study) => study === ""))
      throw new UsageError("invalid-option", `--group ${text}: expected NAME=STUDY,STUDY, such as tpe=tpe-1,tpe-2`);
    groups[name] = [...(groups[name] ?? []), ...studies];
  }
  return groups;
}

/** The studies that are named, each once, those of a pattern in the order of their names. */
async function targetsOf(names: readonly string[], usual: string) {
  const [{ findStudy }, { namePattern }, { openStorage }] = await Promise.all([
    import("../../app/find-study.js"),
    import("../../app/compare-studies.js"),
    import("../../app/storage.js"),
  ]);
  const found = new Map<string, { readonly storage: Awaited<ReturnType<typeof openStorage>>; readonly name: string }>();
  for (const text of names) {
    const { directory, name } = splitStudyPath(text);
    const place = folderLocation(directory ?? usual);
    if (!name.includes("*")) {
      const study = await findStudy(place, name);
      found.set(study.storage.identity(name), study);
      continue;
    }
    const storage = await openStorage(place);
    const fitting = (await storage.list()).filter(namePattern(name));
    if (fitting.length === 0) throw new UsageError("unknown-study", `no study in ${place} is called ${name}`);
    for (const one of fitting) found.set(storage.identity(one), { storage, name: one });
  }
  return [...found.values()];
}

async function draw(
  io: CliIo,
  comparison: StudyComparison,
  { file, format, theme }: { file: string; format: (typeof endings)[number]; theme: ThemeName | undefined },
): Promise<void> {
  const [{ compare }, { renderPlot }, { writeFileAtomically }] = await Promise.all([
    import("../../plots/kinds/compare.js"),
    import("../../app/plot-study.js"),
    import("../../io/atomic-write.js"),
  ]);
  const text = await renderPlot(compare(comparison), { format, ...(theme ? { theme } : {}) });
  await writeFileAtomically(file, new TextEncoder().encode(text));
  printNote(io.stderr, `wrote ${file}`);
}

const SHOWN = 5;
const number = (value: number | null): string => (value === null ? "-" : shortNumber(value, SHOWN));

/** The table of the studies. */
function studiesTable({ studies, groups, objectives }: StudyComparison, width: number): string {
  const grouped = groups.length < studies.length;
  const best = objectives.length > 1 ? "hypervolume" : `best ${objectives[0]?.metric ?? ""}`;
  const right = "right" as const;
  return renderTable<ComparedStudy>(
    [
      { title: "study", text: ({ name }) => name },
      ...(grouped ? [{ title: "group", text: ({ group }: ComparedStudy) => group }] : []),
      { title: "trials", align: right, text: ({ trials }) => String(trials) },
      { title: "finished", align: right, text: ({ finished }) => String(finished) },
      { title: "pruned", align: right, text: ({ pruned }) => String(pruned) },
      { title: "failed", align: right, text: ({ failed }) => String(failed) },
      { title: best, align: right, text: (study) => number(study.best) },
      { title: "after", align: right, text: ({ best_after }) => (best_after === null ? "-" : String(best_after)) },
      { title: "time", align: right, text: ({ seconds }) => duration(seconds) },
      {
        title: "best per minute",
        align: right,
        text: ({ best_per_minute: won }) => (won === null ? "-" : shortNumber(won, 3)),
      },
    ],
    studies,
    width,
  );
}

/** The groups' quartiles; nothing where each study is its own. */
function groupsTable({ groups, studies }: StudyComparison, width: number): string[] {
  if (groups.length === studies.length) return [];
  const right = "right" as const;
  const table = renderTable(
    [
      { title: "group", text: ({ name }) => name },
      { title: "studies", align: right, text: (group) => String(group.studies.length) },
      { title: "lower quartile", align: right, text: (group) => number(group.best?.low ?? null) },
      { title: "median", align: right, text: (group) => number(group.best?.median ?? null) },
      { title: "upper quartile", align: right, text: (group) => number(group.best?.high ?? null) },
    ],
    groups,
    width,
  );
  return ["", table];
}

/** `after 40 trials tpe is better than random in 92 % of pairs of studies (p = 0.008, exact rank sum test)` */
function pairInWords({ groups: [a, b], at, probability, p_value }: GroupComparison, by: ComparedBy): string {
  const [better, worse] = probability < 0.5 ? [b, a] : [a, b];
  const share = `${(100 * Math.max(probability, 1 - probability)).toFixed(0)} %`;
  const where = by === "trials" ? `${at} trials` : duration(at);
  return `after ${where} ${better} is better than ${worse} in ${share} of the pairs of studies (p = ${shortNumber(p_value, 2)}, exact rank sum test)`;
}

/** The parameters in which the best trials differ, a row a study; nothing where there are none. */
function paramsTable({ studies }: StudyComparison, width: number): string[] {
  const chosen = studies.filter(({ params }) => params !== null);
  const names = [...new Set(chosen.flatMap(({ params }) => Object.keys(params ?? {})))];
  const value = ({ params }: ComparedStudy, name: string): ParamValue | undefined => params?.[name];
  const differing = names.filter((name) => new Set(chosen.map((study) => value(study, name))).size > 1);
  if (chosen.length < 2 || differing.length === 0) return [];
  const table = renderTable<ComparedStudy>(
    [
      { title: "best of", text: ({ name }) => name },
      { title: "trial", align: "right", text: ({ best_trial }) => String(best_trial) },
      ...differing.map((name) => ({
        title: name,
        align: "right" as const,
        text: (study: ComparedStudy) => paramText(value(study, name)),
      })),
    ],
    chosen,
    width,
  );
  return ["", table];
}

/** More lines than this cannot be told apart on a terminal. */
const MOST_LINES = 6;

async function terminalChart(io: CliIo, { groups, at, objectives }: StudyComparison): Promise<string[]> {
  const series = groups.map((group) => ({
    name: group.name,
    points: (at === "trials" ? group.by_trials : group.by_time).map((point) => [point.at, point.median] as const),
  }));
  const drawn = series.filter(({ points }) => points.length > 1);
  if (drawn.length === 0 || series.length > MOST_LINES) return [];
  const { terminalPlot } = await import("../terminal-plot.js");
  const what = objectives.length > 1 ? "hypervolume" : `best ${objectives[0]?.metric ?? ""}`;
  const x = at === "trials" ? "finished trials" : "seconds in trials";
  const middle = groups.some((group) => group.studies.length > 1) ? ", median" : "";
  const chart = await terminalPlot(drawn, { columns: plotColumns(io.stdout), x, digits: SHOWN });
  return ["", `${what}${middle} by ${x}`, chart];
}

async function inWords(io: CliIo, comparison: StudyComparison, width: number): Promise<string> {
  const { objectives, reference, pairs, at } = comparison;
  const point = objectives.map(({ metric }, i) => `${metric} ${shortNumber(reference?.[i] ?? null)}`).join(", ");
  return [
    studiesTable(comparison, width),
    ...(reference ? [`hypervolume up to ${point}`] : []),
    ...groupsTable(comparison, width),
    ...pairs.map((pair) => pairInWords(pair, at)),
    ...paramsTable(comparison, width),
    ...(await terminalChart(io, comparison)),
  ].join("\n");
}
