import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile, cp } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { reportPage } from "../../../src/app/report/page.js";
import { readReport, writeReport } from "../../../src/app/write-report.js";
import { changeSpace } from "../../../src/app/change-space.js";
import { createStudy } from "../../../src/app/create-study.js";
import { reportOf } from "../../../src/app/report/build-report.js";
import { markup as marked } from "../../../src/app/report/markup.js";
import type { ReportData } from "../../../src/app/report/report-data.js";
import { blankTrial, categorical, createStudyState, float } from "../../../src/core/index.js";
import type { Trial } from "../../../src/core/index.js";
import { winnersOf } from "../../../src/app/winners.js";
import { emptyFolder, projectRoot, runHere } from "../../integration/cli.js";

const ATTACK = `</script><script>alert(1)</script><img src=x onerror=alert(1)>\u2028"'&amp;<!--`;

/** The pieces of a page that a browser would run, and the data in it. */
function takenApart(page: string) {
  const scripts = [...page.matchAll(/<script([^>]*)>([\s\S]*?)<\/script>/gi)];
  const markup = page.replaceAll(/<(script|style)[\s\S]*?<\/\1>/gi, "");
  const json = scripts.find(([, attributes]) => attributes?.includes("application/json"))?.[2] ?? "";
  return { scripts, markup, json, data: JSON.parse(json) as { trials: { rows: unknown[][] } } };
}

describe("a study's texts in its page are data", () => {
  test("scripts, images and comments of theirs are shown as they are", async () => {
    const storage = await emptyFolder();
    const name = `x${ATTACK}`;
    const space = { [name]: float(0, 1), kind: categorical([ATTACK, "plain"]) };
    const study = await createStudy({ storage, name: "attack", space, seed: 1 });
    await study.optimize(
      (trial) => {
        if (trial.number === 1) throw new Error(`${ATTACK}${"x".repeat(1e6)}`);
        return trial.params[name];
      },
      { trials: 4 },
    );
    await study.annotate(0, { note: ATTACK, tags: [ATTACK] });
    await study.setUserAttr(ATTACK, { deep: ATTACK });
    const data = await readReport(study);
    const page = reportPage(data);
    const { scripts, markup, json, data: inPage } = takenApart(page);
    expect(scripts).toHaveLength(3);
    expect(markup).not.toMatch(/<(img|script)/i);
    expect(json).not.toMatch(/[<\u2028\u2029]/);
    expect(markup).toContain("&lt;/script&gt;&lt;script&gt;alert(1)");
    expect(inPage.trials.rows[0]).toContain(data.trials.rows[0]?.[4]);
    // The policy lets just these scripts and this style in, by their digests.
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1] ?? "";
    const style = /<style>([\s\S]*?)<\/style>/.exec(page)?.[1] ?? "";
    const [drawing, own] = scripts.filter(([, attributes]) => attributes?.includes("module")).map(([, , text]) => text);
    const digest = (text = ""): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
    expect(policy.split("; ").slice(0, 3)).toEqual([
      "default-src 'none'",
      `script-src ${digest(drawing)} ${digest(own)}`,
      `style-src ${digest(style)}`,
    ]);
    expect(data.failures).toMatchObject([{ class: "exception", count: 1, number: 1 }]);
    expect(page.length).toBeLessThan(2e6);
  });

  test("a template escapes what is put into it, and leaves its own parts", () => {
    expect(String(marked`<p title="${'"<&'}">${["a", marked`<b>${"<"}</b>`]}${null}${false}${3}</p>`)).toBe(
      '<p title="&quot;&lt;&amp;">a<b>&lt;</b>3</p>',
    );
  });
});

/** A study of so many trials, the best of which is the first. */
async function largeReport(count: number) {
  const study = await createStudy({ storage: "memory", name: `large-${count}`, space: { x: float(0, 1) }, seed: 1 });
  const trials = Array.from({ length: count }, (_, number): Trial => {
    const values = [number === 0 ? -1 : Math.sin(number)];
    const state = number % 10 === 9 ? "pruned" : "complete";
    return blankTrial(number, {
      ...{ state, params: { x: number / count }, finish_index: number, seen: [1], seconds: 1 },
      ...{ values: state === "complete" ? values : null, intermediate: [[1, 0.5]] },
    });
  });
  const annotations = new Map([[1, { note: "n".repeat(65_000), tags: [], banned: true }]]);
  const state = createStudyState(study.header, trials, { annotations });
  return reportOf(state, winnersOf(state), {
    ...{ file: "large.json", owner: null, findings: [], words: null, hasWeights: async () => false },
    ...{ plots: [], leftOut: [], now: new Date(0) },
  });
}

test("of more trials than a page holds the best and the newest are in the table, and that is said", async () => {
  const data = await largeReport(12_001);
  expect(data.trials.rows).toHaveLength(10_000);
  expect(data.trials.total).toBe(12_000);
  const numbers = data.trials.rows.map(([number]) => number);
  expect(numbers[0]).toBe(0);
  expect(numbers.at(-1)).toBe(12_000);
  expect(numbers).not.toContain(1);
  expect(data.left_out).toEqual([
    "1 banned trial is hidden; `mlbench-hpo trials` shows it.",
    "The table has 10000 of 12000 trials, the best and the newest (at most 10000); `mlbench-hpo export` has all.",
  ]);
  expect(data.annotations[0]?.note.length).toBeLessThanOrEqual(2000);
});

describe("studies of every sort have a report", () => {
  test("one without trials, and one whose trials all failed", async () => {
    const storage = await emptyFolder();
    const space = { x: float(0, 1) };
    const study = await createStudy({ storage, name: "bare", space, seed: 1 });
    const empty = await readReport(study);
    expect(empty.winners).toEqual([]);
    expect(reportPage(empty)).toContain("There are no trials yet.");
    await study.optimize(() => Promise.reject(new Error("no luck")), { trials: 2 });
    const failed = await readReport(study);
    expect(failed.winners).toEqual([]);
    expect(failed.failures).toEqual([
      { class: "exception", count: 2, number: 0, message: "no luck", where: expect.any(String) as string },
    ]);
    expect(reportPage(failed)).toContain("2 × exception");
  });

  test("one that is being optimized is read without its lock", async () => {
    const storage = await emptyFolder();
    const study = await createStudy({ storage, name: "busy", space: { x: float(0, 1) }, seed: 1 });
    let seen: ReportData | undefined;
    await study.optimize(
      async (trial) => {
        if (trial.number === 2) seen = await readReport({ storage, name: "busy" });
        return trial.params["x"];
      },
      { trials: 3 },
    );
    expect(seen?.study.counts).toMatchObject({ complete: 2, running: 1 });
    expect(seen?.study.owner).not.toBeNull();
    expect(seen && reportPage(seen)).toContain("Being optimized while this was made");
  });

  test("one with several objectives has its front", async () => {
    const study = await createStudy({
      ...{ storage: "memory", name: "pair", directions: ["minimize", "maximize"], seed: 1 },
      space: { x: float(0, 1) },
    });
    await study.optimize(({ params: { x } }) => [x, x], { trials: 6 });
    const data = await readReport(study);
    expect(data.winners.map(({ number }) => number)).toEqual(study.bestTrials.map(({ number }) => number));
    expect(data.verdict).toBeNull();
    expect(reportPage(data)).toContain("Pareto front");
    expect(data.plots.map(({ kind }) => kind)).toContain("pareto");
  });

  test("one of version 1", async () => {
    const storage = await emptyFolder();
    await mkdir(storage, { recursive: true });
    const v1 = JSON.parse(await readFile(join(projectRoot, "test/fixtures/storage/v1.json"), "utf8")) as {
      name: string;
    };
    await cp(join(projectRoot, "test/fixtures/storage/v1.json"), join(storage, `${v1.name}.json`));
    const before = await readFile(join(storage, `${v1.name}.json`), "utf8");
    const { bytes, trials } = await writeReport({ storage, name: v1.name }, { file: join(storage, "v1.html") });
    expect(trials).toBeGreaterThan(0);
    expect((await readFile(join(storage, "v1.html"))).length).toBe(bytes);
    expect(await readFile(join(storage, `${v1.name}.json`), "utf8")).toBe(before);
  });
});

test("the page is written whole or not at all", async () => {
  const storage = await emptyFolder();
  await createStudy({ storage, name: "s", space: { x: float(0, 1) }, seed: 1 });
  const target = { storage, name: "s" };
  await expect(writeReport(target, { file: join(storage, "r.pdf") })).rejects.toMatchObject({ code: "report-format" });
  await writeFile(join(storage, "plain"), "");
  const below = join(storage, "plain", "r.html");
  await expect(writeReport(target, { file: below })).rejects.toMatchObject({ code: "cannot-write" });
  const wrong = { file: "r.html", fiel: "r.html" };
  await expect(writeReport(target, wrong)).rejects.toMatchObject({ code: "unknown-option" });
});

describe("a trained study's report", () => {
  /** Trains in a folder; the report, and a command line of it run there. */
  async function trained(name: string, options: Readonly<Record<string, unknown>>) {
    const folder = await emptyFolder();
    const params = { "data.cells": 4, "data.cycles": 60, "data.horizon": 3 };
    const fix = { "train.epochs": 3, "data.window": 8 };
    const study = await createStudy({
      ...{ storage: join(folder, "studies"), name, model: "mlp", dataset: "dummy", seed: 5, params, fix },
      ...options,
    });
    await study.optimize({ trials: 2, workers: 1 });
    const before = process.cwd();
    process.chdir(folder);
    try {
      return { folder, data: await readReport({ storage: "studies", name }) };
    } finally {
      process.chdir(before);
    }
  }

  const line = (data: ReportData, command: string): string[] => {
    const found = data.winners[0]?.reproduction.find((one) => one.command.startsWith(`mlbench-hpo ${command}`));
    return (found?.command ?? "").split(" ").slice(1);
  };

  test("has lines that train just the best trial again, with and without the study", async () => {
    // Windows and dropped cycles are drawn: all of the study's streams count.
    const drawn = { "data.split": "random", "data.drop_cycles": 0.1, "data.cells": 4, "data.cycles": 60 };
    const { folder, data } = await trained("again", { params: drawn });
    const [winner] = data.winners;
    const replayed = await runHere(line(data, "replay"), folder);
    expect(replayed.stdout).toContain("the same numbers, bit for bit");
    const run = await runHere([...line(data, "train"), "--no-checkpoint", "--format", "json"], folder);
    const finish = JSON.parse(run.stdout.trim().split("\n").at(-1) ?? "{}") as {
      metrics: Record<string, number>;
      baselines: Record<string, number>;
    };
    expect(finish.metrics["val_rmse"]).toBe(winner?.values[0]);
    expect(finish.baselines["ridge_rmse"]).toBe(winner?.baselines?.["ridge_rmse"]);
    expect(line(data, "best-trial")).toContain("--retrain");
  });

  test("shows what each fold's models predict of the cells that they never saw", async () => {
    const { folder, data } = await trained("folded", { folds: "cells" });
    const kinds = data.plots.map(({ kind }) => kind);
    expect(kinds).toEqual(expect.arrayContaining(["folds", "prediction", "forecast"]));
    const prediction = data.plots.find(({ kind }) => kind === "prediction");
    const rows = prediction?.table.rows ?? [];
    expect(new Set(rows.map(([cell]) => cell))).toEqual(new Set(["D01", "D02", "D03", "D04"]));
    // The end points' errors are those that the trial's record has of its parts, by their mean.
    const errors = ["D01", "D02", "D03", "D04"].map((cell) => {
      const own = rows.filter(([of]) => of === cell);
      const squares = own.map(([, , soh, predicted]) => ((predicted as number) - (soh as number)) ** 2);
      return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / own.length);
    });
    const mean = errors.reduce((sum, error) => sum + error, 0) / 4;
    expect(mean).toBeCloseTo(data.winners[0]?.metrics["val_rmse_end"] as number, 6);
    const forecast = data.plots.find(({ kind }) => kind === "forecast");
    expect(forecast?.table.rows.filter(([, , , soh]) => soh !== null)).toHaveLength(4 * 3);
    const page = await runHere(["report", "folded", "-o", "out/folded.html", "--format", "json"], folder);
    expect(JSON.parse(page.stdout)).toMatchObject({
      file: "out/folded.html",
      study: "folded",
      trials: 2,
      left_out: [],
    });
  });

  test("says why a prediction is left out", async () => {
    const { folder, data } = await trained("kept", {});
    expect(data.plots.map(({ kind }) => kind)).toContain("prediction");
    await cp(join(folder, "studies/kept.json"), join(folder, "elsewhere/kept.json"), { recursive: true });
    const without = await readReport({ storage: join(folder, "elsewhere"), name: "kept" });
    expect(without.plots.map(({ kind }) => kind)).not.toContain("prediction");
    expect(without.left_out[0]).toMatch(
      /^The best trial's prediction and forecast are left out: trial \d has no kept weights/,
    );
  });
});

test("a study whose space was changed says what it searched before, and of which space each trial is", async () => {
  const study = await createStudy({ storage: "memory", space: { x: float(0, 10), gone: float(0, 1) }, seed: 1 });
  await study.optimize((trial) => trial.params["x"], { trials: 2 });
  await changeSpace(study, { space: { x: float(0, 20) } });
  await study.optimize((trial) => trial.params["x"], { trials: 1 });
  const data = await readReport(study);
  expect(data.space.map(({ name }) => name)).toEqual(["x"]);
  expect(data.earlier_spaces).toMatchObject([{ trials: 2, space: [{ name: "x" }, { name: "gone" }] }]);
  const column = data.trials.columns.findIndex(({ name }) => name === "space");
  expect(data.trials.rows.map((row) => row[column])).toEqual([1, 1, 2]);
  const { markup } = takenApart(reportPage(data));
  expect(markup).toContain("2 are kept and left out of the search: 2 by gone");
  expect(markup).toContain("UTC, when there were 2 trials</caption>");
});
