/** The pruners' metadata and registry. */
import { z } from "zod";
import { createComponent, lazy, parameter, registryOf } from "../registry/index.js";
import type { ComponentFactory } from "../registry/index.js";
import type { Pruner } from "./pruner.js";

export type { PruneDecision, Pruner } from "./pruner.js";

/** Makes a pruner from options under the names of its registered parameters, already validated. */
export type PrunerFactory = ComponentFactory<Pruner>;

/** The pruners by name. */
export const pruners = registryOf<PrunerFactory>("pruner");

const comparison = {
  n_startup_trials: parameter(z.number().int().min(0).default(5), {
    description: "complete trials before pruning starts",
  }),
  n_warmup_steps: parameter(z.number().int().min(0).default(5), {
    description: "no pruning before this step",
    unit: "steps",
  }),
  interval_steps: parameter(z.number().int().min(1).default(1), {
    description: "steps between two checks, from the warm-up on",
    unit: "steps",
  }),
  n_min_trials: parameter(z.number().int().min(1).default(3), {
    description: "complete trials that must have reported a step before it prunes",
  }),
};
const percentile = parameter(z.number().min(0).max(100).default(25), {
  description: "share of trials to keep",
  unit: "%",
});

/** The comparing pruners' options under the library's names. */
function comparisonOptions(options: Readonly<Record<string, unknown>>) {
  const given = z.object(comparison).parse(options);
  return {
    nStartupTrials: given.n_startup_trials,
    nWarmupSteps: given.n_warmup_steps,
    intervalSteps: given.interval_steps,
    nMinTrials: given.n_min_trials,
  };
}

async function comparingPruner(name: string): Promise<PrunerFactory | null> {
  if (name === "none") return null;
  if (name === "percentile") {
    const { PercentilePruner } = await import("./percentile.js");
    const share = z.object({ percentile });
    return (options) => new PercentilePruner({ ...share.parse(options), ...comparisonOptions(options) });
  }
  const { MedianPruner } = await import("./median.js");
  return (options) => new MedianPruner(comparisonOptions(options));
}

if (!pruners.has("median")) {
  pruners.register("median", {
    summary: "prunes a trial whose best is worse than the median of the others at the same step",
    parameters: z.strictObject(comparison),
  })(lazy<PrunerFactory>(async () => (await comparingPruner("median")) as PrunerFactory));

  pruners.register("percentile", {
    summary: "prunes a trial whose best is worse than a percentile of the others at the same step",
    parameters: z.strictObject({ percentile, ...comparison }),
  })(lazy<PrunerFactory>(async () => (await comparingPruner("percentile")) as PrunerFactory));

  pruners.register("patient", {
    summary: "asks another pruner only about trials that have stopped improving",
    parameters: z.strictObject({
      pruner: parameter(z.enum(["median", "percentile", "none"]).default("median"), {
        description: "the wrapped pruner; none: prune as soon as patience is exhausted",
      }),
      patience: parameter(z.number().int().min(0).default(3), {
        description: "reports without improvement before the wrapped pruner is asked",
        unit: "reports",
      }),
      min_delta: parameter(z.number().min(0).default(0), {
        description: "smallest improvement that counts, in units of the metric",
      }),
      percentile,
      ...comparison,
    }),
  })(
    lazy<PrunerFactory>(async () => {
      const { PatientPruner } = await import("./patient.js");
      const wrapped = { median: await comparingPruner("median"), percentile: await comparingPruner("percentile") };
      return (options) => {
        const inner = options["pruner"] === "none" ? null : wrapped[options["pruner"] as keyof typeof wrapped];
        return new PatientPruner({
          pruner: inner ? inner(options) : null,
          patience: options["patience"] as number,
          minDelta: options["min_delta"] as number,
        });
      };
    }),
  );

  pruners.register("nop", { summary: "never prunes", parameters: z.strictObject({}) })(
    lazy<PrunerFactory>(async () => {
      const { NopPruner } = await import("./nop.js");
      return () => new NopPruner();
    }),
  );
}

/**
 * A registered pruner with its options.
 * @throws UsageError `unknown-pruner`, or `invalid-pruner-option` for options that its schema refuses.
 */
export function createPruner(name: string, options: Readonly<Record<string, unknown>> = {}): Promise<Pruner> {
  return createComponent(pruners, name, options);
}
