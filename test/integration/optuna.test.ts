/**
 * Studies that go to Optuna and go on there, and come back: against Optuna 5 itself (`.ci/run`; MLBENCH_PYTHON has it).
 */
import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { stringifyJson } from "../../src/core/index.js";
import { readJson } from "../../src/core/plain-json.js";
import type { Distribution, StudyHeader, Trial } from "../../src/core/index.js";
import { emptyFolder, projectRoot, runHere } from "./cli.js";

const python = process.env["MLBENCH_PYTHON"];
const scripts = join(projectRoot, "test", "fixtures", "exchange");

function askPython(script: string, ...args: string[]): string {
  return execFileSync(python ?? "python3", [join(scripts, script), ...args], { encoding: "utf8", maxBuffer: 1 << 28 });
}

/** Why a module cannot be asked here; null when it can. */
function whyNot(module: string, check = "True"): string | null {
  if (python === undefined) return `MLBENCH_PYTHON names no Python with ${module}`;
  try {
    execFileSync(python, ["-c", `import ${module}; assert ${check}`], { stdio: "pipe" });
    return null;
  } catch {
    return `${python} has no ${module} as it is needed`;
  }
}

interface Shown {
  readonly number: number;
  readonly state: string;
  readonly values: unknown;
  readonly params: unknown;
  readonly distributions: Readonly<Record<string, readonly [string, Readonly<Record<string, unknown>>]>>;
  readonly intermediate: unknown;
  readonly started_at: string | null;
  readonly finished_at: string | null;
  readonly user_attrs: unknown;
  readonly system_attrs: Readonly<Record<string, unknown>>;
}

interface ShownStudy {
  readonly directions: readonly string[];
  readonly metric_names: readonly string[] | null;
  readonly user_attrs: unknown;
  readonly best: unknown;
  readonly trials: readonly Shown[];
}

type Exported = StudyHeader & { readonly trials: readonly Trial[] };

/** An export with texts for numbers that are not finite, as the scripts have them. */
function exportedOf(json: string): Exported {
  return JSON.parse(stringifyJson(readJson(json))) as Exported;
}

const states = { complete: "COMPLETE", pruned: "PRUNED", failed: "FAIL", waiting: "WAITING", running: "RUNNING" };

function distributionThere(d: Distribution): readonly [string, object] {
  if (d.type === "categorical") return ["CategoricalDistribution", { choices: d.choices }];
  const { low, log, step } = d;
  // Optuna counts grids in decimals: three times 0.3 is 0.9 there.
  const high = step === null ? d.high : Number(d.high.toPrecision(12));
  return [d.type === "int" ? "IntDistribution" : "FloatDistribution", { low, high, log, step }];
}

const time = (text: string | null): string | null => text && `${text.slice(0, -1).padEnd(26, "0")}+00:00`;

/** What Optuna is to show of a record. */
function wanted({ space }: Exported, trial: Trial): Omit<Shown, "system_attrs"> {
  const waiting = trial.state === "waiting";
  const last = trial.intermediate.at(-1)?.[1];
  const distributions = Object.keys(trial.params).map((name) => [name, distributionThere(space[name] as Distribution)]);
  return {
    number: trial.number,
    state: states[trial.state],
    values: trial.state === "pruned" && last !== undefined ? [last] : trial.values,
    params: waiting ? {} : trial.params,
    distributions: waiting ? {} : (Object.fromEntries(distributions) as Shown["distributions"]),
    intermediate: trial.intermediate,
    started_at: time(trial.started_at),
    finished_at: time(trial.finished_at),
    user_attrs: trial.user_attrs,
  };
}

const objective = `
export const space = {
  x: { type: "float", low: -5, high: 5 }, lr: { type: "float", low: 1e-5, high: 0.1, log: true },
  n: { type: "int", low: 1, high: 64, log: true }, k: { type: "int", low: 0, high: 30, step: 5 },
  kind: { type: "categorical", choices: ["a", 3, true, null, 0.5] },
  s: { type: "float", low: 0, high: 1, step: 0.3, when: { kind: ["a", null] } },
  t: { type: "float", low: 0, high: 0.9, step: 0.15 },
};
export default async function (trial) {
  const { x, n } = trial.params;
  if (trial.number % 7 === 3) throw new Error("no luck");
  trial.setUserAttr("where", { deep: [1, "NaN", null], text: "\\u2028 é" });
  trial.setConstraint("c", x - 3);
  for (let step = 1; step <= 8; step++) {
    trial.report(step === 2 ? Infinity : x * x + n / step, step);
    if (await trial.shouldPrune()) throw Object.assign(new Error("enough"), { name: "TrialPruned" });
  }
  return x * x + n / 8;
}`;

const reason = whyNot("optuna", "optuna.__version__.startswith('5.')");
const noDashboard = reason ?? whyNot("optuna_dashboard");
for (const why of new Set([reason, noDashboard])) if (why !== null) console.warn(`skipped: ${why}`);

describe.skipIf(reason !== null)("Optuna 5", () => {
  /** Runs commands; what the last one printed. */
  const commands =
    (cwd: string) =>
    async (line: string): Promise<string> => {
      const { code, stdout, stderr } = await runHere(line.split(" "), cwd);
      expect(code, `${line}: ${stderr}`).toBe(0);
      return stdout;
    };

  test("opens our export with the same trials and the same best, goes on for 20, and the study goes on here", async () => {
    const cwd = await emptyFolder();
    const run = commands(cwd);
    await writeFile(join(cwd, "objective.mjs"), objective);
    const pruner = "--pruner median --pruner-option n_warmup_steps=1 --pruner-option n_startup_trials=3";
    await run(`create-study --name own --objective objective.mjs --seed 3 --metric loss:minimize ${pruner}`);
    await run("optimize own --trials 40 --quiet");
    await run("enqueue-trial own --set x=1.5");
    const ours = exportedOf(await run("export own --to json"));
    expect(new Set(ours.trials.map(({ state }) => state))).toEqual(
      new Set(["complete", "pruned", "failed", "waiting"]),
    );
    await run("export own --to optuna-journal -o own.log");
    const { before, after } = JSON.parse(askPython("continue_in_optuna.py", join(cwd, "own.log"), "20")) as {
      before: ShownStudy;
      after: ShownStudy;
    };
    expect([before.directions, before.metric_names]).toEqual([["MINIMIZE"], ["loss"]]);
    const got = before.trials.map(
      ({ system_attrs: _own, constraints: _same, ...rest }: Shown & { constraints?: unknown }) => rest,
    );
    expect(got).toEqual(ours.trials.map((trial) => wanted(ours, trial)));
    const bestHere = JSON.parse(await run("best-trial own --format json")) as Trial;
    expect(before.best).toBe(bestHere.number);
    expect(before.trials.find(({ state }) => state === "WAITING")?.system_attrs["fixed_params"]).toEqual({ x: 1.5 });
    // The queued trial is the first that runs there.
    expect(after.trials).toHaveLength(60);
    expect(after.trials[40]).toMatchObject({ state: "COMPLETE", params: { x: 1.5 } });
    await run("import own.log --as back");
    const back = exportedOf(await run("export back --to json"));
    expect(back.trials.slice(0, 40)).toEqual(ours.trials.slice(0, 40));
    expect(back.trials.map(({ params }) => params)).toEqual(after.trials.map(({ params }) => params));
    expect({ ...back, trials: [] }).toEqual({ ...ours, name: "back", trials: [] });
    await run("optimize back --trials 5 --quiet");
    expect(exportedOf(await run("export back --to json")).trials).toHaveLength(65);
  });

  test("begins studies of all kinds, which go on here with one command each", async () => {
    const cwd = await emptyFolder();
    const run = commands(cwd);
    const journal = join(cwd, "there.log");
    askPython("make_journal.py", journal, join(cwd, "there.json"));
    await writeFile(join(cwd, "go-on.mjs"), "export default async ({ params }) => params.layers + params.rate;");
    await writeFile(
      join(cwd, "two.mjs"),
      "export default async ({ params }) => [params.x + params.y, params.x - params.y];",
    );
    await run("import there.log --study-name branches --objective go-on.mjs");
    await run("optimize branches --trials 5 --quiet");
    await run("import there.log --study-name front --objective two.mjs");
    await run("optimize front --trials 5 --quiet");
    // And there again, with what happened here.
    for (const name of ["branches", "front"]) {
      const here = exportedOf(await run(`export ${name} --to json`));
      await run(`export ${name} --to optuna-journal -o ${name}.log`);
      const { after } = JSON.parse(askPython("continue_in_optuna.py", join(cwd, `${name}.log`), "20")) as {
        after: ShownStudy;
      };
      expect(after.trials).toHaveLength(here.trials.length + 20);
      expect(after.directions).toEqual(here.objectives.map(({ direction }) => direction.toUpperCase()));
    }
  });
});

interface DashboardStudy {
  readonly trials: readonly {
    number: number;
    state: string;
    values?: readonly unknown[];
    constraints: readonly number[];
  }[];
  readonly best_trials: readonly { number: number }[];
}

test.skipIf(noDashboard !== null)("optuna-dashboard serves our export", async () => {
  const cwd = await emptyFolder();
  await writeFile(join(cwd, "objective.mjs"), objective);
  for (const line of [
    "create-study --name own --objective objective.mjs --seed 3 --pruner nop --sampler random",
    "optimize own --trials 8 --quiet",
    "export own --to optuna-journal -o own.log",
  ])
    expect(await runHere(line.split(" "), cwd), line).toMatchObject({ code: 0 });
  const { studies, first } = JSON.parse(askPython("ask_dashboard.py", join(cwd, "own.log"))) as {
    studies: { study_summaries: object[] };
    first: DashboardStudy;
  };
  expect(studies.study_summaries).toMatchObject([{ study_name: "own", directions: ["minimize"] }]);
  const trials = exportedOf((await runHere(["export", "own", "--to", "json"], cwd)).stdout).trials;
  const served = first.trials.map(({ state, values = null, constraints }) => ({
    state: state.toUpperCase(),
    values,
    constraints,
  }));
  expect(served).toEqual(
    trials.map(({ state, values, constraints }) => ({
      state: states[state],
      values,
      constraints: Object.values(constraints),
    })),
  );
  const best = JSON.parse((await runHere(["best-trial", "own", "--format", "json"], cwd)).stdout) as Trial;
  expect(first.best_trials.map(({ number }) => number)).toEqual([best.number]);
});
