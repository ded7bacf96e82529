import { expect, test } from "vitest";
import { z } from "zod";
import { int } from "../../../src/core/index.js";
import { parameter, parametersOf } from "../../../src/registry/index.js";

test("a schema is taken apart into types, ranges, defaults, choices and search metadata, in order", () => {
  const schema = z.object({
    hidden_size: parameter(z.number().int().min(1).max(512).default(32), {
      description: "units a layer",
      search: { distribution: int(8, 128, { log: true }), default: true },
    }),
    head: parameter(z.enum(["linear", "mlp"]).default("linear"), { description: "head" }),
    residual: parameter(z.boolean().default(true), { description: "predict the change" }),
    dropout: parameter(z.number().min(0).lt(1).default(0), { description: "rate" }),
    path: parameter(z.string().optional(), { description: "file" }),
    cells: parameter(z.array(z.string()).optional(), { description: "cells" }),
    seed: parameter(z.number().int().nullable().default(null), { description: "seed" }),
    must: parameter(z.string(), { description: "required" }),
  });
  const infos = parametersOf(schema);
  expect(infos.map((i) => [i.name, i.type, i.default, i.required])).toEqual([
    ["hidden_size", "int", 32, false],
    ["head", "enum", "linear", false],
    ["residual", "boolean", true, false],
    ["dropout", "float", 0, false],
    ["path", "string", undefined, false],
    ["cells", "list", undefined, false],
    ["seed", "int", null, false],
    ["must", "string", undefined, true],
  ]);
  expect(infos[0]).toMatchObject({ minimum: 1, maximum: 512, meta: { search: { default: true } } });
  expect(infos[1]?.choices).toEqual(["linear", "mlp"]);
});
