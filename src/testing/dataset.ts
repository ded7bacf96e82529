/** The conformance suite of datasets. */
import assert from "node:assert/strict";
import { requireKnownKeys } from "../core/index.js";
import type { Batch, CellTable, CellTables, Dataset, KnownKeys, SplitName } from "../core/index.js";
import { baselines } from "../datasets/baselines/index.js";
import { tableCache } from "../datasets/cache.js";
import type { BuildOptions } from "../datasets/index.js";
import { buildDataset, dataParameters, loadTables } from "../datasets/index.js";
import { assertRejects } from "./assertions.js";
import type { TestRunner } from "./runner.js";

/** A dataset to be tried. */
export interface DatasetCase {
  /** The registered name. */
  readonly name: string;
  /** Parameters under which every part of the suite has windows: at least two cells, `window` 4 or less. */
  readonly params: Readonly<Record<string, unknown>>;
  readonly options?: BuildOptions;
}

type Build = (more?: Record<string, unknown>, other?: BuildOptions) => Promise<Dataset>;

/** Registers what every dataset must do, whatever its source: tables, windows, parts, normalisation, mistakes. */
export function datasetConformance(runner: TestRunner, of: DatasetCase): void {
  requireKnownKeys("datasetConformance", of, {
    name: true,
    params: true,
    options: true,
  } satisfies KnownKeys<DatasetCase>);
  const { name, params, options = {} } = of;
  const build: Build = (more, other) => buildDataset(name, { ...params, ...more }, { ...options, ...other });
  runner.describe(`dataset ${name}`, () => {
    casesOfTables(runner, of, build);
    casesOfParts(runner, name, build);
    casesOfParameters(runner, name, build);
  });
}

function casesOfTables({ it }: TestRunner, { name, params, options = {} }: DatasetCase, build: Build): void {
  it("has tables that are sorted, hashed, in shared memory, with SOH among the features", async () => {
    assertTables(await loadTables(name, params, options));
  });
  it("loads the same numbers again; a second build reads nothing", async () => {
    const first = await loadTables(name, params, options);
    assert.equal(await loadTables(name, params, options), first);
    tableCache.clear();
    const again = await loadTables(name, params, options);
    assert.notEqual(again, first);
    assert.equal(again.hash, first.hash);
  });
  it("is the same dataset from tables that were posted to a thread", async () => {
    const dataset = await build();
    const posted = await build({}, { tables: structuredClone(dataset.tables) });
    assert.deepEqual(posted.metadata, dataset.metadata);
    assert.deepEqual(posted.split("val").all(), dataset.split("val").all());
  });
}

function assertTables(tables: CellTables): void {
  assert.ok(tables.featureNames.includes("soh"));
  assert.equal(new Set(tables.featureNames).size, tables.featureNames.length);
  assert.equal(tables.featureUnits.length, tables.featureNames.length);
  assert.match(tables.hash, /^[0-9a-f]{64}$/);
  const names = tables.cells.map((c) => c.cell);
  assert.deepEqual(names, [...names].sort());
  for (const table of tables.cells) assertTable(table, tables.featureNames);
}

function assertTable({ cycles, capacity, soh, features }: CellTable, names: readonly string[]): void {
  for (const numbers of [cycles, capacity, soh, features]) assert.ok(numbers.buffer instanceof SharedArrayBuffer);
  const rows = [soh.length, capacity.length, features.length / names.length];
  assert.deepEqual(rows, Array(3).fill(cycles.length));
  const sohColumn = names.indexOf("soh");
  for (let i = 0; i < cycles.length; i++) {
    if (i > 0) assert.ok((cycles[i] as number) > (cycles[i - 1] as number), "cycles rise");
    assert.equal(features[i * names.length + sohColumn], soh[i]);
  }
}

function casesOfParts({ it }: TestRunner, name: string, build: Build): void {
  for (const split of ["by-cell", "by-time", "random"])
    it(`cuts batches that are what the tables say (split ${split})`, async () => {
      const dataset = await build({ split });
      assertMetadata(dataset, name, split);
      const parts: readonly SplitName[] = ["train", "val", "test"];
      for (const part of parts) {
        assert.equal(dataset.split(part).windows, dataset.metadata.counts[part]);
        assertBatch(dataset, dataset.split(part).all());
      }
    });
  it("drops a share of the cycles as gaps, by the seed: targets keep them, and nothing else is fed of them", async () => {
    const dropped = await build({ drop_cycles: 0.25, drop_seed: 1 });
    const [train, val] = [dropped.split("train").all(), dropped.split("val").all()];
    for (const batch of [train, val]) assertBatch(dropped, batch);
    assert.ok(gapsOf(train) > gapsOf((await build()).split("train").all()), "gaps");
    assertNormalised(train);
    assertMeanChange(dropped, train);
    assert.deepEqual((await build({ drop_cycles: 0.25, drop_seed: 1 })).split("val").all(), val);
    const other = await build({ drop_cycles: 0.25, drop_seed: 2 });
    assert.notEqual(other.metadata.hash, dropped.metadata.hash);
    assert.notDeepEqual(other.split("train").all().cycles, train.cycles);
  });
  it("feeds inputs of mean 0 and deviation 1 over the rows that the training part sees, each once", async () => {
    assertNormalised((await build()).split("train").all());
  });
  it("has finite errors of the four baselines", async () => {
    const metrics = baselines(await build(), "val");
    const errors = Object.keys(metrics).filter((name) => !name.endsWith("_rul_mae"));
    assert.equal(errors.length, 12);
    assert.ok(Object.values(metrics).every(Number.isFinite));
  });
}

function assertMetadata({ metadata, normalisation }: Dataset, name: string, split: string): void {
  assert.equal(metadata.name, name);
  assert.ok(metadata.counts.train > 0 && metadata.counts.val > 0, "windows to train on and to validate with");
  const warned = metadata.warnings.some((w) => w.startsWith("split random"));
  assert.equal(warned, split === "random");
  for (const numbers of [normalisation.xMean, normalisation.xStd])
    assert.equal(numbers.length, metadata.featureNames.length);
  for (const numbers of [normalisation.sohStd, normalisation.deltaMean]) assert.equal(numbers.length, metadata.horizon);
}

/** The change's mean is that of the targets, whether their cycles were observed or not. */
function assertMeanChange({ normalisation }: Dataset, { size, horizon, target, lastSoh }: Batch): void {
  for (let h = 0; h < horizon; h++) {
    let mean = 0;
    for (let b = 0; b < size; b++) mean += ((target[b * horizon + h] as number) - (lastSoh[b] as number)) / size;
    assert.ok(Math.abs(mean - (normalisation.deltaMean[h] as number)) < 1e-6, `mean change of step ${h + 1}`);
  }
}

/** The mean number of cycles missing inside a window. */
function gapsOf({ size, window, cycles }: Batch): number {
  let missing = 0;
  for (let b = 0; b < size; b++)
    missing += (cycles[(b + 1) * window - 1] as number) - (cycles[b * window] as number) + 1 - window;
  return missing / size;
}

/** Every entry of a batch against the tables that it came from. */
function assertBatch(dataset: Dataset, batch: Batch): void {
  for (let b = 0; b < batch.size; b++) assertWindow(dataset, batch, b);
  assert.ok(batch.x.every(Number.isFinite));
}

function assertWindow({ normalisation, metadata, tables }: Dataset, batch: Batch, b: number): void {
  const { window: T, horizon: H, features: F } = batch;
  const table = tables.cells[batch.cell[b] as number];
  const soh = new Map(Array.from(table?.cycles ?? [], (cycle, i) => [cycle, table?.soh[i] as number]));
  const observed = [...batch.cycles.subarray(b * T, (b + 1) * T)];
  const last = observed[T - 1] as number;
  const fed = [...batch.windowSoh.subarray(b * T, (b + 1) * T)];
  const measured = observed.map((c) => Math.fround(soh.get(c) as number));
  assert.deepEqual(fed, measured);
  assert.equal(batch.lastSoh[b], batch.windowSoh[(b + 1) * T - 1]);
  for (let h = 0; h < H; h++) assert.equal(batch.target[b * H + h], Math.fround(soh.get(last + h + 1) as number));
  const f = metadata.featureNames.indexOf("soh");
  for (let t = 0; t < T && f >= 0; t++) {
    const x = batch.x[(b * T + t) * F + f] as number;
    const back = x * (normalisation.xStd[f] as number) + (normalisation.xMean[f] as number);
    assert.ok(Math.abs(back - (batch.windowSoh[b * T + t] as number)) < 5e-6, "the input is the normalised SOH");
  }
}

function assertNormalised(batch: Batch): void {
  const seen = new Map<string, Float32Array>();
  for (let b = 0; b < batch.size; b++)
    for (let t = 0; t < batch.window; t++) {
      const at = b * batch.window + t;
      const row = batch.x.subarray(at * batch.features, (at + 1) * batch.features);
      seen.set(`${batch.cell[b]}:${batch.cycles[at]}`, row);
    }
  for (let f = 0; f < batch.features; f++) {
    const values = [...seen.values()].map((row) => row[f] as number);
    const mean = values.reduce((a, v) => a + v, 0) / values.length;
    const variance = values.reduce((a, v) => a + (v - mean) ** 2, 0) / values.length;
    assert.ok(Math.abs(mean) < 1e-4, `mean ${mean} of feature ${f}`);
    // A feature that does not vary stays 0.
    assert.ok(Math.min(Math.abs(variance - 1), variance) < 1e-3, `variance ${variance} of feature ${f}`);
  }
}

function casesOfParameters({ it }: TestRunner, name: string, build: Build): void {
  it("says of every parameter what it means, and lets nothing that defines the task be searched", () => {
    for (const { qualified, info } of dataParameters(name)) {
      assert.notEqual(info.meta.description, "", qualified);
      if (info.meta.search) assert.ok(["data.window", "data.features"].includes(qualified), qualified);
    }
  });
  const mistakes: readonly (readonly [Record<string, unknown>, string])[] = [
    [{ no_such_parameter: 1 }, "unknown-parameter"],
    [{ window: 0 }, "invalid-value"],
    [{ features: ["no_such_feature"] }, "unknown-feature"],
    [{ val_cells: ["no_such_cell"] }, "invalid-split"],
  ];
  for (const [mistake, code] of mistakes)
    it(`tells a mistake in one line: ${JSON.stringify(mistake)}`, async () => {
      await assertRejects(build(mistake), { code, exitCode: 2, message: /^[^\n]+$/ });
    });
}
