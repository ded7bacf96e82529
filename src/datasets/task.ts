/** The parameters of the task, which every dataset has. */
import { z } from "zod";
import { categorical, int } from "../core/index.js";
import { parameter } from "../registry/index.js";

/** A list that may also be written as comma-separated text. */
const names = z.union([z.array(z.string()), z.string()]);
const optionalNames = z.union([z.array(z.string()), z.string(), z.null()]).default(null);
const optionalShare = z.number().gt(0).lt(1).nullable().default(null);

/** `window` with a default of the source's choice. */
export function windowParameter(cycles: number) {
  return parameter(z.number().int().min(1).max(1000).default(cycles), {
    description: "window length: consecutive cycles of one cell that the model sees",
    unit: "cycles",
    search: { distribution: int(8, 32), default: true },
  });
}

/**
 * The parameters that every dataset has: how its tables are cut into windows, targets and parts. Only `window` and
 * `features` can be searched; the rest defines the task.
 */
export const taskParameters = z.object({
  window: windowParameter(20),
  horizon: parameter(z.number().int().min(1).max(1000).default(10), {
    description: "prediction horizon: how many cycles ahead SOH is predicted",
    unit: "cycles",
  }),
  stride: parameter(z.number().int().min(1).default(1), {
    description: "stride between windows",
    unit: "cycles",
  }),
  drop_cycles: parameter(z.number().min(0).max(0.9).default(0), {
    description: "share of each cell's cycles that windows do not show: gaps; targets keep them",
  }),
  features: parameter(names.default("all"), {
    description: "input columns: all, a list of names, or a named set",
    search: { distribution: categorical(["all", "soh"]), default: "on request" },
  }),
  split: parameter(z.enum(["by-cell", "by-time", "random"]).default("by-cell"), {
    description:
      "what is held out: whole cells, the later part of each cell, or random windows (which overlap with training)",
  }),
  val_cells: parameter(optionalNames, {
    description: "validation cells; default: the last one by name; each: every cell in turn, as --folds cells",
  }),
  val_split: parameter(optionalShare, {
    description: "validation share: of the cells, or of each cell's windows (by-time, random; default 0.2)",
  }),
  val_part: parameter(
    z
      .string()
      .regex(/^(?:[1-9]\d*\/[1-9]\d*|empty)$/, "expected k/N, such as 2/5, or empty")
      .nullable()
      .default(null),
    {
      description:
        "what of time is validated (by-time): k/N, the k-th of N folds, trained on what lies before; empty: nothing, after folds",
    },
  ),
  test_cells: parameter(optionalNames, { description: "test cells, set aside for the final evaluation" }),
  test_split: parameter(optionalShare, {
    description: "test share, set aside for the final evaluation; by time: the latest windows",
  }),
  eol: parameter(z.number().gt(0).max(2).default(0.7), { description: "SOH at end of life", unit: "SOH" }),
  drop_seed: parameter(z.number().int().min(0).nullable().default(null), {
    description: "seed of the cycles dropped; default: derived from the seed",
  }),
  split_seed: parameter(z.number().int().min(0).nullable().default(null), {
    description: "seed of the drawn shares; default: derived from the seed",
  }),
});

/** The task parameters, validated. */
export type TaskParameters = z.output<typeof taskParameters>;

/** A list given as an array or as comma-separated text; null stays. */
export function listOf(value: string | readonly string[]): string[];
export function listOf(value: string | readonly string[] | null): string[] | null;
export function listOf(value: string | readonly string[] | null): string[] | null {
  if (value === null) return null;
  const items = typeof value === "string" ? value.split(",") : value;
  return items.map((item) => item.trim()).filter((item) => item !== "");
}
