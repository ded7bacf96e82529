import { expect, test } from "vitest";
import { resultTable } from "../../../src/cli/baselines-view.js";
import { painted } from "../../../src/cli/styles.js";

const metrics = { val_rmse: 0.01, val_rmse_end: 0.02, val_mae: 0.008 };
const baselines = { persistence_rmse: 0.03, persistence_rmse_end: 0.04, persistence_mae: 0.02 };

test("errors of the remaining life are a column, the baselines' beside the model's, where there are any", () => {
  const life = { metrics: { ...metrics, val_rul_mae: 1.75 }, baselines: { ...baselines, persistence_rul_mae: 24.5 } };
  const [head, model, persistence, linear] = painted(resultTable("gru", life), false, (text) => text).split("\n");
  expect(head).toMatch(/MAE {2}RUL MAE \[cycles\]$/);
  expect(model).toMatch(/^gru .* 1\.75$/);
  expect(persistence).toMatch(/^persistence .* 24\.5$/);
  expect(linear).toMatch(/ -$/);
  expect(resultTable("gru", { metrics, baselines })).not.toContain("RUL");
});
