import { expect, test } from "vitest";
import { z } from "zod";
import { UsageError, int } from "../../../src/core/index.js";
import {
  ambiguousFlags,
  parameterOptions,
  describeParameter,
  parameter,
  parseSet,
  parseValue,
  qualify,
  resolveNames,
} from "../../../src/registry/index.js";
import type { QualifiedParameter } from "../../../src/registry/index.js";
import { optionCollisions } from "../../fixtures/registry/option-collisions.js";

const model = z.object({
  hidden_size: parameter(z.number().int().min(1).max(512).default(32), {
    description: "units a layer",
    search: { distribution: int(8, 128, { log: true }), default: true },
  }),
  dropout: parameter(z.number().min(0).lt(1).default(0), { description: "rate" }),
  head: parameter(z.enum(["linear", "mlp"]).default("linear"), { description: "output layer" }),
  residual: parameter(z.boolean().default(true), { description: "predict the change" }),
  split: parameter(z.string().default("x"), { description: "hidden by a command's own option" }),
  seed: parameter(z.number().int().nullable().default(null), { description: "its own seed" }),
});
const data = z.object({
  cells: parameter(z.array(z.string()).min(1).optional(), { description: "cells" }),
  features: parameter(z.union([z.literal("all"), z.array(z.string())]).default("all"), { description: "inputs" }),
  seed: parameter(z.number().int().nullable().default(null), { description: "its own seed" }),
  rest: parameter(z.number().gt(0).optional(), { description: "rest", unit: "h" }),
});
const parameters: QualifiedParameter[] = [...qualify("model", model), ...qualify("data", data)];
const find = (name: string): QualifiedParameter =>
  parameters.find((p) => p.qualified === name) ?? expect.fail(`no ${name}`);

function message(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return `${(error as UsageError).code}: ${(error as UsageError).message}`;
  }
  return expect.fail("nothing was thrown");
}

test("a unique name has a short option; an ambiguous or taken one is left to --set", () => {
  const flags = parameterOptions(parameters, ["--split", "--help"]).map((o) => [o.qualified, o.flag, o.withheld]);
  expect(flags).toEqual([
    ["model.hidden_size", "--hidden-size", null],
    ["model.dropout", "--dropout", null],
    ["model.head", "--head", null],
    ["model.residual", "--residual", null],
    ["model.split", null, "taken"],
    ["model.seed", null, "ambiguous"],
    ["data.cells", "--cells", null],
    ["data.features", "--features", null],
    ["data.seed", null, "ambiguous"],
    ["data.rest", "--rest", null],
  ]);
  expect(ambiguousFlags(parameters, ["--split"])).toEqual(new Map([["--seed", ["model.seed", "data.seed"]]]));
});

test("descriptions carry range, choices, unit and default", () => {
  expect(describeParameter(find("model.hidden_size").info)).toBe(
    "units a layer (a whole number, 1 to 512; default 32)",
  );
  expect(describeParameter(find("model.dropout").info)).toBe("rate (a number, at least 0 and below 1; default 0)");
  expect(describeParameter(find("model.head").info)).toBe("output layer (one of linear, mlp; default linear)");
  expect(describeParameter(find("data.rest").info)).toBe("rest (a number, above 0; in h)");
});

test("text becomes a value of the parameter's type", () => {
  const parse = (name: string, text: string): unknown => parseValue(find(name), text);
  expect(parse("model.hidden_size", "64")).toBe(64);
  expect(parse("model.hidden_size", "1e2")).toBe(100);
  expect(parse("model.dropout", ".25")).toBe(0.25);
  expect(parse("model.head", "mlp")).toBe("mlp");
  expect(parse("model.residual", "no")).toBe(false);
  expect(parse("model.seed", "none")).toBe(null);
  expect(parse("model.split", "7")).toBe("7");
  expect(parse("data.cells", "B0005")).toEqual(["B0005"]);
  expect(parse("data.cells", "B0005, B0006")).toEqual(["B0005", "B0006"]);
  expect(parse("data.features", "all")).toBe("all");
  expect(parse("data.features", "soh,capacity")).toEqual(["soh", "capacity"]);
  expect(parse("data.features", "soh")).toEqual(["soh"]);
});

test("what a parameter does not take is one line with what it does take", () => {
  const say = (name: string, text: string): string => message(() => parseValue(find(name), text));
  expect(say("model.hidden_size", "1000")).toBe(
    'invalid-value: invalid value "1000" for model.hidden_size: expected a whole number, 1 to 512',
  );
  expect(say("model.hidden_size", "3.5")).toContain("expected a whole number, 1 to 512");
  expect(say("model.hidden_size", "0x10")).toContain("expected a whole number");
  expect(say("model.hidden_size", "Infinity")).toContain("expected a whole number");
  expect(say("model.dropout", "1")).toContain("expected a number, at least 0 and below 1");
  expect(say("model.head", "mlpp")).toContain("expected one of linear, mlp");
  expect(say("model.residual", "maybe")).toContain("expected true or false");
  expect(say("model.seed", "x")).toContain("expected a whole number, or none");
});

test("--set takes qualified names, unique bare ones and hyphens, and names what it does not know", () => {
  expect(parseSet("model.hidden_size=64", parameters)).toEqual({ qualified: "model.hidden_size", value: 64 });
  expect(parseSet("hidden-size=64", parameters)).toEqual({ qualified: "model.hidden_size", value: 64 });
  expect(parseSet("split=a=b", parameters)).toEqual({ qualified: "model.split", value: "a=b" });
  expect(message(() => parseSet("model.hiden_size=64", parameters))).toMatch(
    /^unknown-parameter: unknown parameter "model.hiden_size": did you mean "model.hidden_size"\? known: model/,
  );
  expect(message(() => parseSet("seed=1", parameters))).toBe(
    'ambiguous-parameter: "seed" is ambiguous: use one of model.seed, data.seed',
  );
  expect(message(() => parseSet("hidden_size", parameters))).toContain("expected name=value");
});

test("in a study over several models a bare model name stands for every model's own parameter", () => {
  const known = ["model.lstm.hidden_size", "model.mlp.hidden_size", "train.lr"];
  expect(resolveNames("model.hidden_size", known)).toEqual(known.slice(0, 2));
  expect(resolveNames("lstm.hidden_size", known)).toEqual(["model.lstm.hidden_size"]);
  expect(message(() => resolveNames("hidden_size", known))).toContain("ambiguous");
});

test("the build-time check finds shared short forms, repeated names, bad names and clashing negations", () => {
  const clash = qualify("train", z.object({ no_residual: parameter(z.number().optional(), { description: "" }) }));
  const bad = qualify("train", z.object({ batchSize: parameter(z.number().optional(), { description: "" }) }));
  expect(optionCollisions(parameters)).toEqual(["--seed could mean model.seed or data.seed"]);
  expect(optionCollisions([...qualify("model", model), ...qualify("model", model)])).toContain(
    "parameter model.dropout is declared twice",
  );
  expect(optionCollisions([...qualify("model", model), ...clash])).toEqual([
    "train.no_residual collides with the negation of model.residual",
  ]);
  expect(optionCollisions(bad)[0]).toContain("train.batchSize");
});
