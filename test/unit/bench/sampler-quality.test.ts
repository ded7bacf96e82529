/** The sampler benchmark's studies and its judgements. */
import { expect, test } from "vitest";
import type { History, Params, Sampler, SearchSpace } from "../../../src/index.js";

interface Outcome {
  readonly early?: number;
  readonly final: number;
  readonly failed: number;
}
interface Problem {
  readonly id: string;
  readonly family: string;
  readonly parallel?: number;
  readonly space: SearchSpace;
  evaluate(params: Params, seed: number, number: number): { value: number; truth: number } | null;
}
interface Family {
  readonly family: string;
  readonly verdict: string;
  readonly share: number;
  readonly best_final: { share: number; problems: number };
}
type Results = readonly {
  id: string;
  family: string;
  trials: number;
  cpuSeconds: number;
  ours: Outcome[];
  peers: Record<string, { trials: number; final: (number | null)[]; early?: (number | null)[] }>;
}[];

const part = (name: string): string => new URL(`../../../bench/sampler-quality/${name}.mjs`, import.meta.url).href;
const { runStudy } = (await import(part("study"))) as {
  readonly runStudy: (problem: Problem, sampler: Sampler, seed: number, trials: number) => Promise<Outcome>;
};
const { judge } = (await import(part("judge"))) as {
  readonly judge: (results: Results) => { families: Family[]; lines: string[] };
};
const { problemOf, specs } = (await import(part("problems"))) as {
  readonly problemOf: (spec: { id: string }) => Problem;
  readonly specs: { id: string }[];
};

/** Answers with the trial's number, and keeps what it was shown of earlier trials. */
function watching(seen: string[]): Sampler {
  return {
    name: "watching",
    suggest(_space: SearchSpace, history: History) {
      const running = history.running?.map((t) => t.number).join(",");
      seen.push(`${history.trials.map((t) => t.state[0]).join("")} ${running}`);
      return { x: history.trials.length };
    },
  };
}

const line = {
  id: "line",
  family: "f",
  space: { x: { type: "float", low: 0, high: 9, log: false, step: null } },
} as const;

test("two at a time: trial n takes 1 + frac(0.618 n), and the next is asked when one has ended", async () => {
  // Ends: 0 at 1, 1 at 1.618, 2 at 2.236, 3 at 1.618 + 1.854, 4 at 2.236 + 1.472, 5 at 3.472 + 1.090.
  const [seen, order]: [string[], number[]] = [[], []];
  const evaluate = (params: Params, _seed: number, number: number) => {
    order.push(number);
    return params.x === 1 ? null : { value: 9 - number, truth: number };
  };
  const outcome = await runStudy({ ...line, parallel: 2, evaluate }, watching(seen), 0, 6);
  expect(order).toEqual([0, 1, 2, 3, 4, 5]);
  expect(seen).toEqual([" ", "r 0", "cr 1", "cfr 2", "cfcr 3", "cfccr 4"]);
  expect(outcome).toEqual({ early: undefined, final: 5, failed: 1 });
});

test("eight at a time: shorter trials overtake", async () => {
  const order: number[] = [];
  const evaluate = (_params: Params, _seed: number, number: number) => {
    order.push(number);
    return { value: 0, truth: 0 };
  };
  await runStudy({ ...line, parallel: 8, evaluate }, watching([]), 0, 8);
  // frac(0.618 n) for 0 … 7: 0, .618, .236, .854, .472, .090, .708, .326.
  expect(order).toEqual([0, 5, 2, 7, 4, 1, 6, 3]);
});

test("scored by the true value at the incumbent, after 50 trials and at the end; Infinity without one", async () => {
  // The observed value falls all the time, the true one rises.
  const evaluate = (_params: Params, _seed: number, number: number) => ({ value: -number, truth: number });
  expect(await runStudy({ ...line, evaluate }, watching([]), 0, 60)).toEqual({ early: 49, final: 59, failed: 0 });
  const failing = await runStudy({ ...line, evaluate: () => null }, watching([]), 0, 3);
  expect(failing).toEqual({ early: undefined, final: Infinity, failed: 3 });
});

const result = (id: string, ours: number[], peers: Results[number]["peers"]): Results[number] => ({
  id,
  family: "rugged",
  trials: 100,
  cpuSeconds: 0,
  ours: ours.map((final) => ({ final, early: final + 10, failed: 0 })),
  peers,
});
const peer = (final: (number | null)[], early = final): Results[number]["peers"][string] => ({
  trials: 100,
  final,
  early,
});

test("a family's verdict is that of its problems together; the best peer is the one with the lowest median", () => {
  const ours = Array.from({ length: 10 }, (_, i) => i);
  const higher = ours.map((v) => v + 3);
  const lower = ours.map((v) => v - 20);
  const { families, lines } = judge([
    result("a", ours, { tpe: peer(higher), cmaes: peer(lower) }),
    result("b", ours, { tpe: peer(higher) }),
  ]);
  // P(i < j + 3) + ties / 2 over 0 … 9: 72 pairs below, 7 equal.
  expect(families).toMatchObject([
    { family: "rugged", verdict: "better", share: 0.755, best_final: { share: 0.755 / 2, problems: 2 } },
  ]);
  expect(lines.join("\n")).toMatch(
    /missed goals:\n {2}rugged: mean P \.378 against each problem's best peer at the end/,
  );
});

test("a study of a peer's in which all failed counts as the worst", () => {
  const { families } = judge([result("a", [1, 2, 3, 4], { tpe: peer([null, null, null, null]) })]);
  expect(families[0]?.share).toBe(1);
});

test("after 50 trials the GP's values are beside ours of 50 trials", () => {
  const { lines } = judge([result("a", [0, 0], { tpe: peer([1, 1], [11, 11]), gp: { trials: 50, final: [9, 9] } })]);
  // Ours: 10 after 50 trials, behind the GP's 9 and ahead of TPE's 11.
  expect(lines.find((l) => l.startsWith("| rugged"))).toMatch(/\| 1\.00 \(1\) \| \.00 \(1\) \|$/);
});

test("plateaus have their whole steps, failing regions no value, noise its true value", () => {
  const problem = (id: string): Problem => problemOf(specs.find((s) => s.id === id) as { id: string });
  const at = (v: number): Params => Object.fromEntries(Array.from({ length: 5 }, (_, i) => [`x${i}`, v]));
  expect(problem("ackley-5-in-3").evaluate(at(32), 0, 0)?.truth).toBe(2);
  // 4 is .9 of -5 … 5; above .7 trials fail.
  expect(problem("sphere-5-fails-above").evaluate({ ...at(0), x0: 4 }, 0, 0)).toBeNull();
  const noisy = problem("sphere-5-noise-1");
  const drawn = Array.from(
    { length: 400 },
    (_, number) => noisy.evaluate(at(1), 0, number) as { value: number; truth: number },
  );
  expect(new Set(drawn.map((d) => d.truth)).size).toBe(1);
  const off = drawn.map((d) => (d.value - d.truth) / 60);
  const variance = off.reduce((sum, v) => sum + v * v, 0) / off.length;
  // 400 squares of a standard normal: mean 1, deviation .07.
  expect(Math.abs(variance - 1)).toBeLessThan(0.35);
});
