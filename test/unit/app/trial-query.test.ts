import { describe, expect, test } from "vitest";
import { queryTrials } from "../../../src/app/views/trial-query.js";
import { trialOf } from "../../fixtures/trials.js";

const trials = [
  trialOf(0, { "train.lr": 0.01, "model.hidden_size": 32 }, { value: 0.3 }),
  trialOf(1, { "train.lr": 0.001, "model.hidden_size": 16 }, { state: "pruned", intermediate: [[1, 0.5]] }),
  trialOf(2, { "train.lr": 0.1, "model.hidden_size": 64 }, { value: 0.1 }),
  trialOf(
    3,
    { "train.lr": 0.05, "model.hidden_size": 8 },
    { state: "failed", failure: { class: "diverged", message: "NaN", where: "epoch 1" } },
  ),
];
const numbers = (query: Parameters<typeof queryTrials>[1]): number[] => queryTrials(trials, query).map((t) => t.number);

describe("queryTrials", () => {
  test("by state, in the records' order", () => {
    expect(numbers({ state: ["pruned", "failed"] })).toEqual([1, 3]);
    expect(numbers({})).toEqual([0, 1, 2, 3]);
  });

  test("filters compare numbers as numbers, text as text, and all must hold", () => {
    expect(numbers({ filter: ["train.lr<0.05"] })).toEqual([0, 1]);
    expect(numbers({ filter: ["train.lr<=0.05", "hidden_size>=16"] })).toEqual([0, 1]);
    expect(numbers({ filter: ["state!=complete"] })).toEqual([1, 3]);
    expect(numbers({ filter: ["failure=diverged"] })).toEqual([3]);
    expect(numbers({ filter: ["value=null"] })).toEqual([1, 3]);
    expect(numbers({ filter: ["model.hidden_size>9"] })).toEqual([0, 1, 2]);
  });

  test("== is =, and a word against numbers or an unknown state is refused", () => {
    expect(numbers({ filter: ["number==2"] })).toEqual([2]);
    expect(() => queryTrials(trials, { filter: ["value<0,5"] })).toThrow(/value is a number, and "0,5" is none/);
    expect(() => queryTrials(trials, { filter: ["state=COMPLETE"] })).toThrow(/did you mean "complete"\?/);
  });
  test("sorting puts trials without the value last, ascending and descending", () => {
    expect(numbers({ sort: "value" })).toEqual([2, 0, 1, 3]);
    expect(numbers({ sort: "-value" })).toEqual([0, 2, 1, 3]);
    expect(numbers({ sort: "-lr", limit: 2 })).toEqual([2, 3]);
  });

  test("mistakes name what would be right", () => {
    expect(() => numbers({ state: ["done"] })).toThrow(/--state done: expected some of waiting, running, complete/);
    expect(() => numbers({ filter: ["lr"] })).toThrow(/--filter lr: expected name, one of/);
    expect(() => numbers({ sort: "vlaue" })).toThrow(/did you mean "value"/);
    expect(() => numbers({ filter: ["train.lrr<1"] })).toThrow(/did you mean "train.lr"/);
  });
});
