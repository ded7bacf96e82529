/** `mlbench-hpo describe`: what a model, dataset, optimizer, … takes. */
import { Argument } from "commander";
import { UsageError, stringifyJson } from "../../core/index.js";
import type { EntryMeta, ParameterInfo } from "../../registry/index.js";
import { parametersOf, unknownName } from "../../registry/index.js";
import { conditionInWords, formatDistribution } from "../../search-space/index.js";
import type { CommandDefinition } from "../command.js";
import { parseFormat } from "../io.js";
import type { CliIo, OutputFormat } from "../io.js";
import { loadPluginsOf } from "../list-registry.js";
import { printData, renderTable } from "../render.js";
import { formatOption, pluginOption } from "../shared-options.js";
import { hangText } from "../text-layout.js";

type Kind = "model" | "dataset" | "optimizer" | "scheduler" | "sampler" | "pruner" | "importance" | "training";
type MetricKind = "metric" | "metrics";
const kinds: readonly Kind[] = [
  ...(["model", "dataset", "optimizer", "scheduler", "sampler", "pruner", "importance", "training"] as const),
];
const metricKinds: readonly MetricKind[] = ["metric", "metrics"];

interface DescribeOptions {
  readonly plugin?: string[];
  readonly format: string;
}

interface Described {
  readonly summary: string;
  readonly parameters: readonly ParameterInfo[];
  readonly schema: unknown;
}

/** `mlbench-hpo describe model lstm`: parameters, defaults, ranges, search metadata. */
export const describeCommand: CommandDefinition = (program, { io }) => {
  program
    .command("describe")
    .description(
      "show the parameters of a model, dataset, optimizer, …, or a metric: defaults, ranges, search distributions",
    )
    .addArgument(
      // Its own parser: for a name in the kind's place `kindOf` knows the command that was meant.
      new Argument("<kind>", "what to describe").choices([...kinds, ...metricKinds]).argParser((word) => word),
    )
    .argument("[name]", "its name (not for `describe training` and `describe metrics`)")
    .addOption(pluginOption())
    .addOption(formatOption(["table", "json", "yaml"]))
    .action(async (word: string, name: string | undefined, options: DescribeOptions) => {
      await loadPluginsOf(options);
      if (word === "metric" || word === "metrics") return describeMetrics(io, word, name, parseFormat(options.format));
      const kind = await kindOf(word);
      const described = await describe(kind, name);
      const rows = described.parameters.map(row);
      await printData(
        io,
        parseFormat(options.format),
        { kind, name: name ?? kind, summary: described.summary, parameters: rows, schema: described.schema },
        {
          table: (width) =>
            `${hangText(`${name ?? kind}: ${described.summary}`, width, 2)}\n\n${renderTable(
              [
                { title: "parameter", text: (r) => r.name },
                { title: "type", text: (r) => r.type },
                { title: "default", text: (r) => (r.default === undefined ? "-" : shown(r.default)) },
                { title: "range", text: (r) => r.range },
                { title: "search", text: (r) => r.search },
                { title: "description", text: (r) => r.description, style: () => "muted", below: true },
              ],
              rows,
              width,
            )}`,
        },
      );
    });
};

/** @throws UsageError `unknown-kind`, for the name of a component with the command that describes it. */
async function kindOf(word: string): Promise<Kind> {
  const kind = kinds.find((known) => known === word);
  if (kind) return kind;
  const commands: string[] = [];
  for (const known of kinds) {
    if (known !== "training" && (await registryOfKind(known)).names().includes(word))
      commands.push(`\`mlbench-hpo describe ${known} ${word}\``);
  }
  if (commands.length === 0) throw unknownName("kind", word, kinds);
  throw new UsageError("unknown-kind", `describe ${word}: did you mean ${commands.join(" or ")}?`);
}

/** `describe metrics`: all that objectives may name; `describe metric NAME`: one of them. */
async function describeMetrics(
  io: CliIo,
  kind: MetricKind,
  name: string | undefined,
  format: OutputFormat,
): Promise<void> {
  const { everyMetric } = await import("../../plugins/known-metrics.js");
  const every = everyMetric();
  if (kind === "metric" && name === undefined)
    throw new UsageError("missing-name", `describe metric: name one of ${every.map((m) => m.name).join(", ")}`);
  const chosen = every.filter((metric) => name === undefined || [name, `val_${name}`].includes(metric.name));
  if (chosen.length === 0) throw unknownName("metric", name ?? "", [...new Set(every.map((metric) => metric.name))]);
  const data = chosen.map((metric) => ({ ...metric, unit: metric.unit ?? null }));
  await printData(io, format, kind === "metric" ? { kind, ...data[0] } : data, {
    table: (width) =>
      renderTable(
        [
          { title: "metric", text: (metric) => metric.name },
          { title: "better", text: ({ direction }) => (direction === "minimize" ? "smaller" : "larger") },
          { title: "unit", text: ({ unit }) => unit ?? "-" },
          { title: "from", text: ({ source }) => source },
          { title: "what it is", text: ({ summary }) => summary, style: () => "muted", below: true },
        ],
        data,
        width,
      ),
  });
}

async function describe(kind: Kind, name: string | undefined): Promise<Described> {
  const { z } = await import("zod");
  if (kind === "training") {
    const { trainParameters } = await import("../../training/config.js");
    const parameters = trainParameters().map((parameter) => parameter.info);
    const shape = Object.fromEntries(parameters.map((parameter) => [parameter.name, parameter.schema]));
    const schema = z.toJSONSchema(z.object(shape), { io: "input", unrepresentable: "any" });
    return { summary: "what every training run takes", parameters, schema };
  }
  const registry = await registryOfKind(kind);
  if (name === undefined)
    throw new UsageError("missing-name", `describe ${kind}: name one of ${registry.names().join(", ")}`);
  const entry = registry.get(name);
  // A dataset takes those of the task as well.
  const schema = kind === "dataset" ? (await import("../../datasets/index.js")).dataSchema(name) : entry.parameters;
  return {
    summary: entry.summary,
    parameters: parametersOf(schema),
    schema: z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }),
  };
}

/** What can be described of a kind. */
interface Listed {
  readonly names: () => readonly string[];
  readonly get: (name: string) => EntryMeta;
}

async function registryOfKind(kind: Exclude<Kind, "training">): Promise<Listed> {
  switch (kind) {
    case "model":
      return (await import("../../models/index.js")).models;
    case "dataset":
      return (await import("../../datasets/index.js")).datasets;
    case "optimizer":
      return (await import("../../training/optimizers/index.js")).optimizers;
    case "scheduler":
      return (await import("../../training/schedulers/index.js")).schedulers;
    case "sampler":
      return (await import("../../samplers/index.js")).samplers;
    case "pruner":
      return (await import("../../pruners/index.js")).pruners;
    case "importance":
      return importanceKind();
    default:
      throw unknownName("kind", kind, kinds);
  }
}

async function importanceKind(): Promise<Listed> {
  const { importanceMethodNames, importanceMethods, requireMethod } = await import("../../analysis/index.js");
  return { names: () => importanceMethodNames, get: (name) => importanceMethods[requireMethod(name)] };
}

function shown(value: unknown): string {
  return typeof value === "string" ? value : stringifyJson(value);
}

function row(info: ParameterInfo) {
  const { search, unit, description, when } = info.meta;
  return {
    name: info.name,
    type: info.type,
    default: info.default,
    range: rangeOf(info),
    search: search ? formatDistribution(search.distribution) + (search.default === true ? "" : " (on request)") : "-",
    description: description + (unit ? ` [${unit}]` : "") + (when ? ` (when ${conditionInWords(when)})` : ""),
    ...(search ? { search_metadata: search } : {}),
    ...(when ? { when } : {}),
  };
}

function rangeOf(info: ParameterInfo): string {
  if (info.choices) return info.choices.join(" | ");
  if (info.minimum === undefined && info.maximum === undefined) return "-";
  const low = `${info.minimumExclusive ? ">" : ""}${info.minimum ?? ""}`;
  return `${low}..${info.maximumExclusive ? "<" : ""}${info.maximum ?? ""}`;
}
