/** `mlbench-hpo datasets`: datasets listed, shown and downloaded. */
import type { Command } from "commander";
import { loadPluginsOf, listRegistry } from "../list-registry.js";
import type { CommandContext, CommandDefinition } from "../command.js";
import { addParameterOptions, prescan } from "../parameter-options.js";
import { withInterrupt } from "../interrupt.js";
import { parseFormat, printLine, printNotice } from "../io.js";
import type { CliIo } from "../io.js";
import { plotColumns } from "../terminal.js";
import { hangText } from "../text-layout.js";
import { printData, renderTable, shortNumber } from "../render.js";
import { formatOption, pluginOption, wholeNumber } from "../shared-options.js";

/** `mlbench-hpo datasets`, `datasets show NAME`, `datasets download nasa`. */
export const datasetsCommand: CommandDefinition = async (program, context) => {
  const { io } = context;
  const command = program
    .command("datasets")
    .description("list the datasets, show one, download the NASA archive")
    .addOption(pluginOption())
    .addOption(formatOption())
    .action(async (options: { plugin?: string[]; format: string }) => {
      const { datasets } = await import("../../datasets/index.js");
      await listRegistry(io, datasets, options);
    });
  await addShow(command, context);
  addDownload(command, context);
};

async function addShow(parent: Command, { io, argv }: CommandContext): Promise<void> {
  const command = parent
    .command("show")
    .description("show a dataset: discharges, gaps, capacity and SOH per cell, a plot of the fade")
    .argument("<dataset>", "see `mlbench-hpo datasets`")
    .addOption(pluginOption())
    .option("--seed <n>", "seed of generated data", wholeNumber("--seed", 0))
    .addOption(formatOption(["table", "json", "yaml"]));
  if (argv[0] !== "datasets" || argv[1] !== "show") return;
  const scanned = prescan(argv.slice(2));
  await loadPluginsOf({ plugin: [...scanned.plugin] });
  const { datasets, dataParameters } = await import("../../datasets/index.js");
  const name = scanned.operands.find((word) => datasets.has(word)) ?? scanned.operands[0];
  const read = addParameterOptions(command, name === undefined ? [] : dataParameters(name));
  command.action((dataset: string, options: { seed?: number; format: string }) => show(io, dataset, read(), options));
}

async function show(
  io: CliIo,
  name: string,
  given: Readonly<Record<string, unknown>>,
  options: { seed?: number; format: string },
): Promise<void> {
  const { dataWarnings, describeTables } = await import("../../datasets/index.js");
  const params = Object.fromEntries(Object.entries(given).map(([key, value]) => [key.replace(/^data\./, ""), value]));
  const { tables, warnings } = await dataWarnings(name, params, { seed: options.seed ?? 0 });
  const eol = params["eol"];
  const description = { ...describeTables(tables, typeof eol === "number" ? eol : undefined), warnings };
  if (options.format === "table") for (const warning of warnings) printNotice(io.stderr, "warning", warning);
  await printData(io, parseFormat(options.format), description, {
    table: async (width) => {
      const { terminalPlot } = await import("../terminal-plot.js");
      const table = renderTable(
        [
          { title: "cell", text: (cell) => cell.cell },
          { title: "discharges", align: "right", text: (cell) => String(cell.rows) },
          { title: "gaps", align: "right", text: (cell) => String(cell.missing_cycles) },
          { title: "capacity Ah", align: "right", text: (cell) => range(cell.capacity_min, cell.capacity_max) },
          {
            title: `EOL cycle (SOH <= ${description.eol})`,
            align: "right",
            text: (cell) => String(cell.end_of_life_cycle ?? "-"),
          },
          { title: "SOH", align: "right", text: (cell) => range(cell.soh_min, cell.soh_max) },
        ],
        description.cells,
        width,
      );
      const plot = await terminalPlot(
        description.cells.map((cell) => ({
          name: cell.cell,
          points: cell.fade.map((soh, i) => [cell.cycles[i] as number, soh] as const),
        })),
        { columns: plotColumns(io.stdout), x: "discharge" },
      );
      const features = description.features.map((f) => `${f.name}${f.unit ? ` [${f.unit}]` : ""}`).join(", ");
      const source = hangText(description.provenance, width, 2);
      return `${source}\n\n${table}\n\nSOH by discharge\n${plot}\n\n${hangText(`features: ${features}`, width, 10)}`;
    },
  });
}

function range(low: number | null, high: number | null): string {
  return low === null || high === null ? "-" : `${shortNumber(low)}..${shortNumber(high)}`;
}

function addDownload(parent: Command, { io, setExitCode }: CommandContext): void {
  parent
    .command("download")
    .description("download the official NASA battery archive (resumable, checksummed)")
    .argument("<dataset>", "nasa")
    .option("--url <url>", "source (default: NASA's prognostics data repository)")
    .option("--sha256 <hex>", "expected SHA-256 of the archive")
    .option("--dir <dir>", "target folder", "data/nasa")
    .action(async (dataset: string, options: { url?: string; sha256?: string; dir: string }) => {
      const { downloadDataset } = await import("../download.js");
      const done = await withInterrupt((signal) => downloadDataset(io, dataset, options, signal));
      if (!done) {
        printLine(io.stderr, "interrupted: type the same command to go on");
        setExitCode(130);
      }
    });
}
