/** What a mistyped line is answered: one line that says what was wrong with which word, and what would be right. */
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { CliIo } from "../../../src/cli/io.js";
import { PlainView } from "../../../src/cli/optimize-view.js";
import { createStudy, float } from "../../../src/index.js";
import { csvText, fadingRows } from "../../fixtures/csv/battery-tables.js";
import { emptyFolder, runHere } from "../../integration/cli.js";

const create = (...words: string[]): string[] => ["create-study", ...words];
const onTable = (...words: string[]): string[] => create("--dataset", "csv", "--path", "cells.csv", ...words);
const training = "`mlbench-hpo describe training`";

const mistakes: [string[], string][] = [
  // Names: those of other frameworks, mistyped ones, and ones that are near to nothing.
  [
    create("--search", "learning_rate=1e-4..1e-2"),
    `unknown parameter "learning_rate": did you mean "train.lr"? ${training} lists them`,
  ],
  [
    create("--set", "patience=3"),
    `unknown parameter "patience": did you mean "train.early_stopping_patience"? ${training} lists them`,
  ],
  [
    create("--set", "hiden-size=3"),
    'unknown parameter "hiden-size": did you mean "model.hidden_size"? `mlbench-hpo describe model NAME` lists them',
  ],
  [
    create("--set", "train.hidden_size=3"),
    'unknown parameter "train.hidden_size": did you mean "model.hidden_size"? `mlbench-hpo describe model NAME` lists them',
  ],
  [create("--set", "train.seed=3"), `unknown parameter "train.seed": ${training} lists them`],
  [create("--set", "train.foo=3"), `unknown parameter "train.foo": ${training} lists them`],
  [
    create("--set", "foo=1"),
    `unknown parameter "foo": \`mlbench-hpo describe model NAME\`, \`mlbench-hpo describe dataset NAME\` and ${training} list them`,
  ],
  [
    create("--sampler-option", "foo=1"),
    'sampler "tpe" has no option "foo": known: preset, seed, n_startup_trials, n_ei_candidates, prior_weight, magic_clip, endpoints, multivariate, group, constant_liar, reevaluate',
  ],
  // Ranges as they are written elsewhere.
  ...(
    [
      ["lr=1e-5-1e-1", "lr=1e-5..1e-1"],
      ["lr=1e-5:1e-1", "lr=1e-5..1e-1"],
      ["lr=[1e-5, 1e-1]", "lr=1e-5..1e-1"],
      ["lr=1e-5 to 1e-1", "lr=1e-5..1e-1"],
      ["lr=1e-5...1e-1", "lr=1e-5..1e-1"],
      ["window=8-32", "window=8..32"],
    ] as const
  ).map(([typed, right]): [string[], string] => {
    const body = typed.slice(typed.indexOf("=") + 1);
    return [
      create("--search", typed),
      `--search ${typed}: a range is written LOW..HIGH, as in ${right} (a choice of that name: choice:${body})`,
    ];
  }),
  // What is described.
  [["describe", "lstm"], "describe lstm: did you mean `mlbench-hpo describe model lstm`?"],
  [["describe", "median"], "describe median: did you mean `mlbench-hpo describe pruner median`?"],
  [
    ["describe", "nosuch"],
    'unknown kind "nosuch": known: model, dataset, optimizer, scheduler, sampler, pruner, importance, training',
  ],
  // Files.
  [["train", "--dataset", "csv", "--path", "nope.csv"], "nope.csv: no such file (data.path)"],
  [["evaluate", "cells.csv"], "cells.csv is not a readable checkpoint: it is no safetensors file"],
  [["predict", "cells.csv"], "cells.csv is not a readable checkpoint: it is no safetensors file"],
  [["evaluate", "page.html"], "page.html is not a readable checkpoint: it is no safetensors file"],
  // Cells, columns and windows that the data do not have, before a study is made of them.
  [
    ["train", "--val-cells", "D99"],
    'data.val_cells: no cell "D99": did you mean "D09"? there are D01, D02, D03, D04, D05, D06, D07, D08, D09, D10',
  ],
  [onTable("--val-cells", "X"), 'data.val_cells: no cell "X": there are A, B, C'],
  [
    onTable("--features", "soh,tmep"),
    'unknown feature "tmep" of dataset "csv": did you mean "temp"? known: all, soh, temp',
  ],
  [
    onTable("--search", "features=soh,tmep"),
    'unknown feature "tmep" of dataset "csv": did you mean "temp"? known: all, soh, temp',
  ],
  [
    onTable("--window", "60"),
    "the training part has no windows: a cell needs 60 + 10 cycles for one window (cycles: A 60, B 60, C 60)",
  ],
  [create("--val-cells", "each", "--folds", "3"), "folds 3: data.val_cells=each is folds cells; leave one out"],
  [
    create("--folds", "cells", "--val-split", "0.2"),
    "folds cells: each fold has a validation part of its own: leave out data.val_split",
  ],
  [create("--folds", "cell"), "--folds cell: expected cells, none, or how many folds (from 2)"],
  // The way that a metric is better, and plots.
  ...["val_mae", "val_rmse"].map((metric): [string[], string] => [
    create("--metric", metric, "--direction", "maximize"),
    `${metric} is better the smaller it is: minimize it, or insist with --force-direction (forceDirection: true)`,
  ]),
  [["train", "--plot", "plot.png"], "--plot plot.png: a plot is an SVG, as in plot.svg"],
  [["help", "nosuch"], 'help nosuch: no command "nosuch": mlbench-hpo --help lists them'],
  // Times.
  [["optimize", "--timeout", "1x"], "--timeout 1x: expected a length of time, as in 90, 90s, 30m or 2h"],
];

test.each(mistakes)("%j", async (line, message) => {
  const cwd = await emptyFolder();
  await writeFile(join(cwd, "cells.csv"), csvText(fadingRows(["A", "B", "C"], 60), ["cell", "cycle", "soh", "temp"]));
  await writeFile(join(cwd, "page.html"), "<!doctype html><title>404</title>");
  expect(await runHere(line, cwd)).toEqual({ code: 2, stdout: "", stderr: `error: ${message}\n` });
  expect(existsSync(join(cwd, "studies"))).toBe(false);
});

test("a switch may stand alone, and help says nothing of how it is read", async () => {
  const cwd = await emptyFolder();
  const dropLast = async (...words: string[]): Promise<unknown> => {
    const { stdout } = await runHere(create("--dry-run", "--format", "json", ...words), cwd);
    return (JSON.parse(stdout) as { task: { params: Record<string, unknown> } }).task.params["train.drop_last"];
  };
  expect(await dropLast("--model", "lstm")).toBe(false);
  expect(await dropLast("--drop-last")).toBe(true);
  expect(await dropLast("--drop-last", "false")).toBe(false);
  expect(await dropLast("--drop-last", "false", "--drop-last")).toBe(true);
  expect(await dropLast("--drop-last", "--drop-last", "no")).toBe(false);
  expect((await runHere(["train", "--help"], cwd)).stdout).not.toContain("preset:");
});

test("what is sent to a running optimize is answered with what still runs", async () => {
  const cwd = await emptyFolder();
  const study = await createStudy({ name: "s", storage: join(cwd, "studies"), space: { x: float(0, 1) } });
  let begin = (): void => {};
  let open = (): void => {};
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const gate = new Promise<void>((resolve) => (open = resolve));
  const running = study.optimize(
    async ({ params }) => {
      begin();
      await gate;
      return params.x;
    },
    { trials: 5 },
  );
  await begun;
  const said = async (command: string): Promise<string> => (await runHere([command], cwd)).stdout;
  expect(await said("pause")).toBe('paused "s"; 1 trial is still running\n');
  expect(await said("resume")).toBe('resumed "s"\n');
  expect(await said("stop")).toBe('asked "s" to stop; 1 trial is still running\n');
  open();
  expect(await running).toMatchObject({ stoppedBy: "stop", finished: 1 });
  await study.close();
  expect(await said("doctor")).toBe("s: no damage found\n");
});

const draining = { event: "draining", by: "interrupt", running: [20, 21], graceMs: 10_000 } as const;

test.each([
  [draining, "interrupted: waiting up to 10 s for trials 20, 21; Ctrl-C again stops now"],
  [{ ...draining, by: "timeout", graceMs: 0 }, "timeout: stopping trials 20, 21"],
  [{ ...draining, by: "stop", running: [3], graceMs: null }, "stop: waiting for trial 3"],
  [{ ...draining, running: [] }, "interrupted: nothing is running"],
  [{ event: "requeued", number: 21 }, "trial 21 interrupted; it will be rerun first"],
  [
    { event: "start", study: "s", finished: 40, more: 100, slots: 2, recovered: [7] },
    "s: 40 of 140 trials done, 2 in parallel; rerun first: 7",
  ],
] as const)("a call's event in words: %j", (event, line) => {
  let text = "";
  const stdout = { write: (words: string) => (text += words) } as unknown as CliIo["stdout"];
  new PlainView({ stdout, stderr: stdout }, { objectives: [], file: null, front: [] }).onEvent(event);
  expect(text.slice(0, line.length + 1)).toBe(`${line}\n`);
});
