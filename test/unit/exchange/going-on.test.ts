/** Spaces that are made of trials' own distributions, and studies that have gone on in Optuna since they were exported. */
import { describe, expect, test } from "vitest";
import { blankTrial, categorical, createStudyState, float, int } from "../../../src/core/index.js";
import type { Distribution, ParamValue, Trial } from "../../../src/core/index.js";
import { distributionText } from "../../../src/exchange/optuna/distributions.js";
import { journalLines, toRecords } from "../../../src/exchange/optuna/index.js";
import { fitsSpace, spaceOfTrials } from "../../../src/exchange/optuna/study-space.js";
import { header } from "../../../src/testing/study-records.js";
import { textJournal } from "./journals.js";

type Drawn = Readonly<Record<string, readonly [Distribution | null, ParamValue]>>;

function spaceOf(...trials: readonly Drawn[]) {
  return spaceOfTrials(
    trials.map((drawn) => ({
      state: "complete",
      params: new Map(Object.entries(drawn).map(([name, [, value]]) => [name, value])),
      distributions: new Map(Object.entries(drawn).map(([name, [distribution]]) => [name, { distribution }])),
    })),
  );
}

describe("the space of trials", () => {
  test.each([
    ["the widest range", [float(0, 1), float(-2, 0.5)], float(-2, 1)],
    ["a grid that all are on", [int(0, 10, { step: 5 }), int(5, 30, { step: 5 })], int(0, 30, { step: 5 })],
    ["no grid where they differ", [int(0, 10, { step: 5 }), int(1, 9, { step: 4 })], int(0, 10)],
    ["a float's grid, gone with another", [float(0, 1, { step: 0.25 }), float(0, 2)], float(0, 2)],
    [
      "the last one's scale, of what it can hold",
      [float(0, 1), float(1e-3, 2, { log: true })],
      float(1e-3, 2, { log: true }),
    ],
    ["floats where there are any", [int(1, 9), float(0.5, 2)], float(0.5, 9)],
    ["all choices in their order", [categorical(["a", 1]), categorical([true, "a"])], categorical(["a", 1, true])],
    ["the last one's kind", [float(0, 1), categorical(["a"])], categorical(["a"])],
  ] as const)("%s", (_what, distributions, wanted) => {
    const { space } = spaceOf(
      ...distributions.map((d) => ({
        x: [d, d.type === "categorical" ? (d.choices[0] as ParamValue) : d.low] as const,
      })),
    );
    expect(space).toEqual({ x: wanted });
  });

  test("conditions: by choices, by how many there are, by a parent with a condition of its own, and none", () => {
    const kind = (value: string) => [categorical(["svm", "net", "tree"]), value] as const;
    const layers = (value: number) => [int(1, 5), value] as const;
    const x = [float(0, 1), 0.5] as const;
    const { space, unexplained } = spaceOf(
      { kind: kind("svm"), c: x },
      { kind: kind("net"), layers: layers(1), units_0: x, luck: x },
      { kind: kind("net"), layers: layers(2), units_0: x, units_1: x },
      { kind: kind("net"), layers: layers(3), units_0: x, units_1: x, units_2: x },
      { kind: kind("tree") },
      { kind: kind("tree"), luck: x },
    );
    const when = Object.fromEntries(Object.entries(space).map(([name, distribution]) => [name, distribution.when]));
    expect(when).toEqual({
      ...{ kind: undefined, luck: undefined },
      ...{ c: { kind: "svm" }, layers: { kind: "net" }, units_0: { kind: "net" } },
      // Four and five layers were never seen, and have what three have.
      ...{ units_1: { layers: [2, 3, 4, 5] }, units_2: { layers: [3, 4, 5] } },
    });
    expect(unexplained).toEqual(["luck"]);
    expect(fitsSpace({ kind: "svm", c: 0.1, luck: 0.2 }, space)).toBe(true);
    expect(fitsSpace({ kind: "svm", luck: 0.2 }, space)).toBe(false);
    expect(fitsSpace({ kind: "tree", luck: 2 }, space)).toBe(false);
  });
});

test("a grid ends in Optuna where it ends in decimals", () => {
  const high = (d: Distribution) =>
    (JSON.parse(distributionText(d)) as { attributes: { high: number } }).attributes.high;
  // By hand: 0 + 3 x 0.3, 0.05 + 9 x 0.1, -1.5 + 5 x 0.7, 1e-7 + 9 x 1e-7; 3 x 0.3 is 0.8999999999999999 in binary.
  const grids = [
    float(0, 1, { step: 0.3 }),
    float(0.05, 1, { step: 0.1 }),
    float(-1.5, 2.5, { step: 0.7 }),
    float(1e-7, 1e-6, { step: 1e-7 }),
  ];
  expect(grids.map(high)).toEqual([0.9, 0.95, 2, 1e-6]);
});

describe("a study that went on in Optuna", () => {
  const running: Partial<Omit<Trial, "number">> = {
    state: "running",
    owner: "1@here",
    slot: 1,
    seed: 11,
    attempt: 2,
    params: { x: 0.5 },
    backend: "wasm",
    attempts: [{ attempt: 1, started_at: null, ended_at: null, reason: "its process died", intermediate: [] }],
    intermediate: [[1, 0.5]],
    seen: [1],
    started_at: "2026-01-01T00:00:00.000Z",
  };
  const failure = { class: "timeout", message: "too long", where: "epoch 3" } as const;
  const state = createStudyState(
    header("on", { space: { x: float(0, 1) }, objectives: [{ metric: "value", direction: "minimize" }] }),
    [
      blankTrial(0, { state: "failed", failure, finish_index: 0, seed: 10, params: { x: 0.1 } }),
      blankTrial(1, running),
      blankTrial(2, { seed: 12, params: { x: 0.75 } }),
    ],
  );
  const goOn = async (...records: readonly object[]) => {
    const text = [
      ...journalLines(state),
      ...records.map((record) => `${JSON.stringify({ worker_id: "w", ...record })}\n`),
    ];
    const { studies } = await textJournal(text.join(""));
    return toRecords(studies[0] as (typeof studies)[number]);
  };
  const at = "2026-01-01T00:00:02.500000+00:00";

  test("nothing happened: all is as it was", async () => {
    const { trials, notes } = await goOn();
    expect(trials.map(({ value: _derived, ...trial }) => trial)).toEqual(
      state.trials.map(({ value: _derived, ...trial }) => trial),
    );
    expect(notes).toEqual([]);
  });

  test("what ended there tells of its run there, and stays what it was here", async () => {
    const { trials } = await goOn(
      { op_code: 7, trial_id: 1, step: 2, intermediate_value: 0.25 },
      { op_code: 6, trial_id: 1, state: 1, values: [0.25], datetime_complete: at },
      { op_code: 6, trial_id: 2, state: 0, values: null, datetime_start: "2026-01-01T00:00:01+00:00" },
      {
        op_code: 5,
        trial_id: 2,
        param_name: "x",
        param_value_internal: 0.75,
        distribution: distributionText(float(0, 1)),
      },
      { op_code: 6, trial_id: 2, state: 3, values: null, datetime_complete: at },
    );
    expect(trials[0]).toMatchObject({ state: "failed", failure, finish_index: 0 });
    expect(trials[1]).toMatchObject({
      ...{ state: "complete", values: [0.25], owner: null, slot: null, backend: null, seconds: 2.5, finish_index: 1 },
      ...{
        seed: 11,
        attempt: 2,
        attempts: running.attempts,
        intermediate: [
          [1, 0.5],
          [2, 0.25],
        ],
        seen: [1, 1],
      },
    });
    expect(trials[2]).toMatchObject({
      ...{
        state: "failed",
        failure: { class: "exception", where: "Optuna" },
        seed: 12,
        params: { x: 0.75 },
        seconds: 1.5,
      },
      ...{ user_attrs: { "optuna:system_attrs": { fixed_params: { x: 0.75 } } }, finish_index: 2 },
    });
  });

  test("a retry of Optuna's has the attributes of the trial that failed, and is another trial all the same", async () => {
    const system_attrs = {
      "mlbench:number": 0,
      "mlbench:seed": 10,
      "mlbench:failure": failure,
      "mlbench:finish_index": 0,
    };
    const retry = { system_attrs: { ...system_attrs, failed_trial: 0, retry_history: [0] }, state: 1, value: 0.5 };
    const { trials, unseeded } = await goOn({ op_code: 4, study_id: 0, datetime_start: null, ...retry });
    expect(trials[3]).toMatchObject({
      number: 3,
      state: "complete",
      failure: null,
      retry_of: 0,
      finish_index: 1,
      seed: 0,
    });
    expect([...unseeded]).toEqual([3]);
  });
});
