import { z } from "zod";
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
    description: "SOH = capacity / reference: the nominal capacity, or the cell's own first one",
  }),
  nominal_capacity: parameter(z.number().gt(0).max(1000).default(2), {
    description: "the cells' nominal capacity; also the unit of normalised charging times",
    unit: "Ah",
  }),
  min_capacity: parameter(z.number().min(0).max(1000).default(0.1), {
    description: "discharges below it are aborted runs: left out, as missing cycles",
    unit: "Ah",
  }),
});

export type NasaParameters = z.output<typeof nasaParameters>;
