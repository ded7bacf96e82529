/** The parameter `residual` that several models have. */
import { z } from "zod";
import { categorical } from "../core/distribution.js";
import { parameter } from "../registry/index.js";

/** Shared by the models that emit a whole path. */
export const residualParameter = parameter(z.boolean().default(true), {
  description: "predict the change from the window's last SOH instead of the SOH itself",
  search: { distribution: categorical([true, false]), default: "on request" },
});
