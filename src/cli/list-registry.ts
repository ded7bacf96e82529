/** Lists of what is registered, plug-ins included. */
import { parametersOf } from "../registry/index.js";
import type { Registry } from "../registry/index.js";
import { parseFormat } from "./io.js";
import type { CliIo } from "./io.js";
import { printData, renderTable } from "./render.js";

/** Loads plug-ins only when there are any: listing must stay light. */
export async function loadPluginsOf(options: { plugin?: string[] }): Promise<void> {
  if (!options.plugin?.length) return;
  const { loadPlugins } = await import("../plugins/load-plugins.js");
  await loadPlugins(options.plugin);
}

/** The table of a registry: name, summary, parameters. */
export async function listRegistry<T>(
  io: CliIo,
  registry: Registry<T>,
  options: { plugin?: string[]; format: string },
): Promise<void> {
  await loadPluginsOf(options);
  const rows = registry.entries().map((entry) => ({
    name: entry.name,
    summary: entry.summary,
    parameters: parametersOf(entry.parameters).map((parameter) => parameter.name),
  }));
  await printData(io, parseFormat(options.format), rows, {
    table: (width) =>
      renderTable(
        [
          { title: registry.kind, text: (row) => row.name },
          { title: "summary", text: (row) => row.summary },
          { title: "parameters", text: (row) => row.parameters.join(", ") },
        ],
        rows,
        width,
      ),
    value: () => rows.map((row) => row.name).join("\n"),
  });
}
