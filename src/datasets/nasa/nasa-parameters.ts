/** The parameters of the NASA datasets. */
import { z } from "zod";
import { categorical, int } from "../../core/index.js";
import { parameter } from "../../registry/index.js";

const cells = z.union([z.array(z.string()), z.string(), z.null()]).default(null);

/** Parameters of the three NASA datasets: which cells, and what SOH means. */
export const nasaParameters = z.object({
  data_dir: parameter(z.string().default("data/nasa"), {
    description: "folder with the cells' .mat files (subfolders are searched), as `datasets download nasa` fills it",
    path: true,
  }),
  cells: parameter(cells, { description: "cells to use, as B0005,B0006; default: all that are there" }),
  soh_reference: parameter(z.enum(["nominal", "first"]).default("nominal"), {
    description: "SOH = capacity / reference: the nominal capacity, or each cell's first",
  }),
  nominal_capacity: parameter(z.number().gt(0).max(1000).default(2), {
    description: "the cells' nominal capacity; also the unit of normalised charging times",
    unit: "Ah",
  }),
  min_capacity: parameter(z.number().min(0).max(1000).default(0.1), {
    description: "discharges below it are taken as aborted and left out, as missing cycles",
    unit: "Ah",
  }),
});

/**
 * Of `nasa`, with defaults for these few cells: the SOH alone (more columns overfit two cells) over
 * windows of 30 cycles; see docs/benchmarks.md.
 */
export const nasaSummaryParameters = nasaParameters.extend({
  features: parameter(z.union([z.array(z.string()), z.string()]).default("soh"), {
    description: "input columns: all, a list of names, or the named set compact",
    search: { distribution: categorical(["soh", "compact", "all"]), default: "on request" },
  }),
  window: parameter(z.number().int().min(1).max(1000).default(30), {
    description: "window length: consecutive cycles of one cell that the model sees",
    unit: "cycles",
    search: { distribution: int(10, 40), default: true },
  }),
});

export type NasaParameters = z.output<typeof nasaParameters>;
