import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ConfigValue } from "../../../src/core/index.js";
import { datasets } from "../../../src/datasets/index.js";
import { models } from "../../../src/models/index.js";
import { run } from "../../../src/training/run.js";
import { writeCells } from "../../fixtures/app/small-studies.js";
import { syntheticDir } from "../../fixtures/nasa/nasa-cells.js";

const folder = mkdtempSync(join(tmpdir(), "mlbench-every-"));
const csv = join(folder, "cells.csv");
beforeAll(() => writeCells(csv));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const sources: Readonly<Record<string, Record<string, ConfigValue>>> = {
  dummy: { "data.cells": 3, "data.cycles": 30 },
  csv: { "data.path": csv },
};
/** Every other one reads NASA's cells. */
const sourceOf = (dataset: string) => sources[dataset] ?? { "data.data_dir": syntheticDir };

const pairs = models.names().flatMap((model) => datasets.names().map((dataset) => [model, dataset] as const));

describe.each(pairs)("%s on %s", (model, dataset) => {
  test.each([1, 4])("trains, at horizon %d", async (horizon) => {
    const params = { ...sourceOf(dataset), "data.window": 5, "data.horizon": horizon, "train.epochs": 2 };
    const { state, message, history, parameters } = await run({ model, dataset, seed: 1, params });
    expect([state, message]).toEqual(["complete", "2 epochs"]);
    for (const { train_rmse, val_rmse } of history) expect([train_rmse, val_rmse].every(Number.isFinite)).toBe(true);
    expect(history[1]?.train_loss).not.toBe(history[0]?.train_loss);
    expect(parameters).toBeGreaterThan(0);
  });
});
