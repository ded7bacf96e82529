/** The parameters of the dataset `dummy`. */
import { z } from "zod";
import { parameter } from "../../registry/index.js";
import { windowParameter } from "../task.js";

/** Parameters of `dummy`: how many cells and cycles, what of them is missing, and the seed of their lives. */
export const dummyParameters = z.object({
  cells: parameter(z.number().int().min(1).max(10_000).default(10), { description: "number of synthetic cells" }),
  cycles: parameter(z.number().int().min(3).max(100_000).default(120), {
    description: "discharges per cell",
    unit: "cycles",
  }),
  noise: parameter(z.number().min(0).max(0.1).default(0.001), {
    description: "standard deviation of the measurement noise",
    unit: "SOH",
  }),
  missing_cycles: parameter(z.number().min(0).max(0.5).default(0), {
    description: "share of the discharges that were not recorded, some in a row: gaps, in targets too",
  }),
  // Short for quick epochs; what a fast charge costs shows later than that, so a search finds more in longer windows.
  window: windowParameter(10),
  generator_seed: parameter(z.number().int().min(0).nullable().default(null), {
    description: "seed of the generated cells; default: derived from the seed",
  }),
});

export type DummyParameters = Omit<z.output<typeof dummyParameters>, "window" | "generator_seed"> & {
  readonly generator_seed: number;
};
