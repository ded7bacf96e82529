import { spawnSync } from "node:child_process";
import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { csvText } from "../../../web/app/csv.js";
import { sparkPoints } from "../../../web/app/components/spark-points.js";
import { ApiProblem, queryText } from "../../../web/app/api/client.js";
import type { Margin, ParameterInfo, StudyEntry } from "../../../web/app/api/types.js";
import { emptyParameter, firstForm, requestOf } from "../../../web/app/pages/new-study/form-state.js";
import { fieldProblem } from "../../../web/app/pages/new-study/form-problem.js";
import { isFound, listed, listQueryOf } from "../../../web/app/pages/studies/study-list.js";
import { marginShare, marginWords } from "../../../web/app/pages/study/margin-words.js";
import { firstFields, optimizeCommand, runRequestOf, secondsOf } from "../../../web/app/pages/study/run-words.js";
import { conditionWords, distributionWords } from "../../../web/app/pages/study/space-words.js";
import { pageOf, paths } from "../../../web/app/places.js";
import { server } from "../../../web/app/server-info.js";
import type { ServerInfo } from "../../../web/app/api/types.js";
import { commandLine, shellWord } from "../../../web/app/shell-words.js";
import { pastedToken, tokenIn } from "../../../web/app/token-text.js";

describe("places", () => {
  test("every page's path leads to it, whatever the study is called", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.nat(1e8), (name, number) => {
        expect(pageOf(paths.study(name))).toEqual({ page: "study", study: name });
        expect(pageOf(paths.trials(name))).toEqual({ page: "trials", study: name });
        expect(pageOf(paths.trial(name, number))).toEqual({ page: "trial", study: name, number });
        expect(pageOf(paths.analysis(name))).toEqual({ page: "analysis", study: name });
      }),
      { numRuns: 50 },
    );
    expect(["/", "/compare", "/workers", "/new"].map((path) => pageOf(path).page)).toEqual([
      ...["studies", "compare", "workers", "new"],
    ]);
  });

  test("what is no place is said to be none", () => {
    const wrong = [
      "/x",
      "/studies",
      "/studies/a/b",
      "/studies/a/trials/x",
      "/studies/a/trials/1/2",
      "/studies/%E0%A4%A",
      "/studies/a/analysis/1",
    ];
    expect(wrong.map((path) => pageOf(path).page)).toEqual(wrong.map(() => "nowhere"));
  });
});

describe("commands beside the buttons", () => {
  test("a POSIX shell takes each word as it was", () => {
    const words = fc
      .sample(fc.string({ unit: "binary", minLength: 1 }), { numRuns: 60, seed: 7 })
      .map((word) => word.replaceAll("\0", "?"));
    const given = [...words, "it's", "$HOME", "a b", "*", "~", "-n", "a\nb", "{x,y}", "!", "", "#"];
    const { stdout } = spawnSync("sh", ["-c", `printf '%s\\0' ${given.map(shellWord).join(" ")}`], {
      encoding: "utf8",
    });
    expect(stdout.split("\0").slice(0, -1)).toEqual(given.map((word) => Buffer.from(word).toString()));
  });

  test("what is left out is left out", () => {
    expect(commandLine("pause", "my study", null, false, undefined, "--trials", 3)).toBe(
      "mlbench-hpo pause 'my study' --trials 3",
    );
  });

  test("a run's command names the storage; with a weight, or for programs elsewhere, this service", () => {
    server.value = { storage: "/data/my studies", url: "https://lab:7443" } as ServerInfo;
    const request = { trials: 20, workers: 2, timeout_s: 90 };
    expect(optimizeCommand("a", request)).toBe(
      "mlbench-hpo optimize a --trials 20 --timeout 90s --workers 2 --storage '/data/my studies'",
    );
    expect(optimizeCommand("a", { trials: 1, trial_timeout_s: 30 })).toContain(" --trial-timeout 30s ");
    expect(optimizeCommand("-x", { total_trials: 5 })).toBe(
      "mlbench-hpo optimize --study-name=-x --total-trials 5 --storage '/data/my studies'",
    );
    const here = "--server https://lab:7443 --token-file '/data/my studies/.service/token'";
    expect(optimizeCommand("a", { ...request, weight: 0.5 })).toBe(
      `mlbench-hpo optimize a --trials 20 --timeout 90s --workers 2 --weight 0.5 --detach ${here}`,
    );
    expect(optimizeCommand("-x", { total_trials: 5 }, "outside")).toBe(
      `mlbench-hpo optimize --study-name=-x --total-trials 5 --detach ${here}`,
    );
    server.value = null;
  });
});

describe("the form of a run", () => {
  test("times as the command takes them", () => {
    expect(["90", "90s", "30m", "2h", "1.5h", " 5 m "].map(secondsOf)).toEqual([90, 90, 1800, 7200, 5400, 300]);
    expect(["", "x", "-5", "0", "5 weeks", "1e3"].map(secondsOf)).toEqual([null, null, null, null, null, null]);
  });

  test("what is typed, as a request", () => {
    expect(runRequestOf(firstFields)).toEqual({ request: { trials: 20 } });
    expect(
      runRequestOf({
        goal: "total_trials",
        count: "100",
        timeout: "1h",
        workers: "2",
        weight: "0.5",
        trialTimeout: "90",
      }),
    ).toEqual({
      request: { total_trials: 100, timeout_s: 3600, trial_timeout_s: 90, workers: 2, weight: 0.5 },
    });
    expect(runRequestOf({ ...firstFields, goal: "none", count: "nonsense", timeout: "10m" })).toEqual({
      request: { timeout_s: 600 },
    });
  });

  test("each field that is wrong is told", () => {
    const wrong = runRequestOf({
      goal: "trials",
      count: "1.5",
      timeout: "soon",
      workers: "0",
      weight: "-1",
      trialTimeout: "x",
    });
    expect(Object.keys("wrong" in wrong ? wrong.wrong : {})).toEqual([
      "count",
      "timeout",
      "trialTimeout",
      "workers",
      "weight",
    ]);
    // Without any end a run would go on for ever.
    expect(runRequestOf({ ...firstFields, goal: "none" })).toHaveProperty("wrong.timeout");
  });
});

const info = (name: string, more: Partial<ParameterInfo> = {}): ParameterInfo => ({
  ...{ name, description: "", type: "float", unit: null, default: null, required: false, choices: null },
  ...{ minimum: null, maximum: null, minimum_exclusive: false, maximum_exclusive: false, is_path: false, when: null },
  search: null,
  ...more,
});
const usual = { distribution: { type: "int", low: 8, high: 128, log: true, step: 1 }, by_default: true } as const;
const parts = {
  parameters: [
    info("model.hidden_size", { type: "int", search: usual }),
    info("train.lr", { search: { ...usual, by_default: false } }),
    info("train.epochs", { type: "int" }),
    info("data.features", { type: "list" }),
    info("model.residual", { type: "boolean" }),
  ],
  samplers: [{ name: "tpe", summary: "", parameters: [info("n_startup_trials", { type: "int" }), info("prior")] }],
  pruners: [],
  presets: [{ name: "nasa-lstm", summary: "lstm on nasa", models: ["lstm"], dataset: "nasa" }],
};

describe("the form of a new study", () => {
  test("as it stands it is what the command makes without options", () => {
    expect(requestOf(firstForm, parts)).toEqual({ model: "lstm", dataset: "dummy" });
  });

  test("parameters are searched, fixed or set, as they are by themselves searched or not", () => {
    const choices = {
      "model.hidden_size": { mode: "fix", text: "32" },
      "train.lr": { mode: "search", text: "log:1e-5..1e-1" },
      "train.epochs": { mode: "fix", text: "5" },
      "data.features": { mode: "fix", text: "a, b" },
      "model.residual": { mode: "fix", text: "false" },
    } as const;
    expect(requestOf({ ...firstForm, models: ["lstm", "gru"], choices }, parts)).toEqual({
      ...{ model: ["lstm", "gru"], dataset: "dummy", fix: { "model.hidden_size": 32 } },
      params: { "train.epochs": 5, "data.features": ["a", "b"], "model.residual": false },
      search: { "train.lr": "log:1e-5..1e-1" },
    });
    const searched = {
      "model.hidden_size": { mode: "search", text: "" },
      "train.lr": { mode: "search", text: "" },
    } as const;
    // The one is searched anyway; the other in its own range.
    expect(requestOf({ ...firstForm, choices: searched }, parts)).toMatchObject({ search: { "train.lr": null } });
    const all = { ...parts, parameters: [info("data.features", { type: "list", default: "all" })] };
    const whole = { "data.features": { mode: "fix", text: "all" } } as const;
    expect(requestOf({ ...firstForm, choices: whole }, all)).toMatchObject({ params: { "data.features": "all" } });
    // What is no number goes to the service as it is, for it to say so.
    const nonsense = { "train.epochs": { mode: "fix", text: "many" } } as const;
    expect(requestOf({ ...firstForm, choices: nonsense }, parts)).toMatchObject({ params: { "train.epochs": "many" } });
  });

  test("a program's line, with what is searched a line each", () => {
    const program = {
      ...({
        ...firstForm,
        kind: "command",
        command: " python train.py --lr {lr} ",
        name: "rig",
        cwd: "/data",
      } as const),
      ...{ search: "lr=log:1e-5..1e-1\n\n units=int:16..128:log ", pattern: "loss (?<value>.*)" },
    };
    const base = {
      ...{ name: "rig", command: "python train.py --lr {lr}", cwd: "/data", report_pattern: "loss (?<value>.*)" },
      search: ["lr=log:1e-5..1e-1", "units=int:16..128:log"],
    };
    expect(requestOf(program, parts)).toEqual({ ...base, direction: "minimize" });
    const objectives = [{ metric: "loss", direction: "maximize" }] as const;
    const more = {
      from: "before",
      top: "3",
      pruneBy: "loss",
      rules: { on_nan: "worst", terminator: "true", defaults: "false" },
    };
    // The defaults are a model's.
    expect(requestOf({ ...program, objectives, ...more }, parts)).toEqual({
      ...{ ...base, objectives, from: { name: "before", top: 3 }, prune_by: "loss", on_nan: "worst", terminator: true },
    });
    expect(requestOf({ ...firstForm, from: "before", rules: { defaults: "false", trial_value: "" } }, parts)).toEqual({
      ...{ model: "lstm", dataset: "dummy", from: "before", defaults: false },
    });
  });

  test("a preset, and what is said beside it", () => {
    const ready = { ...firstForm, preset: "nasa-lstm", models: ["lstm"], dataset: "nasa" };
    expect(requestOf(ready, parts)).toEqual({ preset: "nasa-lstm" });
    const choices = { "train.epochs": { mode: "fix", text: "5" } } as const;
    // It may search what no study does by itself: fixing takes it out.
    expect(requestOf({ ...ready, models: ["lstm", "gru"], choices }, parts)).toEqual({
      ...{ preset: "nasa-lstm", model: ["lstm", "gru"], fix: { "train.epochs": 5 } },
    });
  });

  test("what the service refuses is said beside its field", () => {
    const fieldOf = (detail: string, code = "invalid-option") =>
      fieldProblem(new ApiProblem(detail, code, 400))?.field ?? null;
    expect(fieldProblem(null)).toBeNull();
    expect(
      [
        "command: python x.py, and the service was started without --allow: it opens and runs nothing that requests name",
        "cwd: /etc, which is not below a folder that the service was allowed (--allow /data)",
        "--command: the folder that it runs in is not there: /data/x",
        "--command: {y} is no parameter: known: x, args, json",
        "--command: say what is searched: --search lr=log:1e-5..1e-1, once a parameter",
        "--search lr=..: expected NAME or NAME=DISTRIBUTION",
        "--report-pattern (: no regular expression: Unterminated group",
        'study "a" gives nothing to begin from: the new study declares no space',
        'study "a" exists in /data and differs (stored -> asked for): seed 1 -> 2; choose another name',
        "something else",
      ].map((detail) => fieldOf(detail)),
    ).toEqual(["command", "cwd", "cwd", "command", "search", "search", "pattern", "from", "name", null]);
    expect(fieldOf('no study "x" in /data', "unknown-study")).toBe("from");
  });

  test("samplers with the options that are given", () => {
    const sampler = { name: "tpe", options: { n_startup_trials: " 5", prior: "" } };
    expect(requestOf({ ...firstForm, sampler }, parts)).toMatchObject({
      sampler: { name: "tpe", options: { n_startup_trials: 5 } },
    });
    expect(requestOf({ ...firstForm, sampler: { name: "tpe", options: {} } }, parts)).toMatchObject({ sampler: "tpe" });
  });

  test("a space for trials from outside", () => {
    const outside = [
      { ...emptyParameter, name: " lr ", low: "1e-5", high: "0.1", log: true },
      { ...emptyParameter, name: "units", type: "int", low: "8", high: "64", step: "8" },
      { ...emptyParameter, name: "kind", type: "categorical", choices: "adam, 3, true,null," },
      emptyParameter,
    ] as const;
    expect(
      requestOf(
        { ...firstForm, kind: "outside", name: "mine", outside, seed: "7", constraints: "a <= 1\n\n b >= 2 " },
        parts,
      ),
    ).toEqual({
      ...{ name: "mine", seed: 7, direction: "minimize", constraints: ["a <= 1", "b >= 2"] },
      space: {
        lr: { type: "float", low: 1e-5, high: 0.1, log: true },
        units: { type: "int", low: 8, high: 64, step: 8 },
        kind: { type: "categorical", choices: ["adam", 3, true, null] },
      },
    });
    const objectives = [
      { metric: "loss", direction: "" },
      { metric: "score", direction: "maximize" },
    ] as const;
    expect(requestOf({ ...firstForm, kind: "outside", outside, objectives }, parts)).toMatchObject({
      objectives: [{ metric: "loss" }, { metric: "score", direction: "maximize" }],
    });
  });
});

describe("the list of studies", () => {
  const entry = (name: string, more: Partial<StudyEntry> = {}): StudyEntry =>
    ({
      ...{ name, note: "", task: {}, objectives: [{ metric: "val_rmse", direction: "minimize" }], archived_at: null },
      ...{ sampler: { name: "tpe", options: {} }, state: "idle", best: null, last_activity_at: "2026-01-01" },
      ...more,
    }) as StudyEntry;
  const best = (value: number) => ({ number: 0, value, values: [value] });

  test("the URL's query says which and how; what it does not know it leaves", () => {
    expect(listQueryOf(new URLSearchParams("q=a&sort=name&archived=true"))).toEqual({
      ...{ search: "a", archived: true, sorting: { key: "name", descending: false } },
    });
    expect(listQueryOf(new URLSearchParams("sort=-toString")).sorting).toEqual({ key: "activity", descending: true });
  });

  test("sorted by value, those without one last either way", () => {
    const all = [
      entry("a"),
      entry("b", { best: best(2) }),
      entry("c", { best: best(1) }),
      entry("d", { archived_at: "2026-01-01" }),
    ];
    const names = (descending: boolean) =>
      listed(all, { search: "", archived: false, sorting: { key: "best", descending } })
        .map(({ name }) => name)
        .join("");
    expect([names(false), names(true)]).toEqual(["cba", "bca"]);
    expect(listed(all, { search: "", archived: true, sorting: { key: "name", descending: false } })).toHaveLength(1);
  });

  test("found by all words, in whatever it says", () => {
    const one = entry("nasa-lstm", { note: "New Features", task: { model: ["lstm", "gru"], dataset: "nasa" } });
    expect(["", "nasa", "GRU tpe", "features val_rmse"].map((search) => isFound(one, search))).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect(isFound(one, "nasa mlp")).toBe(false);
  });
});

describe("small words", () => {
  test("tokens from a fragment, a URL, or alone; never from a query", () => {
    expect([tokenIn("#token=abc"), tokenIn("#a=1&token=x%2By"), tokenIn("#other"), tokenIn("")]).toEqual([
      "abc",
      "x+y",
      null,
      null,
    ]);
    expect(pastedToken("  http://127.0.0.1:7070#token=abc\n")).toBe("abc");
    expect(["abc", "token=abc", "#token=abc"].map(pastedToken)).toEqual(["abc", "abc", "abc"]);
  });

  test("a query repeats lists and leaves out what is absent", () => {
    expect(queryText({ a: [1, 2].map(String), b: null, c: undefined, d: "x y" })).toBe("?a=1&a=2&d=x+y");
    expect(queryText({ b: null })).toBe("");
  });

  test("how far a trial is from being pruned", () => {
    const margin = (by: number | null, threshold: number | null): Margin => ({
      number: 1,
      step: 3,
      value: 1,
      threshold,
      margin: by,
      voters: 3,
      reason: "warm-up",
    });
    expect([margin(0.012, 0.06), margin(-0.003, 0.06), margin(null, null)].map(marginWords)).toEqual([
      ...["safe by 0.012", "0.003 beyond the threshold", "warm-up"],
    ]);
    expect([margin(0.03, 0.06), margin(0.2, 0.06), margin(-1, 0.06), margin(null, null)].map(marginShare)).toEqual([
      0.5,
      1,
      0,
      null,
    ]);
  });

  test("distributions and conditions in words", () => {
    expect(distributionWords({ type: "float", low: 1e-3, high: 0.1, log: true, step: null })).toBe(
      "0.001 … 0.1, logarithmic",
    );
    expect(distributionWords({ type: "int", low: 8, high: 64, log: false, step: 8, when: { a: [1, 2], b: "x" } })).toBe(
      "8 … 64 in steps of 8",
    );
    expect(conditionWords({ type: "int", low: 8, high: 64, log: false, step: 8, when: { a: [1, 2], b: "x" } })).toBe(
      "a = 1 or 2, b = x",
    );
  });

  test("a line without axes: low values low, gaps left out", () => {
    // 120 by 28 pixels with 2 and 3 of margin: three places are 58 apart.
    expect(sparkPoints([1, 3, 2])).toBe("2.0,25.0 60.0,3.0 118.0,14.0");
    expect(sparkPoints([1, null, "NaN", 1])).toBe("2.0,25.0 118.0,25.0");
    expect(sparkPoints([])).toBe("");
  });
});

describe("tables as CSV", () => {
  test("read back by another program they are the same", () => {
    const cell = fc.string().filter((text) => !/^[=+\-@\t\r]/.test(text));
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell, fc.integer()), { minLength: 1 }), (rows) => {
        const read: unknown = parse(csvText(["a", "b", "c"], rows), { record_delimiter: "\r\n" });
        expect(read).toEqual([["a", "b", "c"], ...rows.map((row) => row.map(String))]);
      }),
      { numRuns: 50 },
    );
  });

  test("nothing becomes a formula in a spreadsheet, and numbers stay numbers", () => {
    expect(csvText(["x"], [["=1+1"], ["@a"], [-1.5], [null], ["-"]])).toBe("x\r\n'=1+1\r\n'@a\r\n-1.5\r\n\r\n'-\r\n");
  });
});
