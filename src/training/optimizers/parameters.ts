/** The optimizers' own parameters. */
import { z } from "zod";
import { categorical, float } from "../../core/distribution.js";
import { parameter } from "../../registry/index.js";

/** Adam's own parameters, shared by `adam` and `adamw`. */
export const adamParameters = z.object({
  beta1: parameter(z.number().min(0).lt(1).default(0.9), {
    description: "decay rate of the first moment",
    search: { distribution: float(0.8, 0.99), default: "on request" },
  }),
  beta2: parameter(z.number().min(0).lt(1).default(0.999), {
    description: "decay rate of the second moment",
    search: { distribution: float(0.9, 0.9999), default: "on request" },
  }),
  eps: parameter(z.number().gt(0).default(1e-8), { description: "added to the denominator (after bias correction)" }),
});

export const sgdParameters = z.object({
  momentum: parameter(z.number().min(0).lt(1).default(0.9), {
    description: "momentum",
    search: { distribution: float(0, 0.99), default: "on request" },
  }),
  nesterov: parameter(z.boolean().default(false), {
    description: "Nesterov momentum",
    search: { distribution: categorical([true, false]), default: "on request" },
  }),
});

export type AdamParameters = z.output<typeof adamParameters>;
export type SgdParameters = z.output<typeof sgdParameters>;
