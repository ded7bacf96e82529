/** The parameters of the dataset `csv`. */
import { z } from "zod";
import { parameter } from "../../registry/index.js";

const column = z.string().nullable().default(null);

/** Parameters of `csv`: a user's own table. */
export const csvParameters = z.object({
  path: parameter(z.string().min(1), {
    description: "the table: a header line, then a row a cycle",
    path: true,
  }),
  cell_column: parameter(z.string().min(1).default("cell"), { description: "column with the cell's name" }),
  cycle_column: parameter(z.string().min(1).default("cycle"), {
    description: "column with the discharge's number within its cell",
  }),
  soh_column: parameter(column, {
    description: "column with SOH (1 = as new); default: soh where there is one and no capacity_column is given",
  }),
  capacity_column: parameter(column, {
    description: "column with the discharge capacity, of which SOH is made; default: capacity where there is no SOH",
  }),
  soh_reference: parameter(z.enum(["nominal", "first"]).nullable().default(null), {
    description: "SOH = capacity / reference: nominal_capacity or the cell's first; default: nominal where it is given",
  }),
  nominal_capacity: parameter(z.number().gt(0).nullable().default(null), {
    description: "the cells' nominal capacity, in capacity_unit",
  }),
  soh_unit: parameter(z.enum(["fraction", "percent"]).default("fraction"), {
    description: "what the SOH column is in: 1 or 100 as new",
  }),
  capacity_unit: parameter(z.enum(["Ah", "mAh"]).default("Ah"), {
    description: "what the capacity column and nominal_capacity are in",
  }),
  min_capacity: parameter(z.number().min(0).nullable().default(null), {
    description:
      "discharges below it (in the column's unit) are aborted runs: left out, as missing cycles; " +
      "default: a tenth of the cell's median",
  }),
  delimiter: parameter(z.enum([",", ";", "\t", "|"]).nullable().default(null), {
    description: "between columns; default: the one that the header line has most of",
  }),
});

export type CsvParameters = z.output<typeof csvParameters>;
