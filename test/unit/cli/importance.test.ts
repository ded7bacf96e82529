/** `mlbench-hpo importance` as it is typed and read. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TargetImportances } from "../../../src/analysis/index.js";
import { createStudy } from "../../../src/app/create-study.js";
import { importancesInWords } from "../../../src/cli/importance-view.js";
import { shown } from "../../../src/cli/io.js";
import { main } from "../../../src/cli/program.js";
import { categorical, float, TrialPruned } from "../../../src/core/index.js";

let storage: string;

async function typed(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const texts = ["", ""];
  const [stdout, stderr] = [0, 1].map(
    (i) =>
      new Writable({
        write: (chunk: Buffer, _encoding, done) => {
          texts[i] += chunk.toString();
          done();
        },
      }),
  ) as [Writable, Writable];
  const code = await main([...argv, "--storage", storage], { stdout, stderr });
  return { code, out: texts[0] as string, err: texts[1] as string };
}

beforeAll(async () => {
  storage = await mkdtemp(join(tmpdir(), "mlbench-importance-"));
  const space = {
    x: float(-1, 1),
    kind: categorical(["a", "b"]),
    rate: float(0.001, 1, { log: true, when: { kind: "a" } }),
  };
  const study = await createStudy({ name: "bowl", storage, space, seed: 1, sampler: "random", pruner: "nop" });
  await study.optimize(
    (trial) => {
      const { x, rate } = trial.params;
      trial.report(9, 1);
      if (trial.number % 10 === 7) throw new TrialPruned();
      return x * x + (rate === undefined ? 0 : 0.1 * Math.abs(Math.log10(rate) + 2));
    },
    { trials: 60 },
  );
  await study.annotate(3, { banned: true });
  await createStudy({ name: "empty", storage, space: { x: float(0, 1) }, seed: 1 });
}, 60_000);

afterAll(() => rm(storage, { recursive: true, force: true }));

describe("mlbench-hpo importance", () => {
  test("a table, most important first, with what was used and what was not", async () => {
    const { code, out, err } = await typed("importance", "bowl");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const lines = out.trimEnd().split("\n");
    expect(lines[0]).toBe("value (minimize) by ped-anova: 53 trials used, 6 of them the top ones");
    expect(lines[2]).toMatch(/^parameter +importance +share +where active +trials$/);
    expect(lines[3]).toMatch(/^x +[\d.]+ +\d+ % +- +53 +█+/);
    expect(out).toContain("not used: 6 pruned, 1 banned");
    expect(out).toContain("under `pruned last-report` each counts");
  });

  test("fANOVA with its options, pairs, one parameter less, another metric, as JSON", async () => {
    const options = ["--method-option", "n_trees=8", "--method-option", "measure=space"];
    const args = ["--method", "fanova", ...options, "--interactions", "--pruned", "last-report", "--format", "json"];
    const { code, out } = await typed("importance", "bowl", ...args, "--metric", "value,seconds", "--param", "x,rate");
    expect(code).toBe(0);
    const found = JSON.parse(out) as { options: unknown; targets: TargetImportances[] };
    expect(found).toMatchObject({ study: "bowl", method: "fanova" });
    expect(found.options).toEqual({ n_trees: 8, max_depth: 64, seed: 0, measure: "space" });
    expect(found.targets.map(({ metric, used }) => [metric, used])).toEqual([
      ["value", 59],
      ["seconds", 53],
    ]);
    for (const { parameters, interactions } of found.targets) {
      expect(parameters.map(({ name }) => name).sort()).toEqual(["rate", "x"]);
      expect(interactions?.map(({ names }) => [...names].sort())).toEqual([["rate", "x"]]);
    }
    expect(found.targets[1]?.notes).toEqual(["Pruned trials do not report seconds by itself: they are left out."]);
    const table = await typed(
      "importance",
      "bowl",
      "--method",
      "fanova",
      "--method-option",
      "n_trees=8",
      "--interactions",
    );
    expect(table.out).toMatch(/^pair +interaction +±/m);
    expect(table.out).toContain("rate: weighed by plain numbers");
  });

  test("a study without a trial: zeros, exit code 0", async () => {
    const { code, out } = await typed("importance", "empty");
    expect(code).toBe(0);
    expect(out).toMatch(/^x +0 +0 %$/m);
    expect(out).toContain("No trial can be used: every importance is 0.");
  });

  test.each([
    [["--method", "fanva"], /'fanva' is invalid\. Allowed choices are ped-anova, fanova|fanva.*ped-anova, fanova/],
    [["--method-option", "n_trees=4"], /importance method "ped-anova" has no option "n_trees": known: target_quantile/],
    [["--method-option", "target_quantile=2"], /target_quantile must be/],
    [["--method-option", "target_quantile"], /--method-option target_quantile/],
    [["--metric", "valu"], /no trial has a metric "valu": did you mean "value"\?/],
    [["--param", "y"], /unknown parameter "y"/],
    [["--interactions"], /interactions are of method fanova/],
  ])("%j: one line, exit code 2", async (args, message) => {
    const { code, out, err } = await typed("importance", "bowl", ...args);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(
      err
        .trimEnd()
        .split("\n")
        .filter((line) => line.startsWith("error:")),
    ).toHaveLength(1);
    expect(err).toMatch(message);
    expect(err).not.toContain("    at ");
  });

  test("a narrow terminal gets no bars, and no line beyond its width", () => {
    const target: TargetImportances = {
      ...{
        metric: "val_rmse",
        direction: "minimize",
        interactions: null,
        used: 40,
        top: 4,
        notes: ["A sentence of some length to wrap."],
      },
      omitted: [{ reason: "pruned", trials: [1, 2] }],
      parameters: ["train.lr", "model.hidden_size"].map((name, i) => ({
        ...{ name, importance: 1 - i / 2, share: (2 - i) / 3, spread: null, trials: 40, within: null },
      })),
    };
    const data = { study: "s", method: "ped-anova", options: {}, targets: [target] } as const;
    const wide = shown(importancesInWords(data, 100)).split("\n");
    expect(wide.find((line) => line.startsWith("train.lr"))).toMatch(/█{32}$/);
    expect(wide.find((line) => line.startsWith("model.hidden_size"))).toMatch(/[^█]█{16}$/);
    const narrow = shown(importancesInWords(data, 44)).split("\n");
    expect(narrow.filter((line) => line.length > 44)).toEqual([]);
    expect(narrow.join("\n")).not.toContain("█");
  });
});
