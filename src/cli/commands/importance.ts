/** `mlbench-hpo importance`: which parameters matter. */
import { Option } from "commander";
import type { ImportanceMethod, ImportanceOptions, PrunedRule } from "../../analysis/index.js";
import type { CommandDefinition } from "../command.js";
import { splitMethodOptions } from "../method-options.js";
import { parseFormat } from "../io.js";
import { printData } from "../render.js";
import { collect, collectList, formatOption } from "../shared-options.js";
import { addStudyOptions, resolveStudy } from "../study-ref.js";
import type { StudyOptions } from "../study-ref.js";

interface Asked extends StudyOptions {
  readonly method: ImportanceMethod;
  readonly methodOption?: string[];
  readonly metric?: string[];
  readonly param?: string[];
  readonly pruned: PrunedRule;
  readonly feasibleOnly?: boolean;
  readonly interactions?: boolean;
  readonly format: string;
}

/** `mlbench-hpo importance [STUDY] [--method fanova] [--metric seconds]` */
export const importanceCommand: CommandDefinition = (program, { io }) => {
  addStudyOptions(program.command("importance"), { positional: true })
    .description("which parameters matter, and how much: for the objectives, or for any other recorded metric")
    .addOption(
      new Option(
        "--method <name>",
        "ped-anova: what the best trials have in common; fanova: whose effect the values' variance is",
      )
        .choices(["ped-anova", "fanova"])
        .default("ped-anova"),
    )
    .option(
      "--method-option <name=value>",
      "option of the method: target_quantile=0.2, n_trees=128 (repeatable; `describe importance fanova` lists them)",
      collect,
    )
    .option(
      "--metric <names>",
      "instead of the objectives: metrics such as seconds or val_mae; NAME:maximize where larger is better",
      collectList,
    )
    .option("--param <names>", "only these parameters", collectList)
    .addOption(
      new Option("--pruned <rule>", "what a pruned trial counts for: nothing, or its last report as its value")
        .choices(["leave-out", "last-report"])
        .default("leave-out"),
    )
    .option("--feasible-only", "leave out trials that miss their constraints")
    .option("--interactions", "pairs of parameters as well (--method fanova)")
    .addOption(formatOption(["table", "json", "yaml"]))
    .action(async (name: string | undefined, options: Asked) => {
      const format = parseFormat(options.format);
      const asked = await askedFor(options);
      const ref = await resolveStudy(options, name);
      const { studyImportances } = await import("../../app/study-importances.js");
      const found = await studyImportances(ref, asked);
      await printData(io, format, found, {
        table: async (width) => (await import("../importance-view.js")).importancesInWords(found, width),
      });
    });
};

async function askedFor(asked: Asked): Promise<ImportanceOptions> {
  const { method, methodOption, metric, param, pruned, feasibleOnly, interactions } = asked;
  const options = await splitMethodOptions(method, methodOption);
  return { method: { name: method, options }, metric, params: param, pruned, feasibleOnly, interactions };
}
