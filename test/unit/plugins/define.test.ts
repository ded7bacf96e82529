import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import {
  createStudy,
  datasets,
  defineDataset,
  defineMetric,
  defineModel,
  defineObjective,
  float,
  loadPlugins,
  metrics,
  models,
  z,
} from "../../../dist/index.js";
import type { ScoredPart } from "../../../dist/index.js";

const dist = new URL("../../../dist/index.js", import.meta.url).href;

async function module(text: string): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), "mlbench-hpo-define-")), "module.mjs");
  await writeFile(file, `import * as lib from ${JSON.stringify(dist)};\n${text}`);
  return file;
}

it("a defined objective keeps its space, and is called with the trial", async () => {
  const bowl = defineObjective({ x: float(-1, 1) }, ({ params }) => params.x ** 2);
  expect(bowl.space).toEqual({ x: float(-1, 1) });
  const study = await createStudy({ storage: "memory", space: bowl.space, seed: 1 });
  await study.optimize(bowl, { trials: 2 });
  expect(study.trials.map(({ value, params }) => value === (params["x"] as number) ** 2)).toEqual([true, true]);
  expect(() => defineObjective({}, 3 as never)).toThrow(
    expect.objectContaining({ code: "invalid-objective", exitCode: 2 }) as Error,
  );
});

it("as a module's default export it declares the module's space; an exported space comes before it", async () => {
  const own = await module("export default lib.defineObjective({ x: lib.float(0, 1) }, ({ params }) => params.x);");
  const study = await createStudy({ name: "d", storage: "memory", objective: own, seed: 1 });
  expect(study.header.space).toEqual({ x: float(0, 1) });
  const both = await module(
    "export const space = { y: lib.float(0, 1) };\nexport default lib.defineObjective({ x: lib.float(0, 1) }, () => 1);",
  );
  const other = await createStudy({ name: "e", storage: "memory", objective: both, seed: 1 });
  expect(Object.keys(other.header.space)).toEqual(["y"]);
});

it("a defined metric is a plug-in; what is no definition is refused", async () => {
  const meta = 'summary: "mean", direction: "maximize", unit: "%"';
  const file = await module(`export default lib.defineMetric({ name: "five", ${meta}, score: () => 5 });`);
  await loadPlugins([file]);
  const five = metrics.get("five");
  expect(five).toMatchObject({ name: "five", summary: "mean", direction: "maximize", unit: "%" });
  expect((await five.load())({} as ScoredPart)).toBe(5);
  expect(() => defineMetric({ name: "x", summary: "x", direction: "minimize", scores: 1 } as never)).toThrow(
    /"scores"/,
  );
  const wrong = await module('export default lib.defineMetric({ name: "y", summary: "y", score: () => 5 });');
  await expect(loadPlugins([wrong])).rejects.toThrow(/metric "y": direction must be minimize or maximize/);
});

it("a defined model and a defined dataset are plug-ins, registered once they are loaded", async () => {
  const meta = '{ summary: "one", parameters: lib.z.object({ units: lib.z.number().int().default(3) }) }';
  const model = await module(
    `export default lib.defineModel("one", ${meta}, (api) => class extends api.ForwardModel {});`,
  );
  const source = await module(`export default lib.defineDataset("two", ${meta}, () => ({ load: async () => null }));`);
  await loadPlugins([model, pathToFileURL(source).href]);
  expect(models.get("one").parameters.parse({})).toEqual({ units: 3 });
  expect(Object.keys(await datasets.get("two").load())).toEqual(["load"]);
  // Nothing is registered before somebody loads it.
  defineModel("three", { summary: "", parameters: z.object({}) }, ({ ForwardModel: Base }) => Base as never);
  defineDataset("four", { summary: "", parameters: z.object({}) }, () => ({ load: () => Promise.reject(new Error()) }));
  expect([models.has("three"), datasets.has("four")]).toEqual([false, false]);
});
