/** What is made of whole studies, over the network: the same as the command line's, and given up with its client. */
import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { main } from "../../../../src/cli/program.js";
import { Analysis } from "../../../../src/host/analysis.js";
import { JsonFileStorage } from "../../../../src/storage/json-file/index.js";
import { comparison, importanceList, plot, plotList, prediction } from "../../../../src/service/schemas/analysis.js";
import { datasetList, modelList, prunerList, samplerList } from "../../../../src/service/schemas/registries.js";
import { workerList } from "../../../../src/service/schemas/workers.js";
import { aBowl, aHostedService, aLargeStudy } from "../a-hosted-service.js";

async function printed(...words: string[]): Promise<unknown> {
  let text = "";
  const stdout = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      text += chunk.toString();
      done();
    },
  });
  const stderr = new Writable({ write: (_chunk, _encoding, done) => done() });
  expect(await main([...words, "--format", "json"], { stdout, stderr })).toBe(0);
  return JSON.parse(text);
}

test("plots, importances and comparisons are those of the command line", async () => {
  const { folder, get, ask, refused, host } = await aHostedService();
  await aLargeStudy(host, 60);
  await aLargeStudy(host, 40, "larger");
  const kinds = (await get("/studies/large/plots", plotList)).plots.map(({ kind }) => kind);
  expect(kinds).toContain("history");
  expect(kinds).not.toContain("pareto");
  const history = await get("/studies/large/plots/history?width=500", plot);
  expect([history.kind, history.width, history.table.columns.length > 1]).toEqual(["history", 500, true]);
  const svg = await ask("/studies/large/plots/slice?format=svg&theme=dark&params=units");
  expect([svg.status, svg.headers.get("content-type")]).toEqual([200, "image/svg+xml; charset=utf-8"]);
  expect(await svg.text()).toMatch(/^<svg /);
  expect((await refused("/studies/large/plots/pareto")).slice(0, 2)).toEqual([400, "no-such-plot"]);
  expect((await refused("/studies/large/plots/histroy")).slice(0, 2)).toEqual([400, "unknown-plot"]);
  expect((await refused("/studies/large/plots/history?widht=3")).slice(0, 2)).toEqual([400, "invalid-request"]);
  expect(await get("/studies/large/importances", importanceList)).toEqual(
    await printed("importance", "large", "--storage", folder),
  );
  expect(await get("/studies/large/importances?metric=seconds&params=kind", importanceList)).toEqual(
    await printed("importance", "large", "--storage", folder, "--metric", "seconds", "--param", "kind"),
  );
  expect((await refused("/studies/large/importances?metric=nothing"))[0]).toBe(400);
  expect(await get("/compare?study=large&study=larger", comparison)).toEqual(
    await printed("compare", "large", "larger", "--storage", folder),
  );
  expect((await refused("/compare?study=large&study=nobody")).slice(0, 2)).toEqual([404, "unknown-study"]);
  expect((await refused("/compare?study=large&study=large")).slice(0, 2)).toEqual([400, "invalid-request"]);
  expect((await refused(`/compare?${"study=large&".repeat(11)}study=larger`)).slice(0, 2)).toEqual([
    400,
    "invalid-request",
  ]);
  expect(await get("/studies/large/prediction", prediction)).toEqual({ missing: "its trials train no model of ours" });
});

test("an analysis sees what was changed a moment before", async () => {
  const { folder, get, host } = await aHostedService();
  await aBowl(folder, 8);
  const used = async (): Promise<number | undefined> =>
    (await get("/studies/bowl/importances", importanceList)).targets[0]?.used;
  expect(await used()).toBeGreaterThan(0);
  const before = (await used()) as number;
  const complete = (await host.storage.read("bowl")).trials.find(({ state }) => state === "complete");
  await host.command("bowl", { type: "annotate", number: complete?.number ?? 0, change: { banned: true } });
  await expect.poll(used).toBe(before - 1);
});

test("an analysis that nobody waits for is given up, and the next one is answered", async () => {
  const { folder, host } = await aHostedService();
  await aLargeStudy(host, 3000);
  const analysis = new Analysis(new JsonFileStorage({ directory: folder }));
  const study = { name: "large", created_at: "2026-01-02T03:04:05.000Z", revision: 3000 };
  const gone = new AbortController();
  const options = { method: { name: "fanova" as const, options: { n_trees: 512 } } };
  const abandoned = analysis.ask("importances", { study, options }, gone.signal);
  const queued = new AbortController();
  const waiting = analysis.ask("importances", { study, options: { method: "ped-anova" as const } }, queued.signal);
  queued.abort();
  await expect(waiting).rejects.toMatchObject({ code: "analysis-ended" });
  gone.abort();
  await expect(abandoned).rejects.toMatchObject({ code: "analysis-ended" });
  const twice = await Promise.all([analysis.ask("course", { study }), analysis.ask("course", { study })]);
  expect(twice[0]).toBe(twice[1]);
  expect(JSON.parse(twice[0])).toMatchObject({ finished: 3000 });
  await analysis.close();
  await expect(analysis.ask("course", { study })).rejects.toMatchObject({ code: "analysis-ended" });
});

test("who holds a lease is shown with what is left of it", async () => {
  const { folder, get, host } = await aHostedService();
  await aBowl(folder, 1);
  expect((await get("/workers", workerList)).external).toEqual([]);
  await host.ask("bowl", { worker: "py-1", lease_seconds: 60, wait_seconds: 0 });
  const [held] = (await get("/workers", workerList)).external;
  expect(held).toMatchObject({ worker: "py-1", study: "bowl", number: 1, lease_seconds: 60 });
  expect(held?.lease_ends_in_s).toBeLessThanOrEqual(60);
  expect((held?.last_seen_s ?? NaN) + (held?.lease_ends_in_s ?? NaN)).toBe(60);
});

test("forms learn what studies can be made of", async () => {
  const { get } = await aHostedService();
  const { models, training, metrics, presets } = await get("/models", modelList);
  const told = (await printed("models")) as { name: string; summary: string; parameters: string[] }[];
  expect(
    models.map(({ name, summary, parameters }) => ({
      name,
      summary,
      parameters: parameters.map((one) => one.name.replace("model.", "")),
    })),
  ).toEqual(told);
  expect(training.find(({ name }) => name === "train.lr")).toMatchObject({
    ...{ type: "float", search: { by_default: true, distribution: { type: "float", log: true } }, is_path: false },
  });
  expect(metrics.map(({ name }) => name)).toContain("val_rmse");
  expect(presets).toContainEqual(
    expect.objectContaining({ name: "nasa-lstm", models: ["lstm"], dataset: "nasa", summary: "lstm on nasa" }),
  );
  const { datasets } = await get("/datasets", datasetList);
  expect(datasets.find(({ name }) => name === "csv")?.parameters.some((one) => one.is_path)).toBe(true);
  const { samplers } = await get("/samplers", samplerList);
  expect(samplers.map(({ name }) => name)).toContain("tpe");
  expect(
    (await get("/pruners", prunerList)).pruners.find(({ name }) => name === "percentile")?.parameters[0],
  ).toMatchObject({
    ...{ name: "percentile", type: "float", minimum: 0, maximum: 100 },
  });
  expect((await get("/workers", workerList)).workers[0]).toMatchObject({ pid: process.pid, places: 2, running: [] });
});
