import { describe, expect, test } from "vitest";
import type { Direction, EpochEvent } from "../../../src/core/index.js";
import { epochNumbers, scoreTrial } from "../../../src/training/trial-scores.js";
import type { Judgement } from "../../../src/training/trial-scores.js";

/** An epoch with these numbers; the others are 0. */
function epoch(number: number, numbers: Record<string, number>): EpochEvent {
  const zeros = { train_loss: 0, train_rmse: 0, val_rmse: 0, val_rmse_end: 0, val_mae: 0, val_r2: 0, val_max_error: 0 };
  return { ...{ event: "epoch", epoch: number, lr: 0.1, seconds: number / 10 }, ...zeros, ...numbers };
}

const history = [
  epoch(1, { val_rmse: 0.5, val_mae: 0.1, val_r2: 0.2 }),
  epoch(2, { val_rmse: 0.2, val_mae: 0.3, val_r2: 0.9 }),
  epoch(3, { val_rmse: 0.4, val_mae: 0.2, val_r2: 0.7 }),
];
const figures = { seconds: 0.6, parameters: 77, epochs: 3, inference_us: 12 };

function score(metrics: string, more: Partial<Judgement> = {}, epochs = history) {
  const objectives = metrics.split(" ").map((text) => {
    const [metric, direction = "minimize"] = text.split(":") as [string, Direction?];
    return { metric, direction };
  });
  return scoreTrial(epochs, figures, { objectives, constraints: [], trialValue: "best", ...more });
}

describe("a trial's values", () => {
  test("are those of the epoch that the first objective's rule chose", () => {
    expect(score("val_rmse")?.values).toEqual([0.2]);
    expect(score("val_rmse val_mae val_r2:maximize")?.values).toEqual([0.2, 0.3, 0.9]);
    expect(score("val_mae val_rmse")?.values).toEqual([0.1, 0.5]);
    expect(score("val_r2:maximize val_mae")?.values).toEqual([0.9, 0.3]);
    expect(score("val_mae val_rmse", { trialValue: "last" })?.values).toEqual([0.2, 0.4]);
  });

  test("a mean over epochs is the one objective's alone", () => {
    // (0.5), (0.5 + 0.2) / 2, (0.5 + 0.2 + 0.4) / 3
    expect(score("val_rmse", { trialValue: "best-smoothed" })?.values[0]).toBeCloseTo(0.35, 12);
  });

  test("of the whole run are the whole run's; `epoch_seconds` is the chosen epoch's", () => {
    expect(score("val_rmse parameters seconds epochs inference_us epoch_seconds")?.values).toEqual([
      ...[0.2, 77, 0.6, 3, 12, 0.2],
    ]);
  });

  test("where epochs are equal in the first objective, the next ones choose, then the kept weights", () => {
    expect(score("parameters val_mae")?.values).toEqual([77, 0.1]);
    expect(score("parameters epochs val_r2:maximize val_mae")?.values).toEqual([77, 3, 0.9, 0.3]);
    expect(score("seconds")?.metrics.best["epoch"]).toBe(2);
    expect(score("parameters", { constraints: ["val_rmse<=0.2"] })?.constraints).toEqual({ "val_rmse<=0.2": 0 });
    const equal = [epoch(1, { val_rmse: 1 }), epoch(2, { val_rmse: 1 })];
    expect(score("val_rmse", {}, equal)?.metrics.best["epoch"]).toBe(1);
  });

  test("are none without an epoch, and an error where an objective was not scored", () => {
    expect(score("val_rmse", {}, [])).toBeNull();
    expect(() => score("val_rul_mae")).toThrow(
      /epoch 1 has no "val_rul_mae": .* on these windows: none of them sees its cell's end of life \(data\.eol\)/,
    );
    expect(() => score("val_rmse val_rul_mae")).toThrow('epoch 2 has no "val_rul_mae"');
  });
});

test("constraints are those of the chosen epoch and of the run; a metric that is missing is not met", () => {
  const constraints = ["val_mae<=0.25", "val_r2>=0.5", "parameters<=100", "val_rul_mae<=3"];
  const found = score("val_rmse", { constraints })?.constraints ?? {};
  expect(Object.keys(found)).toEqual(constraints);
  expect(found["val_mae<=0.25"]).toBeCloseTo(0.05, 12);
  expect(found["val_r2>=0.5"]).toBeCloseTo(-0.4, 12);
  expect(found["parameters<=100"]).toBe(-23);
  expect(found["val_rul_mae<=3"]).toBeNaN();
});

test("recorded metrics are the best and the last epoch's, the model's own included, without what a clock measures", () => {
  const own = [epoch(1, { val_rmse: 1, val_kl: 0.25 }), epoch(2, { val_rmse: 2, val_kl: 0.5 })];
  const metrics = score("val_rmse", {}, own)?.metrics;
  expect(metrics?.best).toMatchObject({ epoch: 1, val_rmse: 1, val_kl: 0.25, parameters: 77, epochs: 3 });
  expect(metrics?.last).toMatchObject({ epoch: 2, val_rmse: 2, val_kl: 0.5, parameters: 77, epochs: 3 });
  for (const name of ["seconds", "epoch_seconds", "lr", "inference_us"]) expect(metrics?.best).not.toHaveProperty(name);
  expect(epochNumbers(own[0] as EpochEvent)).toMatchObject({ epoch: 1, val_kl: 0.25, lr: 0.1, epoch_seconds: 0.1 });
  expect(epochNumbers(own[0] as EpochEvent)).not.toHaveProperty("event");
});
