import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { readEpochs } from "../../../src/app/epoch-log.js";
import { openStorage } from "../../../src/app/storage.js";
import type { Objective, OptimizeEvent } from "../../../src/core/index.js";
import type { OptimizeOptions } from "../../../src/study/study.js";
import { parseSpace } from "../../../src/search-space/index.js";
import { outcomes, study, studyOf } from "../../fixtures/study/studies.js";

const module = new URL("../../fixtures/study/several-objectives.mjs", import.meta.url);
const root = mkdtempSync(join(tmpdir(), "mlbench-hpo-several-"));
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

/** Nine trials of the module, run in this process or in workers. */
async function nineTrials(where: "inline" | "thread" | "process") {
  const loaded = (await import(module.href)) as { default: Objective; space: unknown };
  const { settings } = (await study()).header;
  const storage = await openStorage(join(root, where));
  const s = await studyOf(
    ["minimize", "maximize", "minimize"],
    {
      ...{ name: "s", space: parseSpace(loaded.space) },
      settings: { ...settings, on_nan: "worst", constraints: ["latency<=10", "value_0>=-1"] },
    },
    storage,
  );
  const events: OptimizeEvent[] = [];
  const options: OptimizeOptions = {
    trials: 9,
    concurrency: 1,
    maxFailures: 0,
    onEvent: (event) => events.push(event),
  };
  const result = await (where === "inline"
    ? s.optimize(loaded.default, options)
    : s.optimize(fileURLToPath(module), { ...options, isolation: where }));
  return { s, result, events };
}

describe.each(["inline", "thread", "process"] as const)("an objective of several numbers, %s", (where) => {
  it("returns a list, or numbers by name; anything else fails the trial, saying what was expected", async () => {
    const { s, result, events } = await nineTrials(where);
    const [list, named, ...others] = s.trials;
    const expected = "expected 3 numbers (value_0, value_1, value_2), as a list or by name";
    const x = list?.params["x"] as number;
    expect(list).toMatchObject({ state: "complete", values: [x, -x, x * x], failure: null });
    expect(list).not.toHaveProperty("value");
    const y = named?.params["x"] as number;
    expect(named).toMatchObject({ state: "complete", values: [y, -y, y * y] });
    expect(
      others.slice(0, 6).map(({ state, values, failure }) => [state, values, failure?.class, failure?.message]),
    ).toEqual(
      [
        `the objective returned 2 values; ${expected}`,
        `the objective returned a number; ${expected}`,
        `the objective returned nothing as value_1; ${expected}`,
        `the objective returned a string as value_1; ${expected}`,
        `the objective returned nothing; ${expected}`,
        `the objective returned null; ${expected}`,
      ].map((message) => ["failed", null, "exception", message]),
    );

    // Constraints that were set, and those of the study: over what was returned by name, or the objectives' own names.
    expect(list?.constraints).toEqual({ kept: -1, "latency<=10": NaN, "value_0>=-1": -1 - x });
    expect(named?.constraints).toEqual({ kept: 2.5, "latency<=10": 2, "value_0>=-1": -1 - y });

    // `worst`: what is no finite number stays, and is worse than any.
    const z = others[6]?.params["x"] as number;
    expect(others[6]).toMatchObject({ state: "complete", values: [z, NaN, z] });
    expect(result).toMatchObject({ finished: 9, best: null, front: [] });

    const reports = events.filter((event) => event.event === "report");
    expect(reports.map(({ number, metrics }) => [number, metrics])).toEqual(
      s.trials.map(({ number }) => [number, { a: number, b: NaN }]),
    );
    const kept = await readEpochs(s.directoryOf(4) as string);
    expect(kept).toEqual([{ attempt: 1, step: 1, value: s.trials[4]?.params["x"], metrics: { a: 4, b: NaN } }]);
  });
});

it("is the same trial for trial wherever it runs", async () => {
  const [inline, thread] = await Promise.all([nineTrialsAgain("inline"), nineTrialsAgain("thread")]);
  expect(thread).toEqual(inline);
});

async function nineTrialsAgain(where: "inline" | "thread"): Promise<unknown[]> {
  rmSync(join(root, where), { recursive: true, force: true });
  const { s } = await nineTrials(where);
  return outcomes(s.trials);
}
