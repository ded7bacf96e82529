/** The parameters of the dataset `csv`. */
import { z } from "zod";
import { parameter } from "../../registry/index.js";

const column = z.string().nullable().default(null);

/** Parameters of `csv`: a user's own table. */
export const csvParameters = z.object({
  path: parameter(z.string().min(1), {
    description: "CSV file: a header line, then one row per cycle",
    path: true,
  }),
  cell_column: parameter(z.string().min(1).default("cell"), { description: "column with the cell's name" }),
  cycle_column: parameter(z.string().min(1).default("cycle"), {
    description: "column with the cycle number within the cell",
  }),
  soh_column: parameter(column, {
    description: "column with SOH (1 = as new); default: soh, unless capacity_column is given",
  }),
  capacity_column: parameter(column, {
    description:
      "column with the discharge capacity, from which SOH is computed; default: capacity if there is no SOH column",
  }),
  soh_reference: parameter(z.enum(["nominal", "first"]).nullable().default(null), {
    description: "SOH = capacity / reference: nominal_capacity or each cell's first; default: nominal if it is given",
  }),
  nominal_capacity: parameter(z.number().gt(0).nullable().default(null), {
    description: "the cells' nominal capacity, in capacity_unit",
  }),
  soh_unit: parameter(z.enum(["fraction", "percent"]).default("fraction"), {
    description: "unit of the SOH column: as new is 1 or 100",
  }),
  capacity_unit: parameter(z.enum(["Ah", "mAh"]).default("Ah"), {
    description: "unit of the capacity column and of nominal_capacity",
  }),
  min_capacity: parameter(z.number().min(0).nullable().default(null), {
    description:
      "discharges below it (in the column's unit) are aborted runs: left out, as missing cycles; " +
      "default: a tenth of the cell's median",
  }),
  delimiter: parameter(z.enum([",", ";", "\t", "|"]).nullable().default(null), {
    description: "column delimiter; default: the most frequent one in the header line",
  }),
});

export type CsvParameters = z.output<typeof csvParameters>;
