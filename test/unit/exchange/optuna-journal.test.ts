import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { canonicalJson } from "../../../src/core/index.js";
import type { Trial } from "../../../src/core/index.js";
import { JournalDamage, toRecords } from "../../../src/exchange/optuna/index.js";
import type { OptunaStudy } from "../../../src/exchange/optuna/index.js";
import type { OptunaTrial } from "../../../src/exchange/optuna/journal.js";
import { exported, fileJournal, fixture, shownStudies, stateOf, textJournal } from "./journals.js";
import type { ShownTrial } from "./journals.js";

/** Non-finite numbers as the texts that the fixture has for them. */
const plain = (value: unknown): unknown => JSON.parse(canonicalJson(value));

async function studyNamed(name: string): Promise<OptunaStudy> {
  const { studies } = await fileJournal("optuna-5.log");
  return studies.find((study) => study.name === name) as OptunaStudy;
}

const states = {
  RUNNING: "running",
  COMPLETE: "complete",
  PRUNED: "pruned",
  FAIL: "failed",
  WAITING: "waiting",
} as const;

/** `2026-03-01T10:00:00.250000+00:00` of what a record has as `2026-03-01T10:00:00.250Z`. */
function micro(time: string | null): string | null {
  return time && time.replace(/\.(\d+)Z$/, (_all, digits: string) => `.${digits.padEnd(6, "0")}+00:00`);
}

/** What Optuna shows of a trial, of the record that was made of it. */
function shownRecord(record: Trial, shown: ShownTrial) {
  const { "optuna:system_attrs": foreign, ...user_attrs } = record.user_attrs;
  return {
    state: record.state,
    values: record.values,
    params: record.params,
    intermediate: record.intermediate,
    started_at: micro(record.started_at),
    finished_at: micro(record.finished_at),
    user_attrs,
    constraints: record.constraints,
    foreign: Object.keys(foreign ?? {}).filter((key) => key in shown.system_attrs),
  };
}

/** The same of what Optuna shows. */
function wanted(shown: ShownTrial) {
  const { constraints: _list, fixed_params, failed_trial, retry_history, ...foreign } = shown.system_attrs;
  const waiting = shown.state === "WAITING";
  const named = Object.keys(foreign);
  return {
    state: states[shown.state],
    values: shown.state === "COMPLETE" ? shown.values : null,
    params: waiting ? { ...(fixed_params as object | undefined), ...shown.params } : shown.params,
    intermediate: shown.intermediate.map(([step, value]) => [step, value ?? "NaN"]),
    started_at: shown.started_at,
    finished_at: shown.finished_at,
    user_attrs: shown.user_attrs,
    constraints: shown.constraints,
    foreign: [...named, ...(fixed_params !== undefined && !waiting ? ["fixed_params"] : [])],
    retried: failed_trial ?? null,
    history: retry_history ?? null,
  };
}

describe("Optuna 5's journal, against what Optuna 5.0.0 shows of it", () => {
  test.each(["branches", "front", "old"])("%s: every trial", async (name) => {
    const shown = shownStudies().find((study) => study.name === name);
    if (!shown) throw new Error("no such study");
    const read = toRecords(await studyNamed(name));
    expect(read.objectives?.map(({ direction }) => direction.toUpperCase())).toEqual(shown.directions);
    if (shown.metric_names) expect(read.objectives?.map(({ metric }) => metric)).toEqual(shown.metric_names);
    expect(read.user_attrs).toMatchObject(shown.user_attrs);
    expect(read.trials).toHaveLength(shown.trials.length);
    const wrong = shown.trials.flatMap((trial, i) => {
      const { retried: _first, history: _all, ...want } = wanted(trial);
      const got = plain(shownRecord(read.trials[i] as Trial, trial)) as typeof want;
      // A choice that is no single value is its JSON here.
      for (const { params } of name === "old" ? [got, want] : []) Reflect.deleteProperty(params, "nothing");
      got.foreign.sort();
      want.foreign.sort();
      return canonicalJson(got) === canonicalJson(want) ? [] : [{ number: i, got, want }];
    });
    expect(wrong).toEqual([]);
  });

  test("what each state comes to: a retry, a queued trial, one that runs, a failure, the order of the ends", async () => {
    const { trials } = toRecords(await studyNamed("branches"));
    const [failed, running, retry, queued] = [3, 20, 21, 22].map((number) => trials[number] as Trial);
    expect(failed).toMatchObject({ state: "failed", failure: { class: "exception", where: "Optuna" }, values: null });
    expect(running).toMatchObject({ state: "running", owner: "optuna", seen: [20], finish_index: null });
    expect(retry).toMatchObject({ state: "waiting", retry_of: 3, params: (failed as Trial).params });
    expect(queued).toMatchObject({ state: "waiting", params: { "svm.c": 1, units_0: 8 }, user_attrs: { by: "me" } });
    expect(trials.slice(0, 20).map(({ finish_index }) => finish_index)).toEqual(trials.slice(0, 20).map((_, i) => i));
    // A report is judged by the trials that were finished by then.
    expect(trials[7]?.seen).toEqual((trials[7] as Trial).intermediate.map(() => 7));
  });

  test("the space is the union of what the trials were drawn from, with the conditions that they tell", async () => {
    const { space, notes } = toRecords(await studyNamed("branches"));
    expect(space).toMatchObject({
      kind: { type: "categorical", choices: ["svm", "forest", 7, 0.5, true, null] },
      layers: { type: "int", low: 1, high: 3 },
      units_0: { type: "int", low: 4, high: 64, log: true },
      units_1: { when: { layers: [2, 3] } },
      units_2: { when: { layers: 3 } },
      depth: { type: "int", low: 2, high: 32, step: 2, when: { kind: "forest" } },
      rate: { type: "float", low: 0, high: 0.9, step: 0.15 },
    });
    expect(Object.hasOwn(space?.["rate"] ?? {}, "when")).toBe(false);
    expect(notes).toEqual([]);
  });

  test("older distributions are what they are called today; moments without a zone are local", async () => {
    const { space, notes, trials } = toRecords(await studyNamed("old"));
    expect(space).toEqual({
      uniform: { type: "float", low: 0, high: 1, log: false, step: null },
      log: { type: "float", low: 0.001, high: 1, log: true, step: null },
      grid: { type: "float", low: 0, high: 1, log: false, step: 0.25 },
      int: { type: "int", low: 1, high: 9, log: false, step: 2 },
      intlog: { type: "int", low: 1, high: 64, log: true, step: 1 },
      nothing: { type: "categorical", choices: ["NaN", "x", "[1,2]"] },
    });
    expect(notes).toEqual(["choices of nothing are no single values: their JSON stands for them"]);
    const local = new Date(2021, 1, 3, 4, 5, 6, 789).toISOString().replace(/Z$/, "012Z");
    expect(trials.map(({ started_at }) => started_at)).toEqual([
      local,
      "2021-02-02T19:05:06.000Z",
      "2021-02-03T04:05:06.500Z",
    ]);
  });

  test("what cannot be said here comes back whole when the study is exported again", async () => {
    for (const { name } of shownStudies()) {
      const before = await studyNamed(name);
      const after = await exported(stateOf(toRecords(before)));
      expect(after.directions).toEqual(before.directions);
      expect([...after.userAttrs]).toEqual([...before.userAttrs]);
      const given = ({ systemAttrs }: OptunaTrial | OptunaStudy) =>
        [...systemAttrs].filter(([key]) => !key.startsWith("mlbench:")).sort(([a], [b]) => (a < b ? -1 : 1));
      expect(given(after)).toEqual(given(before));
      const essence = (trial: OptunaTrial) => ({
        ...trial,
        ...{ seen: null, params: trial.state === "waiting" ? null : new Map([...trial.params].sort()) },
        reports: [...trial.reports]
          .map(([step, { value }]) => [step, value])
          .sort(([a], [b]) => (a as number) - (b as number)),
        systemAttrs: given(trial).filter(([key]) => trial.state !== "waiting" || key !== "fixed_params"),
        userAttrs: [...trial.userAttrs],
        distributions:
          trial.state === "waiting" ? null : [...trial.distributions].map(([key, d]) => [key, d.distribution]).sort(),
      });
      expect(after.trials.map(essence)).toEqual(before.trials.map(essence));
    }
  });
});

describe("Optuna's own old journal, as its tests/storages_tests/journal_tests/test_log_compatibility.py has it", () => {
  test("studies, attributes, and ten trials of one of them", async () => {
    const { studies, notes } = await fileJournal("optuna-4.0.0.dev.log");
    expect(notes).toEqual([]);
    expect(studies.map(({ name }) => name)).toEqual([
      "single_empty",
      "single_user_attr",
      "single_system_attr",
      "single_optimization",
    ]);
    const [empty, userAttr, systemAttr, optimization] = studies.map(toRecords);
    expect(empty).toMatchObject({ trials: [], user_attrs: {}, objectives: [{ direction: "minimize" }] });
    expect(userAttr?.user_attrs).toEqual({ a: 1, b: 2, c: 3 });
    expect(systemAttr?.user_attrs).toEqual({ "optuna:system_attrs": { A: 1, B: 2, C: 3 } });
    expect(optimization?.trials).toHaveLength(10);
    for (const { number, state, value, values, params, intermediate, user_attrs } of optimization?.trials ?? []) {
      expect({ state, value, intermediate }).toEqual({ state: "complete", value: undefined, intermediate: [[0, 0.5]] });
      const { x, y, z } = params as { x: number; y: number; z: number };
      // Its objective.
      expect(values?.[0]).toBeCloseTo(x ** 2 + y ** 2 + z ** 2, 10);
      expect(x >= -5 && x <= 5 && y >= 0 && y <= 10 && [-5, 0, 5].includes(z)).toBe(true);
      expect(user_attrs).toEqual({ [`a_${number}`]: 0, "optuna:system_attrs": { [`b_${number}`]: 1 } });
    }
  });
});

describe("journals that are not whole", () => {
  const create = '{"op_code":0,"worker_id":"w","study_name":"s","directions":[1]}\n';
  const trial = '{"op_code":4,"worker_id":"w","study_id":0,"datetime_start":null}\n';

  test("a last record that was cut short is left out, one that lacks but its line's end is not", async () => {
    const torn = await textJournal(`${create}${trial}{"op_code":4,"wor`);
    expect(torn.studies[0]?.trials).toHaveLength(1);
    expect(torn.notes).toEqual(["line 3: the last record was cut short, left out"]);
    const whole = await textJournal(`${create}${trial}${trial.trimEnd()}`);
    expect(whole.studies[0]?.trials).toHaveLength(2);
    expect(whole.notes).toEqual([]);
  });

  test("a record that shares its line with the remains of another one is taken", async () => {
    const { studies, notes } = await textJournal(`${create}{"op_code":4,"study_id":0,"x":"{\\"op_code${trial}${trial}`);
    expect(studies[0]?.trials).toHaveLength(2);
    expect(notes).toEqual(["line 2: the remains of a record that was cut short, left out"]);
  });

  test.each([
    ["no JSON at all\n", "line 2: it is no JSON"],
    ['{"op_code":11}\n', "line 2: there is no op_code 11"],
    ["[1]\n", "line 2: it is no object"],
    ['{"op_code":4,"study_id":0,"state":7}\n', "line 2: there is no state 7"],
    ['{"op_code":4,"study_id":0,"distributions":{"x":"{}"}}\n', "line 2: unknown distribution {}"],
  ])("a record in the middle that is none, %j, is told with its line", async (line, message) => {
    const read = textJournal(`${create}${line}${trial}`);
    await expect(read).rejects.toThrow(JournalDamage);
    await expect(read).rejects.toThrow(message);
  });

  test("the fixture's last record is cut short, and Optuna reads it all the same", async () => {
    const lines = readFileSync(fixture("optuna-5.log"), "utf8").split("\n");
    expect((await fileJournal("optuna-5.log")).notes).toEqual([
      `line ${lines.length}: the last record was cut short, left out`,
    ]);
  });
});
