/** The metadata and parameters of the model `anode`. */
import { int } from "../../core/distribution.js";
import { z } from "zod";
import { parameter } from "../../registry/index.js";
import { nodeMeta } from "../node/meta.js";

/** The parameters are those of `node`, and one more. */
export const anodeMeta = {
  summary: "augmented neural ODE: `node` with further dimensions of the state that start at 0",
  metrics: nodeMeta.metrics,
  parameters: z.object({
    ...nodeMeta.parameters.shape,
    augment: parameter(z.number().int().min(1).max(256).default(4), {
      description: "further dimensions of the latent state, which start at 0",
      search: { distribution: int(1, 16, { log: true }), default: true },
    }),
  }),
};

export type AnodeParameters = z.output<typeof anodeMeta.parameters>;
