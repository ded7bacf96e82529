import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, it } from "vitest";
import { datasetConformance } from "../../../src/testing/dataset.js";

const runner = { describe, it };

datasetConformance(runner, {
  name: "dummy",
  params: { cells: 3, cycles: 40, window: 4, horizon: 3 },
  options: { seed: 5 },
});

const folder = mkdtempSync(join(tmpdir(), "mlbench-conformance-"));
afterAll(() => rmSync(folder, { recursive: true }));
const rows = ["A", "B", "C"].flatMap((cell, c) =>
  Array.from({ length: 40 }, (_, i) => {
    const cycle = i + 1 + (i > 20 ? 2 : 0);
    return `${cell},${cycle},${2 - 0.01 * cycle + 0.01 * Math.sin(i + c)},${i === 7 ? "" : 25 + Math.cos(i)},3`;
  }),
);
writeFileSync(join(folder, "own.csv"), ["cell,cycle,capacity,temperature,constant", ...rows].join("\n"));
datasetConformance(runner, {
  name: "csv",
  params: { path: "own.csv", window: 4, horizon: 3 },
  options: { baseDir: folder },
});
