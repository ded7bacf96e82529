/** Programs as trials: what they are told, what is read of them, how they end; each a few words of a shell. */
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ReportAnswer, StopReason, TrialJob } from "../../../src/executors/executor.js";
import type { Params, StudyObjective, TrialOutcome } from "../../../src/core/index.js";
import type { ProgramTimes } from "../../../src/programs/program-trial.js";
import { runProgram } from "../../../src/programs/run-program.js";
import { logWriter } from "../../../src/executors/trial-files.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "mlbench-hpo-program-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const quick: Partial<ProgramTimes> = { afterPruneMs: 30, termMs: 100, outputMs: 100, pollMs: 5 };
const minimizeValue: StudyObjective[] = [{ metric: "value", direction: "minimize" }];

interface Given {
  readonly words?: readonly string[];
  readonly shell?: boolean;
  readonly params?: Params;
  readonly objectives?: readonly StudyObjective[];
  readonly pruneBy?: StudyObjective;
  readonly constraints?: readonly string[];
  readonly trialValue?: TrialJob["trialValue"];
  readonly pattern?: string;
  readonly answer?: (step: number) => ReportAnswer | Promise<ReportAnswer>;
  readonly times?: Partial<ProgramTimes>;
  readonly signal?: AbortSignal;
  readonly artifacts?: null;
}

interface Ran {
  readonly outcome: TrialOutcome;
  readonly reports: [number, number, unknown][];
  readonly log: string;
}

const trialFolder = (): string => join(folder, "00007");
const logFile = (): string => join(trialFolder(), "log.txt");

/** Runs a text by `sh`, or the words that are given. */
async function run(script: string, given: Given = {}): Promise<Ran> {
  const { words = ["sh", "-c", script], shell = false, params = {}, pattern = null, pruneBy = null } = given;
  const reports: [number, number, unknown][] = [];
  const workload = {
    ...({ kind: "command", study: "rig", pruneBy } as const),
    program: { words, shell, cwd: folder, reportPattern: pattern },
  } as const;
  const job: TrialJob = {
    ...{ number: 7, attempt: 2, seed: 99, slot: 3, params, workload, constraints: given.constraints ?? [] },
    space: Object.fromEntries(
      Object.keys(params).map((name) => [name, { type: "categorical", choices: [0] }] as const),
    ),
    artifacts: given.artifacts === null ? null : { kind: "directory", path: trialFolder() },
    ...{ objectives: given.objectives ?? minimizeValue, trialValue: given.trialValue ?? "best" },
  };
  const hooks = {
    signal: given.signal ?? new AbortController().signal,
    onReport: (step: number, value: number, metrics?: unknown) => {
      reports.push([step, value, metrics]);
      return given.answer?.(step) ?? "continue";
    },
  };
  const outcome = await runProgram(job, workload, hooks, logWriter(job), { ...quick, ...given.times });
  return { outcome, reports, log: existsSync(logFile()) ? readFileSync(logFile(), "utf8") : "" };
}

function failureOf({ outcome }: Ran): string {
  expect(outcome).toMatchObject({ state: "failed", failure: { class: "exception", where: "program" } });
  return outcome.state === "failed" ? outcome.failure.message : "";
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie that nobody has taken is no process any more.
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

describe("what a program is told", () => {
  test("its study, trial, attempt, seed, place, folder and parameters in its environment; the folder is there", async () => {
    const script = `for name in STUDY TRIAL ATTEMPT SEED SLOT DIR PARAMS REPORTS; do
      eval "echo $name=\\$MLBENCH_HPO_$name"; done; test -d "$MLBENCH_HPO_DIR" && pwd && echo '{"value":1}'`;
    const { log } = await run(script, { params: { lr: 0.1, name: "a b" } });
    for (const line of [
      ...["STUDY=rig", "TRIAL=7", "ATTEMPT=2", "SEED=99", "SLOT=3", `DIR=${trialFolder()}`],
      ...[`PARAMS={"lr":0.1,"name":"a b"}`, `REPORTS=${join(trialFolder(), "reports.jsonl")}`, folder],
    ])
      expect(log.split("\n")).toContain(line);
  });

  test("what a shell could not name stays in its environment", async () => {
    process.env["npm_config_a-b"] = "x y";
    try {
      const { log } = await run("", { words: ["env"] });
      expect(log).toContain("npm_config_a-b=x y");
      expect(log).not.toContain("MLBENCH_HPO_PARENT");
    } finally {
      delete process.env["npm_config_a-b"];
    }
  });

  test("parameters by name, all as options, and as a file; nothing is expanded", async () => {
    const words = ["sh", "-c", 'printf "%s\\n" "$@"; cat "$3"', "sh", "lr={lr}", "{{lr}} $HOME *", "{json}", "{args}"];
    const { log } = await run("", { words, params: { lr: 1e-7, "train.units": 8, name: "two words" } });
    const lines = log.split("\n").slice(2);
    expect(lines).toEqual([
      ...["lr=1e-7", "{lr} $HOME *", join(trialFolder(), "params.json"), "--lr", "1e-7"],
      ...["--train.units", "8", "--name", "two words", '{"lr":1e-7,"train.units":8,"name":"two words"}', ""],
    ]);
  });

  test("with a shell its quotes hold whatever a value holds", async () => {
    const name = `a'b "c" $(touch made) \`touch made\` ; touch made`;
    const line = `printf '%s\\n' {name} '{name}' "{name}" \${HOME:+home} | cat; echo '{"value":2}'`;
    const { log, outcome } = await run("", { words: [line], shell: true, params: { name } });
    expect(log.split("\n").slice(-6)).toEqual([name, name, name, "home", '{"value":2}', ""]);
    expect(outcome).toMatchObject({ state: "complete", values: [2] });
    expect(await readdir(folder)).toEqual(["00007"]);
  });

  test("each report is answered on its stdin, one that is left out too", async () => {
    const script = `for step in 1 1 2; do echo "{\\"step\\":$step,\\"value\\":$step}"; read -r answer; echo "$step $answer" >&2; done`;
    const { log, reports } = await run(script);
    expect(log.match(/^\d (continue|prune)$/gm)).toEqual(["1 continue", "1 continue", "2 continue"]);
    expect(reports.map(([step]) => step)).toEqual([1, 2]);
    expect(log).toContain("left out: step 1 after step 1: steps must rise");
  });
});

describe("what is read of a program", () => {
  test("reports, with further numbers as metrics; its value by the trial-value rule", async () => {
    const script = `echo '{"step":1,"value":3}'; echo 'epoch 2' ; echo '{"step":2,"value":1,"acc":0.5,"note":"x"}'; echo '{"step":3,"value":2,"acc":0.25}'`;
    const { outcome, reports } = await run(script);
    expect(reports).toEqual([
      [1, 3, undefined],
      [2, 1, { value: 1, acc: 0.5 }],
      [3, 2, { value: 2, acc: 0.25 }],
    ]);
    expect(outcome).toEqual({
      ...{ state: "complete", values: [1], constraints: {} },
      metrics: { best: { acc: 0.5 }, last: { acc: 0.25 } },
    });
    expect((await run(script, { trialValue: "last" })).outcome).toMatchObject({ values: [2] });
    // (3 + 1 + 2) / 3 and (3 + 1) / 2 are both 2: the first of equals counts.
    expect((await run(script, { trialValue: "best-smoothed" })).outcome).toMatchObject({ values: [2] });
  });

  test("a result goes before the reports, the last one of several", async () => {
    const script = `echo '{"step":1,"value":3}'; echo '{"value":8}'; echo '{"value":7,"seconds":12}'`;
    const { outcome } = await run(script);
    expect(outcome).toMatchObject({ state: "complete", values: [7], metrics: { last: { seconds: 12 } } });
  });

  const two: StudyObjective[] = [
    { metric: "loss", direction: "minimize" },
    { metric: "acc", direction: "maximize" },
  ];

  test.each([
    ["names", `{"loss": 0.5, "acc": 0.9, "parameters": 100}`],
    ["a list", `{"values": [0.5, 0.9], "parameters": 100}`],
    ["a map", `{"values": {"acc": 0.9, "loss": 0.5}, "metrics": {"parameters": 100}}`],
  ])("several objectives by %s, and a constraint by its metric", async (_how, line) => {
    const { outcome } = await run(`echo '${line}'`, { objectives: two, constraints: ["parameters<=60"] });
    expect(outcome).toMatchObject({ state: "complete", values: [0.5, 0.9], constraints: { "parameters<=60": 40 } });
  });

  test("several objectives from the step that the first one's rule chooses; what is said once goes on to count", async () => {
    const script = `echo '{"step":1,"loss":2,"acc":0.1,"parameters":50}'; echo '{"step":2,"loss":1,"acc":0.2}'; echo '{"step":3,"loss":3,"acc":0.9}'`;
    const given = { objectives: two, constraints: ["parameters<=60"] };
    const { outcome, reports } = await run(script, given);
    expect(outcome).toMatchObject({ state: "complete", values: [1, 0.2], constraints: { "parameters<=60": -10 } });
    expect(reports.map(([, value]) => value)).toEqual([2, 1, 3]);
    const pruned = await run(script, { ...given, pruneBy: two[1] as StudyObjective });
    expect(pruned.reports.map(([, value]) => value)).toEqual([0.1, 0.2, 0.9]);
    expect(pruned.outcome).toMatchObject({ values: [1, 0.2] });
    expect(failureOf(await run(`echo '{"step":1,"loss":2}'`, { objectives: two }))).toContain(
      'its step 1 has no "acc"',
    );
  });

  test("numbers that JSON has no word for, as Python prints them and as we do", async () => {
    const script = `printf '%s\\n' '{"step": 1, "value": NaN}' '{"step": 2, "value": -Infinity}' '{"step": 3, "value": "Infinity"}'`;
    const { reports, outcome } = await run(script);
    expect(reports).toEqual([
      [1, NaN, undefined],
      [2, -Infinity, undefined],
      [3, Infinity, undefined],
    ]);
    expect(outcome).toMatchObject({ state: "complete", values: [-Infinity] });
  });

  test("a last line without an end, lines that end as on Windows, progress that is written over", async () => {
    const script = `printf 'x\\r{"step":1,"value":5}\\r\\n{"step":2,"val\\r{"step":2,"value":4}\\n{"step":3,"value":3}'`;
    expect((await run(script)).reports.map(([step, value]) => [step, value])).toEqual([
      [1, 5],
      [2, 4],
      [3, 3],
    ]);
  });

  test("bytes that are no text and lines without end are passed over", async () => {
    const script = `head -c 300000 /dev/zero; head -c 1000 /dev/urandom | tr -d '\\n\\r'; echo; printf '{"step":1,"pad":"%0100000d","value":1}\\n' 0; echo '{"step":2,"value":2}'`;
    const { reports, log } = await run(script);
    expect(reports.map(([step]) => step)).toEqual([2]);
    expect(log.length).toBeGreaterThan(400_000);
  });

  test("the file of reports, as it grows and to its end", async () => {
    const script = `echo '{"step":1,"value":3}' >> "$MLBENCH_HPO_REPORTS"; read -r answer; echo "told $answer"
      printf '{"step":2,"value":2}' >> "$MLBENCH_HPO_REPORTS"`;
    const { reports, log } = await run(script);
    expect(reports.map(([step]) => step)).toEqual([1, 2]);
    expect(log).toContain("told continue");
  });

  test("an earlier attempt's file is not read again; an empty one does not stay", async () => {
    await run(`echo '{"step":9,"value":3}' >> "$MLBENCH_HPO_REPORTS"`);
    const { reports } = await run(`echo '{"step":1,"value":3}'`);
    expect(reports.map(([step]) => step)).toEqual([1]);
    expect(await readdir(trialFolder())).toEqual(["log.txt"]);
  });

  test("a pattern reads reports off any lines, of stderr as well; Python's way to name a group is known", async () => {
    const pattern = String.raw`Epoch (?P<step>\d+)/\d+ .*val_loss: (?P<value>\S+)(?: acc (?<acc>\S+))?`;
    const script = `echo 'Epoch 1/3 - val_loss: 1.5'; echo 'Epoch 2/3 - val_loss: 1e-1 acc 0.5' >&2; sleep 0.05; echo 'Epoch 3/3 - val_loss: nan'; echo 'Epoch 4/3 - val_loss: ?'`;
    const { reports, outcome } = await run(script, { pattern });
    expect(reports).toEqual([
      [1, 1.5, undefined],
      [2, 0.1, { value: 0.1, acc: 0.5 }],
      [3, NaN, undefined],
    ]);
    expect(outcome).toMatchObject({ state: "complete", values: [0.1] });
  });

  test("a pattern without a step counts its matches", async () => {
    const { reports } = await run("for x in 3 2 1; do echo loss=$x; done", { pattern: "loss=(?<value>.*)" });
    expect(reports.map(([step, value]) => [step, value])).toEqual([
      [1, 3],
      [2, 2],
      [3, 1],
    ]);
  });

  test("values are as many as there are objectives; a list of another length is something else", async () => {
    const two: StudyObjective[] = [
      { metric: "loss", direction: "minimize" },
      { metric: "acc", direction: "maximize" },
    ];
    expect((await run(`echo '{"values":[1,2]}'`, { objectives: two })).outcome).toMatchObject({ values: [1, 2] });
    for (const list of ["[1]", "[1,2,3]"])
      expect(failureOf(await run(`echo '{"values":${list}}'`, { objectives: two }))).toContain("; 1 left out,");
    expect(failureOf(await run(`echo '{"values":[1,2]}'`))).toContain("; 1 left out,");
    expect((await run(`echo '{"value":3,"values":[1,2]}'`)).outcome).toMatchObject({ values: [3] });
  });

  test("a pattern that backtracks for ever fails its trial and hangs nothing", async () => {
    const ran = await run(`echo ${"a".repeat(60)}; exec sleep 20`, {
      pattern: "^(?<value>(a+)+)$x",
      times: { matchMs: 100 },
    });
    expect(failureOf(ran)).toMatch(/^--report-pattern .*took more than 0.1 s/);
  });
});

describe("how a program ends", () => {
  test("an exit code other than 0 fails the trial, with the last lines of stderr, the last one first", async () => {
    const message = failureOf(
      await run(`echo '{"value":1}'; printf 'Traceback:\\n  line 3\\nValueError: boom\\n' >&2; exit 3`),
    );
    expect(message).toBe("exit code 3: ValueError: boom\nTraceback:\n  line 3\nValueError: boom");
    expect(failureOf(await run("kill -SEGV $$"))).toBe("ended by SIGSEGV, and no output");
    expect(failureOf(await run("", { words: ["./no-such-program"] }))).toMatch(/^exit code 127: .*no-such-program/);
  });

  test("without a value it fails, saying what was looked for, what was left out and what it printed last", async () => {
    expect(failureOf(await run(`echo '{"message":"done"}'`))).toBe(
      'the program ended without a value (a line of JSON with a value); its last line: {"message":"done"}',
    );
    expect(failureOf(await run(`echo epoch 1 >&2`, { pattern: "loss (?<value>.*)" }))).toBe(
      "the program ended without a value (a line of JSON with a value, or one that --report-pattern matches); its last line: epoch 1",
    );
    expect(failureOf(await run(`echo done; printf 'warning: no data\n  in fold 2\n' >&2`))).toBe(
      "the program ended without a value (a line of JSON with a value); its last line: done\nwarning: no data\n  in fold 2",
    );
    expect(failureOf(await run(`echo '{"step":1.5,"value":1}'; echo '{"step":2,"loss":1}'`))).toContain(
      "; 2 left out, the first as its step 1.5 is no whole number from 0;",
    );
  });

  test("a pruned one is pruned whatever its exit code, and what it reports afterwards counts for nothing", async () => {
    const script = `for s in 1 2 3; do echo "{\\"step\\":$s,\\"value\\":1}"; read -r a; echo "$a" >&2; done; exit 3`;
    const ran = await run(script, {
      answer: (step) => (step === 2 ? "prune" : "continue"),
      times: { afterPruneMs: 5000 },
    });
    expect(ran.outcome).toEqual({ state: "pruned", metrics: {} });
    expect(ran.reports.map(([step]) => step)).toEqual([1, 2]);
    expect(ran.log.match(/^(continue|prune)$/gm)).toEqual(["continue", "prune", "prune"]);
  });

  test("one that does not end when pruned gets SIGTERM, then SIGKILL, and so does what it has started", async () => {
    const script = `trap '' TERM; sleep 300 & echo "child $!"; echo '{"step":1,"value":1}'; wait`;
    const ran = await run(script, { answer: () => "prune" });
    expect(ran.outcome).toEqual({ state: "pruned", metrics: {} });
    expect(ran.log).toMatch(/SIGTERM[\s\S]*SIGKILL/);
    expect(isAlive(Number(/child (\d+)/.exec(ran.log)?.[1]))).toBe(false);
  });

  test.each([
    ["cancel", { state: "cancelled" }],
    ["stop", { state: "pruned", metrics: {} }],
    ["timeout", { state: "failed", failure: { class: "timeout" } }],
  ] as const)("one that is ended for %s gets SIGTERM at once", async (reason, expected) => {
    const controller = new AbortController();
    const ran = await run(
      `trap 'echo last words; exit 0' TERM; echo '{"step":1,"value":1}'; while :; do sleep 0.01; done`,
      {
        signal: controller.signal,
        answer: () => {
          controller.abort(reason satisfies StopReason);
          return "continue";
        },
        times: { termMs: 20_000 },
      },
    );
    expect(ran.outcome).toMatchObject(expected);
    expect(ran.log).toContain("last words");
  });

  test("one that ended just before it is stopped has ended by itself", async () => {
    const controller = new AbortController();
    const ran = await run(`echo "{\\"step\\":$$,\\"value\\":1}"`, {
      signal: controller.signal,
      answer: async (pid) => {
        // Until somebody has taken notice of its end.
        while (existsSync(`/proc/${pid}`)) await delay(5);
        controller.abort("cancel");
        return "continue" as const;
      },
    });
    expect(ran.outcome).toMatchObject({ state: "complete", values: [1] });
  });

  test("what it left running in its group ends with it; what left that is not waited for", async () => {
    const started = performance.now();
    const ran = await run(`sleep 300 & echo "child $!"; setsid sleep 3 & echo '{"value":1}'`);
    expect(ran.outcome).toMatchObject({ state: "complete", values: [1] });
    expect(isAlive(Number(/child (\d+)/.exec(ran.log)?.[1]))).toBe(false);
    // The one in a session of its own holds the pipe for 3 s.
    expect(performance.now() - started).toBeLessThan(2900);
  });

  test("what a hook throws ends the program and is handed on", async () => {
    const failing = run(`echo '{"step":1,"value":1}'; exec sleep 300`, {
      answer: () => {
        throw new Error("the journal is full");
      },
    });
    await expect(failing).rejects.toThrow("the journal is full");
  });

  test("without a folder of the trial's own it has one for the time, which does not stay", async () => {
    const before = await readdir(tmpdir());
    const ran = await run(`test -d "$MLBENCH_HPO_DIR" && echo '{"value":1}'`, { artifacts: null });
    expect(ran.outcome).toMatchObject({ state: "complete" });
    const left = (await readdir(tmpdir())).filter((name) => name.startsWith("mlbench-hpo-trial-"));
    expect(left.filter((name) => !before.includes(name))).toEqual([]);
  });
});

describe("within bounds", () => {
  test("one that closes its stdin, or never reads it, is not held up", async () => {
    const closed = await run(`exec <&-; for s in 1 2 3; do echo "{\\"step\\":$s,\\"value\\":$s}"; sleep 0.02; done`);
    expect(closed.outcome).toMatchObject({ state: "complete", values: [1] });
    const many = 25_000;
    const script = `awk 'BEGIN { for (i = 1; i <= ${many}; i++) printf "{\\"step\\":%d,\\"value\\":%d}\\n", i, i }'`;
    const { reports } = await run(script);
    expect(reports.length).toBe(many);
    expect(reports.every(([step], i) => step === i + 1)).toBe(true);
  });

  test("of 10 MB of output the log keeps the beginning and the end", async () => {
    const { outcome, log } = await run(`yes 0123456789 | head -c 10000000; echo; echo '{"value":1}'`);
    expect(outcome).toMatchObject({ state: "complete", values: [1] });
    expect(log.length).toBeLessThan(9_000_000);
    expect(log).toMatch(/mlbench-hpo: \d+ bytes are left out here/);
    expect(log.endsWith('{"value":1}\n')).toBe(true);
  });
});
