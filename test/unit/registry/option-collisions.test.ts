import { Command } from "commander";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { commands } from "../../../src/cli/commands/index.js";
import { dataParameters, datasets } from "../../../src/datasets/index.js";
import { models } from "../../../src/models/index.js";
import { qualifyModels } from "../../../src/search-space/index.js";
import { parameterOptions, qualify } from "../../../src/registry/index.js";
import type { QualifiedParameter } from "../../../src/registry/index.js";
import { parametersFor, trainParameters } from "../../../src/training/config.js";
import { optionCollisions } from "../../fixtures/registry/option-collisions.js";

const pairs = models.names().flatMap((model) => datasets.names().map((dataset): [string, string] => [model, dataset]));

/** The long flags of a command without any parameter's. */
async function ownFlags(name: string): Promise<string[]> {
  const program = new Command();
  const entry = commands.find((command) => command.name === name);
  await (
    await entry?.load()
  )?.(program, { io: process, argv: [], setExitCode: () => {} });
  const command = program.commands.find((c) => c.name() === name);
  return [...(command?.options ?? []).map((option) => option.long ?? ""), "--help", "--version"];
}

const own = new Map(
  await Promise.all(
    ["train", "create-study", "evaluate", "predict"].map(async (name) => [name, await ownFlags(name)] as const),
  ),
);

/** Parameters whose short form a command's own option takes. */
function withheld(parameters: readonly QualifiedParameter[], command: string): string[] {
  return parameterOptions(parameters, own.get(command)).flatMap((o) => (o.flag === null ? [o.qualified] : []));
}

describe.each(pairs)("%s on %s", (model, dataset) => {
  test("no two parameters share a name or a short form", () => {
    expect(optionCollisions(parametersFor(model, dataset))).toEqual([]);
  });

  test("train's and create-study's own options hide no parameter; evaluate's and predict's --split does", () => {
    expect(own.get("train")).toContain("--checkpoint");
    expect(withheld(parametersFor(model, dataset), "train")).toEqual([]);
    expect(withheld(parametersFor(model, dataset), "create-study")).toEqual([]);
    for (const command of ["evaluate", "predict"])
      expect(withheld(dataParameters(dataset), command)).toEqual(["data.split"]);
  });
});

test("all models together, as a study that searches the model has them, leave no short form unclear", () => {
  const all = qualifyModels(models.names().map((name) => models.get(name)));
  for (const dataset of datasets.names()) {
    const names = [...all, ...dataParameters(dataset), ...trainParameters()].map(({ qualified }) => qualified);
    expect(new Set(names).size).toBe(names.length);
  }
});

test("the check sees what it is for", () => {
  const of = (group: "model" | "train", shape: z.ZodRawShape): QualifiedParameter[] => qualify(group, z.object(shape));
  const lr = z.number().default(1);
  expect(optionCollisions([...of("model", { lr }), ...of("train", { lr })])).toEqual([
    "--lr could mean model.lr or train.lr",
  ]);
  expect(optionCollisions([...of("model", { lr }), ...of("model", { lr })])).toContain(
    "parameter model.lr is declared twice",
  );
  expect(optionCollisions(of("model", { Rate: lr }))).toHaveLength(1);
});
