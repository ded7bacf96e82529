import fc from "fast-check";
import { expect, test } from "vitest";
import { categorical, contains, float, int, isActive } from "../../../src/core/index.js";
import type { EarlierSpace, Params, SearchSpace, StudyHeader } from "../../../src/core/index.js";
import { buildParams, drawUniform, fitOf, headerOfTrial, trialInSpace } from "../../../src/search-space/index.js";
import { createRng } from "../../../src/core/rng.js";
import { trialOf } from "../../../src/testing/trials.js";

type Header = Pick<StudyHeader, "space" | "task" | "earlier_spaces">;

function earlier(space: SearchSpace, fixed: EarlierSpace["fixed"] = {}, conditions: EarlierSpace["conditions"] = {}) {
  return { space, fixed, conditions, until: "2026-01-02T03:04:05.678Z", trials: 1 };
}

function header(space: SearchSpace, fixed: EarlierSpace["fixed"], ...before: readonly EarlierSpace[]): Header {
  return { space, task: { params: fixed }, earlier_spaces: before };
}

/** What a trial of the first space is in the last one: its parameters, or the parameter that keeps it out. */
function told(study: Header, params: Params, space_version?: number): Params | string {
  const fit = fitOf(study, trialOf(0, params, space_version === undefined ? {} : { space_version }));
  return fit.fits ? fit.params : fit.name;
}

test("ranges and choices: a trial fits where its values do, whatever scale they are drawn on now", () => {
  const before = earlier({ x: float(1, 10), n: int(0, 9), kind: categorical(["a", "b"]) });
  const now = header(
    { x: float(2, 20, { log: true }), n: int(0, 8, { step: 2 }), kind: categorical(["b", "c"]) },
    {},
    before,
  );
  expect(told(now, { x: 2, n: 4, kind: "b" })).toEqual({ x: 2, n: 4, kind: "b" });
  expect(told(now, { x: 1.5, n: 4, kind: "b" })).toBe("x");
  expect(told(now, { x: 2, n: 3, kind: "b" })).toBe("n");
  expect(told(now, { x: 2, n: 4, kind: "a" })).toBe("kind");
});

test("a parameter that is searched now counts with the value that was fixed then, where the range has it", () => {
  const before = earlier({ x: float(0, 1) }, { dropout: 0.2, features: ["soh", "capacity"] });
  const added = header({ x: float(0, 1), dropout: float(0, 0.5) }, {}, before);
  expect(told(added, { x: 0.5 })).toEqual({ x: 0.5, dropout: 0.2 });
  expect(told(header({ x: float(0, 1), dropout: float(0.3, 0.5) }, {}, before), { x: 0.5 })).toBe("dropout");
  const named = header({ x: float(0, 1), features: categorical(["all", "soh+capacity"]) }, { dropout: 0.2 }, before);
  expect(told(named, { x: 0.5 })).toEqual({ x: 0.5, features: "soh+capacity" });
  // Nobody knows what a program did without the parameter.
  expect(told(header({ x: float(0, 1), y: float(0, 1) }, {}, earlier({ x: float(0, 1) })), { x: 0.5 })).toBe("y");
});

test("a parameter that is fixed now keeps out what ran with another value; one that is gone keeps out all", () => {
  const before = earlier({ x: float(0, 1), lr: float(0, 1) }, { epochs: 30 });
  const fixed = header({ x: float(0, 1) }, { lr: 0.5, epochs: 30 }, before);
  expect(told(fixed, { x: 0.1, lr: 0.5 })).toEqual({ x: 0.1 });
  expect(told(fixed, { x: 0.1, lr: 0.4 })).toBe("lr");
  expect(told(header({ x: float(0, 1) }, { lr: 0.5, epochs: 50 }, before), { x: 0.1, lr: 0.5 })).toBe("epochs");
  expect(told(header({ x: float(0, 1) }, { epochs: 30 }, before), { x: 0.1, lr: 0.5 })).toBe("lr");
});

test("what meant nothing to a trial keeps it out of nothing", () => {
  const optimizer = categorical(["adamw", "sgd"]);
  const momentum = float(0, 1, { when: { optimizer: "sgd" } });
  const searched = earlier({ optimizer, momentum }, {});
  const fixedNow = header({ optimizer }, { momentum: 0.9 }, searched);
  expect(told(fixedNow, { optimizer: "adamw" })).toEqual({ optimizer: "adamw" });
  expect(told(fixedNow, { optimizer: "sgd", momentum: 0.9 })).toEqual({ optimizer: "sgd" });
  expect(told(fixedNow, { optimizer: "sgd", momentum: 0.5 })).toBe("momentum");
  const conditions = { momentum: { optimizer: "sgd" }, nesterov: { momentum: [0.5, 0.6] } };
  const was = earlier({ optimizer }, { momentum: 0.5, nesterov: false }, conditions);
  const changed = header({ optimizer }, { momentum: 0.5, nesterov: true }, was);
  expect(told(changed, { optimizer: "adamw" })).toEqual({ optimizer: "adamw" });
  expect(told(changed, { optimizer: "sgd" })).toBe("nesterov");
  // Searched from now on: only sgd has a momentum, which it ran with as it was fixed.
  const searchedNow = header({ optimizer, momentum }, { nesterov: false }, was);
  expect(told(searchedNow, { optimizer: "adamw" })).toEqual({ optimizer: "adamw" });
  expect(told(searchedNow, { optimizer: "sgd" })).toEqual({ optimizer: "sgd", momentum: 0.5 });
});

test("another condition keeps out what lacks the parameter now, or has it and should not", () => {
  const kind = categorical(["a", "b"]);
  const before = earlier({ kind, x: float(0, 1, { when: { kind: "a" } }) });
  const now = header({ kind, x: float(0, 1, { when: { kind: "b" } }) }, {}, before);
  expect(told(now, { kind: "a", x: 0.5 })).toBe("x");
  expect(told(now, { kind: "b" })).toBe("x");
});

test("each trial is told by the space that it was started under", () => {
  const spaces = [earlier({ x: float(0, 1) }, { y: 1 }), earlier({ x: float(0, 1), y: float(0, 5) }, {})];
  const now = header({ x: float(0, 1), y: float(0, 2) }, {}, ...spaces);
  expect(told(now, { x: 0.5 })).toEqual({ x: 0.5, y: 1 });
  expect(told(now, { x: 0.5, y: 3 }, 1)).toBe("y");
  // One of the space itself is what it is, outside of the ranges too.
  expect(told(now, { x: 7, y: 9 }, 2)).toEqual({ x: 7, y: 9 });
  const kept = trialOf(0, { x: 0.5, y: 1 }, { space_version: 1 });
  expect(trialInSpace(now, kept)).toBe(kept);
  expect(headerOfTrial(now, trialOf(0, { x: 0.5 }))).toMatchObject({
    space: { x: float(0, 1) },
    task: { params: { y: 1 } },
  });
});

const spaces = fc.record({ low: fc.integer({ min: 0, max: 5 }), span: fc.integer({ min: 0, max: 9 }) });

test("whatever fits is a point of the space", () => {
  const spaceOf = ({ low, span }: { low: number; span: number }): SearchSpace => ({
    kind: categorical(span % 2 === 0 ? ["a", "b"] : ["b", "c"]),
    n: int(low, low + span),
    ...(low % 2 === 0 ? { x: float(low, low + span, { when: { kind: "b" } }) } : {}),
  });
  let fitting = 0;
  fc.assert(
    fc.property(spaces, spaces, fc.integer({ min: 0, max: 999 }), (then, now, seed) => {
      const [was, is] = [spaceOf(then), spaceOf(now)];
      const rng = createRng(seed);
      const params = buildParams(was, (_name, distribution) => drawUniform(distribution, rng));
      const fit = fitOf(header(is, {}, earlier(was, { x: 3 })), trialOf(0, params));
      if (!fit.fits) return;
      fitting += 1;
      const active = Object.keys(is).filter((name) => isActive(is[name] as never, fit.params));
      expect(Object.keys(fit.params)).toEqual(active);
      for (const name of active) expect(contains(is[name] as never, fit.params[name] as never)).toBe(true);
    }),
  );
  expect(fitting).toBeGreaterThan(5);
});
