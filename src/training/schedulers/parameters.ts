/** The schedulers' own parameters. */
import { z } from "zod";
import { float, int } from "../../core/distribution.js";
import { parameter } from "../../registry/index.js";

export const noParameters = z.object({});

export const plateauParameters = z.object({
  scheduler_patience: parameter(z.number().int().min(0).default(10), {
    description: "epochs without improvement before the learning rate is reduced",
    unit: "epochs",
    search: { distribution: int(2, 20), default: "on request" },
  }),
  scheduler_factor: parameter(z.number().gt(0).lt(1).default(0.5), {
    description: "factor by which the learning rate is reduced",
    search: { distribution: float(0.1, 0.8), default: "on request" },
  }),
  scheduler_threshold: parameter(z.number().min(0).default(1e-4), {
    description: "smallest relative improvement that counts",
  }),
  scheduler_cooldown: parameter(z.number().int().min(0).default(0), {
    description: "epochs after a reduction that do not count",
    unit: "epochs",
  }),
  scheduler_min_lr: parameter(z.number().min(0).default(0), { description: "lower bound of the learning rate" }),
});

/** The same parameter as the plateau scheduler's: one name has one schema. */
export const cosineParameters = z.object({ scheduler_min_lr: plateauParameters.shape.scheduler_min_lr });

export type PlateauParameters = z.output<typeof plateauParameters>;
export type CosineParameters = z.output<typeof cosineParameters>;
