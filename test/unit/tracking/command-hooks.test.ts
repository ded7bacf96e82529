import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { commandHooks } from "../../../src/app/command-hooks.js";
import { createStudy } from "../../../src/app/create-study.js";
import { float, stringifyJson } from "../../../src/core/index.js";
import type { OptimizeEvent, OptimizeResult } from "../../../src/core/index.js";
import { CommandHooks } from "../../../src/tracking/hooks/index.js";
import { HookProcess } from "../../../src/tracking/hooks/hook-process.js";
import type { CommandHooksOptions } from "../../../src/tracking/hooks/index.js";
import { trialOf } from "../../../src/testing/trials.js";
import { outcomes, square } from "../../fixtures/study/studies.js";
import { projectRoot } from "../../integration/cli.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "mlbench-hooks-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const start: OptimizeEvent = { event: "start", study: "s", finished: 0, more: 3, slots: 1, recovered: [] };
const trial = (number: number): OptimizeEvent => ({
  event: "trial",
  trial: trialOf(number, { x: number }, { value: 1 }),
});
const result = { stoppedBy: "trials", exitCode: 0 } as OptimizeResult;
const finish: OptimizeEvent = { event: "finish", result };

const shell = (script: string): [string, ...string[]] => ["sh", "-c", script];
const text = (file: string): Promise<string> => readFile(join(folder, file), "utf8");

function hooks(options: Partial<CommandHooksOptions>): CommandHooks {
  return new CommandHooks({
    ...{ onTrial: null, onFinish: null, env: { OUT: join(folder, "out"), MLBENCH_HPO_STUDY: "s" } },
    ...{ log: join(folder, "files", "hooks.log"), stringify: stringifyJson },
    inputOf: (event) => (event.event === "trial" ? { number: event.trial.number, best: NaN } : { event: event.event }),
    inputOfFailure: (error) => ({ failure: (error as Error).message }),
    ...options,
  });
}

/** What went wrong, event by event. */
async function told(tracker: CommandHooks, events: readonly OptimizeEvent[], failure?: unknown): Promise<unknown[]> {
  const heard = events.flatMap((event) => tracker.onEvent(event) ?? []);
  const closed = tracker.close(failure);
  const answers = await Promise.allSettled([...heard, closed]);
  const problems = answers.map((answer) => (answer.status === "rejected" ? (answer.reason as Error).message : null));
  // Closing that went well is not worth a word.
  return problems.at(-1) === null ? problems.slice(0, -1) : problems;
}

describe.skipIf(process.platform === "win32")("hooks", () => {
  test("run one at a time in the order of the events, with JSON on stdin, an environment, and their output in the log", async () => {
    const script =
      'read -r line; echo "$line $MLBENCH_HPO_EVENT $MLBENCH_HPO_TRIAL$MLBENCH_HPO_STOPPED_BY" >> "$OUT"; sleep 0.01; echo "end" >> "$OUT"; echo said; echo so >&2';
    const tracker = hooks({ onTrial: shell(script), onFinish: shell(script) });
    expect(await told(tracker, [start, trial(2), trial(0), trial(1), finish])).toEqual([null, null, null]);
    expect((await text("out")).trim().split("\n")).toEqual([
      ...['{"number":2,"best":"NaN"} trial 2', "end", '{"number":0,"best":"NaN"} trial 0', "end"],
      ...['{"number":1,"best":"NaN"} trial 1', "end", '{"event":"finish"} finish trials', "end"],
    ]);
    const log = await text("files/hooks.log");
    expect(log.match(/said\nso\n/g)).toHaveLength(4);
    expect(log).toMatch(/^\S+Z --on-trial, trial 2: sh -c read -r line/);
  });

  test("one that fails, is missing, is too slow, ignores SIGTERM or leaves a child behind is told of, and the next one runs", async () => {
    const host = new HookProcess();
    const problem = (words: [string, ...string[]]): Promise<string | null> =>
      host.run({
        ...{ words, input: "{}", log: null, title: "", limitMs: 150, termMs: 150 },
        env: { OUT: join(folder, "out") },
      });
    expect(await problem(["false"])).toBe("exit code 1");
    expect(await problem(["no-such-program-anywhere"])).toBe("cannot be run: no such program");
    expect(await problem(["sleep", "60"])).toBe("took longer than 0.15 s");
    expect(await problem(shell('trap "" TERM; while :; do sleep 0.05; done'))).toBe("took longer than 0.15 s");
    expect(await problem(shell("kill -9 $$"))).toBe("was ended by SIGKILL");
    // It reads nothing of what it is told, and is no failure for that.
    expect(await problem(shell("exec <&-; true"))).toBe(null);
    expect(await problem(shell('sleep 60 & echo $! > "$OUT"'))).toBe(null);
    host.close();
    const left = Number(await text("out"));
    await vi.waitFor(() => expect(() => process.kill(left, 0)).toThrow("ESRCH"), 3000);
  });

  test("the log keeps so much of one, and of all; one that cannot be written is said", async () => {
    await told(hooks({ onTrial: shell("yes | head -c 300000") }), [start, trial(0)]);
    const once = (await text("files/hooks.log")).length;
    expect(once).toBeGreaterThan(65_536);
    expect(once).toBeLessThan(66_000);
    expect(await text("files/hooks.log")).toMatch(/, 234464 more bytes of output\n$/);
    await writeFile(join(folder, "files", "hooks.log"), "x".repeat(1024 * 1024 + 1));
    await told(hooks({ onTrial: ["true"] }), [start, trial(1)]);
    expect((await text("files/hooks.log")).length).toBeLessThan(1000);
    expect((await text("files/hooks.log.1")).length).toBe(1024 * 1024 + 1);
    await writeFile(join(folder, "file"), "");
    const [unwritten] = await told(hooks({ onTrial: ["true"], log: join(folder, "file", "hooks.log") }), [
      start,
      trial(2),
    ]);
    expect(unwritten).toContain("its output cannot be written");
  });

  test("at the end those for trials are waited for within a bound, then dropped; the last one runs all the same", async () => {
    const notes: string[] = [];
    const tracker = hooks({
      ...{ onTrial: ["sleep", "60"], onFinish: shell('cat > "$OUT"'), outstandingMs: 100 },
      onNote: (note) => notes.push(note),
    });
    const answers = await told(tracker, [start, trial(0), trial(1), trial(2), finish]);
    expect(answers).toEqual([expect.stringContaining("sleep: dropped"), null, null, "2 of --on-trial were dropped"]);
    // A slow machine is told that it waits before.
    expect(notes.at(-1)).toBe("2 hooks of --on-trial were dropped");
    expect(await text("out")).toBe('{"event":"finish"}\n');
  });

  test("an abort drops those for trials, before and after the end of the call", async () => {
    const stop = new AbortController();
    const tracker = hooks({ onTrial: ["sleep", "60"], onFinish: shell('cat > "$OUT"'), signal: stop.signal });
    const first = tracker.onEvent(trial(0));
    void tracker.onEvent(start);
    stop.abort();
    await expect(first).rejects.toThrow("dropped");
    expect(await told(tracker, [trial(1), trial(2), finish])).toEqual([
      expect.stringContaining("dropped"),
      null,
      "1 of --on-trial were dropped",
    ]);
    expect(await text("out")).toBe('{"event":"finish"}\n');
  });

  test("a call that fails has a last hook, one that never began has none", async () => {
    const onFinish = shell('cat > "$OUT"; echo "$MLBENCH_HPO_EXIT_CODE $MLBENCH_HPO_STOPPED_BY" >> "$OUT"; exit 3');
    expect(await told(hooks({ onFinish }), [], new Error("disk full"))).toEqual([]);
    expect(existsSync(join(folder, "out"))).toBe(false);
    expect(await told(hooks({ onFinish }), [start], new Error("disk full"))).toEqual([
      `--on-finish: sh: exit code 3; its output: ${join(folder, "files", "hooks.log")}`,
    ]);
    expect(await text("out")).toBe('{"failure":"disk full"}\n1 error\n');
  });

  test("one dies with the process that it is of, however that ends", async () => {
    const pids = join(folder, "out");
    const script = `
      const { CommandHooks } = await import(${JSON.stringify(pathToFileURL(join(projectRoot, "dist", "tracking", "hooks", "index.js")).href)});
      const words = ["sh", "-c", 'trap "" TERM; sleep 600 & echo $$ $! > "$OUT.new"; mv "$OUT.new" "$OUT"; wait; sleep 600'];
      const hooks = new CommandHooks({ onTrial: words, onFinish: null, env: { OUT: ${JSON.stringify(pids)} }, log: null,
        inputOf: () => ({}), inputOfFailure: () => ({}), stringify: JSON.stringify });
      await hooks.onEvent({ event: "trial", trial: { number: 0, state: "complete" } });`;
    const parent = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: "ignore" });
    await vi.waitFor(() => expect(existsSync(pids)).toBe(true), 10_000);
    const children = (await readFile(pids, "utf8")).trim().split(" ").map(Number);
    parent.kill("SIGKILL");
    await vi.waitFor(() => {
      for (const pid of children) expect(() => process.kill(pid, 0), String(pid)).toThrow("ESRCH");
    }, 5000);
  });

  test("change nothing of a study, and are not repeated when it goes on", async () => {
    const made = (name: string) =>
      createStudy({ name, storage: folder, seed: 7, sampler: "random", space: { x: float(-5, 5) } });
    const plain = await made("plain");
    await plain.optimize(square, { trials: 3 });
    const study = await made("hooked");
    await study.optimize(square, { trials: 1 });
    const file = join(folder, "heard");
    const tracker = await commandHooks(study, {
      onTrial: ["sh", "-c", `cat >> '${file}'; exit 1`],
      onFinish: `sh -c 'cat >> "$0"; echo "$MLBENCH_HPO_STUDY_FILE" >> "$0"' ${file}`,
    });
    const hooked = await study.optimize(square, { trials: 2, trackers: [tracker], onEvent: () => undefined });
    expect(outcomes(study.trials)).toEqual(outcomes(plain.trials));
    expect(hooked).toMatchObject({ exitCode: 0, finished: 3, subscriberFailures: [{ subscriber: "hooks", count: 2 }] });
    const lines = (await readFile(file, "utf8")).trim().split("\n");
    const [first, second, last] = lines.slice(0, 3).map((line) => JSON.parse(line) as Record<string, unknown>);
    expect([first, second]).toMatchObject([
      {
        event: "trial",
        number: 1,
        study: "hooked",
        record: { number: 1, intermediate: [], seed: study.trials[1]?.seed },
      },
      { event: "trial", number: 2, state: "complete", values: study.trials[2]?.values },
    ]);
    expect(last).toMatchObject({ event: "finish", finished: 3, stopped_by: "trials" });
    expect(lines.slice(3)).toEqual([join(folder, "hooked.json")]);
    expect(existsSync(join(folder, "hooked.files", "hooks.log"))).toBe(true);
  });
});

test("a command that cannot be one is refused", async () => {
  const study = await createStudy({ name: "s", storage: "memory", space: { x: float(0, 1) } });
  await expect(commandHooks(study, { onTrial: "a | b" })).rejects.toThrow(
    "commandHooks: onTrial a | b: | needs a shell",
  );
  await expect(commandHooks(study, { onFinish: [] })).rejects.toThrow(
    "commandHooks: onFinish: expected a command's words",
  );
  await expect(commandHooks(study, { onTrail: "a" } as object)).rejects.toThrow(
    'unknown option "onTrail": did you mean "onTrial"',
  );
});
