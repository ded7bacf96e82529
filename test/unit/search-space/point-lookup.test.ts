import fc from "fast-check";
import { expect, test } from "vitest";
import type { Params, SearchSpace, Trial } from "../../../src/core/index.js";
import {
  applyEvent,
  categorical,
  createRng,
  createStudyState,
  float,
  historyOver,
  int,
} from "../../../src/core/index.js";
import { drawUniform } from "../../../src/search-space/draw-uniform.js";
import { trialsAt } from "../../../src/search-space/point-lookup.js";
import { activeParams, buildParams, samePoint } from "../../../src/search-space/points.js";
import { finiteSpaces } from "../../../src/testing/sampler-scenes.js";
import { header } from "../../fixtures/storage/records.js";
import { trialOf } from "../../fixtures/trials.js";

const spaces: SearchSpace[] = [
  ...Object.values(finiteSpaces),
  { x: float(0, 1), k: categorical(["a", true, null, 1, "1"]) },
  { s: float(-0.3, 0.6, { step: 0.1 }), t: float(0, 1e-3, { step: 1e-4 }), n: int(0, 3) },
];

/** What a point of the space may look like in a record: as drawn, rounded otherwise, with leftovers, or lacking something. */
function disturbed(space: SearchSpace, params: Params, how: number): Params {
  const changed: Record<string, Params[string]> = { ...params };
  const name = Object.keys(space)[how % Object.keys(space).length] as string;
  const d = space[name] as SearchSpace[string];
  const value = changed[name];
  if (how % 5 === 1) delete changed[name];
  if (how % 5 === 2 && d.type === "float" && d.step !== null && typeof value === "number")
    changed[name] = value + 1e-9 * d.step;
  if (how % 5 === 3) changed[name] ??= drawUniform(d, createRng(how, "left over"));
  return changed;
}

const index = fc.array(fc.record({ seed: fc.nat(15), how: fc.nat(30), at: fc.nat(20) }), { maxLength: 25 });

test("what is looked up is what comparing with each trial finds, however the history goes on", () => {
  fc.assert(
    fc.property(fc.constantFrom(...spaces), index, fc.nat(15), (space, steps, seed) => {
      let trials: Trial[] = [];
      const draw = (n: number): Params => buildParams(space, (_name, d) => drawUniform(d, createRng(n % 8, "draw")));
      for (const { seed: drawn, how, at } of steps) {
        const trial = trialOf(trials.length, disturbed(space, draw(drawn), how));
        // Mostly one more; now and then one changes, or an earlier moment is looked at.
        if (how % 7 === 5 && trials.length > 0) trials = trials.with(Math.min(at, trials.length - 1), trial);
        else if (how % 7 === 6) trials = trials.slice(0, at);
        else trials = [...trials, trial];
        const params = activeParams(space, draw(seed));
        const compared = trials.filter((t) => samePoint(space, params, t.params));
        expect(trialsAt(space, { direction: "minimize", trials }, params)).toEqual(compared);
      }
    }),
    { numRuns: 300 },
  );
});

test("so it is in the history of a study's state, which tells what is new in it, and by turns with plain lists", () => {
  const rest = { direction: "minimize", directions: ["minimize"], running: [], seed: 0, prior: [] } as const;
  fc.assert(
    fc.property(fc.constantFrom(...spaces), index, fc.nat(15), (space, steps, seed) => {
      const draw = (n: number): Params => buildParams(space, (_name, d) => drawUniform(d, createRng(n % 8, "draw")));
      const states = [createStudyState(header("points"))];
      for (const { seed: drawn, how, at } of steps) {
        const state = states.at(-1) as (typeof states)[number];
        const running = { state: "running" as const, started_at: "2026-01-02T03:04:05.678Z", owner: "me" };
        const trial = trialOf(state.size, disturbed(space, draw(drawn), how), running);
        // Mostly one more; now and then one reports, or an earlier moment is looked at.
        const event =
          how % 7 === 5 && state.size > 0
            ? ({ type: "trial-attr", number: at % state.size, key: "k", value: how } as const)
            : ({ type: "trial-created", trial } as const);
        states.push(how % 7 === 6 ? (states[at % states.length] as typeof state) : applyEvent(state, event));
        const now = states.at(-1) as typeof state;
        const params = activeParams(space, draw(seed));
        const history = how % 5 === 4 ? { ...rest, trials: now.trials.slice(0, at) } : historyOver(now, rest);
        const compared = history.trials.filter((t) => samePoint(space, params, t.params));
        expect(trialsAt(space, history, params)).toEqual(compared);
      }
    }),
    { numRuns: 300 },
  );
});

test("a trial without an active parameter, or with a value that is no number, stands nowhere", () => {
  const space = { x: float(0, 1), y: float(0, 1) };
  const trials = [trialOf(0, { x: 0.5 }), trialOf(1, { x: 0.5, y: Number.NaN }), trialOf(2, { x: 0.5, y: 0.25 })];
  const history = { direction: "minimize" as const, trials };
  expect(trialsAt(space, history, { x: 0.5 })).toEqual([]);
  expect(trialsAt(space, history, { x: 0.5, y: Number.NaN })).toEqual([]);
  expect(trialsAt(space, history, { x: 0.5, y: 0.25 })).toEqual([trials[2]]);
});
