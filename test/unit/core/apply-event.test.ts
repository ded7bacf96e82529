import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { applyEvent, createStudyState, isFinished } from "../../../src/core/index.js";
import type { StudyEvent, StudyState } from "../../../src/core/index.js";
import { created, finished, header, life, report, started } from "../../fixtures/storage/records.js";
import { AT, runningTrial, waitingTrial } from "../../fixtures/trials.js";
import { RunCounts } from "../../fixtures/run-counts.js";

const empty = createStudyState(header("a"));
const play = (events: readonly StudyEvent[], from: StudyState = empty): StudyState => events.reduce(applyEvent, from);
const refused = (code: string): unknown => expect.objectContaining({ code });

describe("applyEvent", () => {
  it("takes a trial through its life", () => {
    const state = play([
      created(waitingTrial(0)),
      started(0),
      {
        type: "trial-param",
        number: 0,
        name: "x",
        value: 2,
        distribution: { type: "float", low: 0, high: 3, log: false, step: null },
      },
      report(0, 1, 0.5),
      { type: "trial-attr", number: 0, key: "note", value: [1] },
      finished(0, 0.25),
    ]);
    expect(state.trials[0]).toEqual({
      ...waitingTrial(0),
      state: "complete",
      values: [0.25],
      value: 0.25,
      params: { ...waitingTrial(0).params, x: 2 },
      distributions: { x: { type: "float", low: 0, high: 3, log: false, step: null } },
      intermediate: [[1, 0.5]],
      seen: [0],
      finish_index: 0,
      metrics: { best: { val_rmse: 0.25 }, last: { val_rmse: 0.5 } },
      started_at: AT,
      finished_at: AT,
      seconds: 1.5,
      owner: "1@boot",
      slot: 0,
      backend: "wasm",
      user_attrs: { note: [1] },
    });
  });

  it("gives finish indices in the order of finishing, imported trials included", () => {
    const imported = waitingTrial(3, { state: "complete", value: 1, finish_index: 77 });
    const state = play([
      ...[0, 1, 2].map((n) => created(runningTrial(n))),
      finished(2, 1),
      created(imported),
      finished(0, 2),
      finished(1, null, { state: "pruned" }),
    ]);
    expect(state.trials.map(({ finish_index }) => finish_index)).toEqual([2, 3, 0, 1]);
  });

  it("a finished trial never changes", () => {
    const state = play(life(0).flat());
    for (const event of [
      started(0),
      report(0, 11, 1),
      finished(0, 2),
      finished(0, null, { state: "failed" }),
      { type: "trial-requeued", number: 0, at: AT, reason: "r" },
      { type: "trial-attr", number: 0, key: "k", value: 1 },
      { type: "trial-param", number: 0, name: "p", value: 1, distribution: { type: "categorical", choices: [1] } },
    ] as const)
      expect(() => applyEvent(state, event), event.type).toThrow(refused("invalid-transition"));
  });

  it("refuses what cannot happen", () => {
    const state = play([created(waitingTrial(0)), created(runningTrial(1))]);
    expect(() => applyEvent(state, created(waitingTrial(1)))).toThrow(refused("invalid-event"));
    expect(() => applyEvent(state, created(waitingTrial(3)))).toThrow(refused("invalid-event"));
    expect(() => applyEvent(state, report(9, 1, 1))).toThrow(refused("invalid-event"));
    expect(() => applyEvent(state, finished(1, null))).toThrow(refused("invalid-event"));
    expect(() => applyEvent(state, { type: "nonsense" } as unknown as StudyEvent)).toThrow(refused("invalid-event"));
    expect(() => applyEvent(state, report(0, 1, 1))).toThrow(refused("invalid-transition"));
    expect(() => applyEvent(state, finished(0, 1))).toThrow(refused("invalid-transition"));
    expect(() => applyEvent(state, started(1))).toThrow(refused("invalid-transition"));
    expect(applyEvent(state, finished(0, null, { state: "failed" })).trials[0]?.state).toBe("failed");
  });

  it("a pruned or failed trial has no value, its reports stay", () => {
    const state = play([
      created(runningTrial(0)),
      report(0, 1, 3),
      finished(0, 3, { state: "pruned", prune_reason: "why" }),
    ]);
    expect(state.trials[0]).toMatchObject({ value: null, intermediate: [[1, 3]], prune_reason: "why" });
  });

  it("requeueing moves the reports to attempts and raises attempt; parameters stay", () => {
    const before = play([created(waitingTrial(0)), started(0), report(0, 1, 3), report(0, 2, 2)]);
    const state = applyEvent(before, {
      type: "trial-requeued",
      number: 0,
      at: "2026-02-01T00:00:00.000Z",
      reason: "owner died",
    });
    expect(state.trials[0]).toEqual({
      ...waitingTrial(0),
      value: null,
      attempt: 2,
      attempts: [
        {
          attempt: 1,
          started_at: AT,
          ended_at: "2026-02-01T00:00:00.000Z",
          reason: "owner died",
          intermediate: [
            [1, 3],
            [2, 2],
          ],
        },
      ],
    });
    expect(before.trials[0]?.intermediate).toHaveLength(2);
  });

  it("counts trials by state, and finished ones without retries", () => {
    const state = play([
      created(runningTrial(0)),
      finished(0, null, { state: "failed" }),
      created(runningTrial(1, { retry_of: 0 })),
      finished(1, 1),
      created(runningTrial(2)),
      finished(2, null, { state: "pruned" }),
      created(waitingTrial(3)),
      created(runningTrial(4)),
    ]);
    expect(state.counts).toEqual({ waiting: 1, running: 1, complete: 1, pruned: 1, failed: 1 });
    expect([state.size, state.finished, state.counted]).toEqual([5, 3, 2]);
    expect(state.unfinished).toEqual([3, 4]);
    const loaded = createStudyState(state.header, state.trials);
    expect(loaded).toMatchObject({ counts: state.counts, counted: 2, unfinished: [3, 4] });
  });

  it("takes -0 for 0, as a file does", () => {
    const state = play([created(runningTrial(0, { params: { x: -0 } })), report(0, 1, -0), finished(0, -0)]);
    const trial = state.trials[0];
    for (const value of [trial?.value, trial?.intermediate[0]?.[1], trial?.params["x"]])
      expect(Object.is(value, 0)).toBe(true);
  });

  it("records accepted changes in their order", () => {
    const accepted = { type: "change-accepted", at: AT, path: "objective.mjs" } as const;
    const state = play([
      { ...accepted, sha256: "bb" },
      { ...accepted, sha256: "cc" },
    ]);
    expect(state.header.settings.accepted_changes).toEqual([
      { at: AT, path: "objective.mjs", sha256: "bb" },
      { at: AT, path: "objective.mjs", sha256: "cc" },
    ]);
  });

  it("keeps the baselines of each choice of the data, the last that were scored", () => {
    const scored = { type: "baselines-scored", dataset_hash: "aa", metrics: { linear_rmse: 0.5 } } as const;
    const [none, ten, again] = [{}, { "data.window": 10 }, { dataset_hash: "bb", metrics: { linear_rmse: NaN } }];
    const before = play([{ ...scored, params: none }]);
    const after = applyEvent(applyEvent(before, { ...scored, params: ten }), { ...scored, ...again, params: none });
    expect(before.header.baselines).toEqual([{ params: none, dataset_hash: "aa", metrics: { linear_rmse: 0.5 } }]);
    expect(after.header.baselines).toEqual([
      { params: ten, dataset_hash: "aa", metrics: { linear_rmse: 0.5 } },
      { params: none, ...again },
    ]);
  });

  it("keeps earlier states as they were through any number of trials", () => {
    // 32 and 1,024 are where the list behind `trials` grows a level.
    const sizes = [0, 1, 31, 32, 33, 1023, 1024, 1025, 1100];
    const kept = new Map<number, StudyState>();
    let state: StudyState = empty;
    for (let n = 0; n <= 1100; n++) {
      if (sizes.includes(n)) kept.set(n, state);
      state = applyEvent(state, created(runningTrial(n)));
    }
    for (let n = 1100; n >= 0; n--) state = applyEvent(state, finished(n, n));
    for (const [size, old] of kept) {
      expect(old.trials.map(({ number, state: s }) => [number, s])).toEqual(
        Array.from({ length: size }, (_, n) => [n, "running"]),
      );
      expect(old.trial(size)).toBeUndefined();
    }
    expect(state.trials.every(({ number, value }) => number === value)).toBe(true);
    const rebuilt = createStudyState(state.header, state.trials);
    expect(applyEvent(rebuilt, created(waitingTrial(1101))).trials).toHaveLength(1102);
    expect(rebuilt.trials).toEqual(state.trials);
  });

  it("holds its invariants under any sequence of events", () => {
    const number = fc.nat(4);
    const event: fc.Arbitrary<(state: StudyState) => StudyEvent> = fc.oneof(
      fc.constant((s: StudyState) => created(waitingTrial(s.size))),
      number.map((n) => () => started(n)),
      number.map((n) => () => started(n)),
      fc.tuple(number, fc.nat(9), fc.double()).map(
        ([n, step, value]) =>
          (s: StudyState) =>
            report(n, step, value, s.finished),
      ),
      fc.tuple(number, fc.constantFrom("complete", "pruned", "failed"), fc.double()).map(
        ([n, state, value]) =>
          () =>
            finished(n, value, { state }),
      ),
      number.map((n) => () => ({ type: "trial-requeued", number: n, at: AT, reason: "r" }) as const),
    );
    const counts = new RunCounts();
    fc.assert(
      fc.property(fc.nat(5), fc.array(event, { minLength: 30, maxLength: 90 }), (first, events) => {
        let state: StudyState = play(Array.from({ length: first }, (_, n) => created(waitingTrial(n))));
        let refusals = 0;
        for (const make of events) {
          const before = state;
          try {
            state = applyEvent(state, make(state));
          } catch (error) {
            expect(["invalid-transition", "invalid-event"]).toContain((error as { code?: unknown }).code);
            expect(state).toBe(before);
            refusals += 1;
          }
          for (const trial of before.trials) if (isFinished(trial)) expect(state.trial(trial.number)).toBe(trial);
        }
        const indices = state.trials.flatMap(({ finish_index }) => (finish_index === null ? [] : [finish_index]));
        expect(indices.sort((a, b) => a - b)).toEqual(Array.from({ length: state.finished }, (_, i) => i));
        for (const trial of state.trials) expect(trial.seen).toHaveLength(trial.intermediate.length);
        expect(state.unfinished).toEqual(state.trials.filter((t) => !isFinished(t)).map((t) => t.number));
        for (const [name, count] of Object.entries(state.counts))
          expect(count, name).toBe(state.trials.filter((t) => t.state === name).length);
        counts.count("several finished", state.finished > 1);
        counts.count("some unfinished", state.unfinished.length > 0);
        counts.count(
          "requeued",
          state.trials.some((t) => t.attempt > 1),
        );
        counts.count(
          "reports kept",
          state.trials.some((t) => t.intermediate.length > 0),
        );
        counts.count("refused", refusals > 0);
      }),
      { numRuns: 200 },
    );
    counts.expectAtLeast({
      ...{ "several finished": 100, "some unfinished": 100, requeued: 100, "reports kept": 70, refused: 100 },
    });
  });
});
