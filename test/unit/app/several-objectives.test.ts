import { expect, test } from "vitest";
import { createStudy } from "../../../src/app/create-study.js";
import { loadStudy } from "../../../src/app/study.js";
import { partNames } from "../../../src/app/views/baselines.js";
import { trialCsv } from "../../../src/exchange/trial-csv.js";
import type { StudyHeader, Trial } from "../../../src/core/index.js";
import { blankTrial, createStudyState, isFeasible } from "../../../src/core/index.js";
import { emptyFolder, small } from "../../fixtures/app/small-studies.js";

/** A study over the dummy cells with two objectives and a constraint, in calls of so many trials. */
async function inCalls(sampler: { name: string; options: Record<string, unknown> }, calls: readonly number[]) {
  const directory = await emptyFolder();
  const made = await createStudy({
    ...{ storage: "s", directory, ...small, name: "pair", seed: 8, sampler },
    model: "mlp",
    objectives: [{ metric: "val_rmse" }, { metric: "parameters" }],
    constraints: ["parameters <= 3000"],
  });
  await made.close();
  for (const trials of calls) {
    const study = await loadStudy({ name: "pair", storage: "s", directory });
    expect(study.header.pruner.name).toBe("nop");
    await study.optimize({ trials, workers: 1 });
    await study.close();
  }
  return loadStudy({ name: "pair", storage: "s", directory });
}

const told = (trials: readonly Trial[]) =>
  trials.map(({ params, values, constraints }) => ({ params, values, constraints }));

test.each([
  { name: "tpe", options: { n_startup_trials: 3 } },
  { name: "nsga2", options: { population_size: 3 } },
])("two objectives and a constraint through the pool, resumed: $name", async (sampler) => {
  const [whole, resumed] = [await inCalls(sampler, [8]), await inCalls(sampler, [5, 3])];
  expect(told(resumed.trials)).toEqual(told(whole.trials));
  const { bestTrials, trials } = resumed;
  expect(trials).toHaveLength(8);
  expect(bestTrials.length).toBeGreaterThan(0);
  expect(bestTrials.every(isFeasible)).toBe(true);
  expect(() => resumed.bestTrial).toThrow(expect.objectContaining({ code: "several-objectives" }));
  await Promise.all([whole.close(), resumed.close()]);
});

test("the CSV has a column a value, a constraint, and whether all are met", () => {
  const trial = (number: number, given: Partial<Trial>): Trial => blankTrial(number, { params: { x: 1 }, ...given });
  const header = {
    name: "s",
    objectives: [
      { metric: "loss", direction: "minimize" },
      { metric: "size", direction: "minimize" },
    ],
  } as unknown as StudyHeader;
  const csv = (trials: readonly Trial[]): Record<string, string>[] => {
    const [head = "", ...rows] = [...trialCsv(createStudyState(header, trials), partNames)]
      .join("")
      .trim()
      .split(/\r?\n/);
    const titles = head.split(",");
    return rows.map((row) => Object.fromEntries(row.split(",").map((text, i) => [titles[i] as string, text])));
  };
  const complete = { state: "complete", values: [1, 2] } as const;
  const rows = csv([
    trial(0, { ...complete, constraints: { "size<=3": -1 } }),
    trial(1, { ...complete, constraints: { "size<=3": NaN } }),
    trial(2, { state: "failed" }),
  ]);
  expect(
    rows.map((row) => [row["values.loss"], row["values.size"], row["constraints.size<=3"], row["feasible"]]),
  ).toEqual([
    ["1", "2", "-1", "true"],
    ["1", "2", "NaN", "false"],
    ["", "", "", ""],
  ]);
  expect(csv([trial(0, complete)])[0]).not.toHaveProperty("feasible");
});
