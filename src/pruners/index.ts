/** The pruners' metadata and registry. */
import { z } from "zod";
import { createComponent, lazy, parameter, registryOf } from "../registry/index.js";
import type { ComponentFactory } from "../registry/index.js";
import type { Pruner } from "./pruner.js";

export type { PruneBar, PruneDecision, Pruner } from "./pruner.js";

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

const prospect = z.strictObject({
  percentile: parameter(z.number().min(0).max(100).default(40), {
    description: "share of trials to keep in any case",
    unit: "%",
  }),
  margin: parameter(z.number().min(0).default(1.5), {
    description: "how much more than it seems a trial may still gain; 0: nothing",
  }),
  ...comparison,
});

const halving = {
  reduction_factor: parameter(z.number().int().min(2).default(3), {
    description: "each rung is at so many times the steps of the one before, and keeps one in so many",
  }),
  bootstrap_count: parameter(z.number().int().min(0).default(0), {
    description: "trials that are pruned at a rung before any is promoted from it",
  }),
};
const leastSteps = z.number().int().min(1);

const asha = z.strictObject({
  min_resource: parameter(z.union([leastSteps, z.literal("auto")]).default(3), {
    description: "step of the first rung; auto: a hundredth of the steps of the first complete trials",
    unit: "steps",
  }),
  ...halving,
  min_early_stopping_rate: parameter(z.number().int().min(0).default(0), {
    description: "rungs left out at the beginning",
  }),
});

const hyperband = z.strictObject({
  min_resource: parameter(leastSteps.default(3), {
    description: "step of the first rung, in the bracket that prunes earliest",
    unit: "steps",
  }),
  max_resource: parameter(z.union([leastSteps, z.literal("auto")]).default("auto"), {
    description: "steps of a trial; auto: as many as the first complete trials take",
    unit: "steps",
  }),
  ...halving,
  study_name: parameter(z.string().optional(), {
    description: "deal trials to brackets as Optuna does in a study of this name; default: in turn",
  }),
});

const wilcoxon = z.strictObject({
  p_threshold: parameter(z.number().min(0).max(1).default(0.1), {
    description: "prune where the p-value of being no worse than the best trial is below this",
  }),
  n_startup_steps: parameter(z.number().int().min(0).default(2), {
    description: "steps to compare before pruning starts",
    unit: "steps",
  }),
});

const limit = (description: string): z.ZodOptional<z.ZodNumber> => parameter(z.number().optional(), { description });
const threshold = z.strictObject({
  lower: limit("prune where the reported value is below this"),
  upper: limit("prune where the reported value is above this"),
  n_warmup_steps: parameter(z.number().int().min(0).default(0), {
    description: "no pruning before this step",
    unit: "steps",
  }),
  interval_steps: comparison.interval_steps,
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

  pruners.register("prospect", {
    summary: "prunes a trial that stands worse than any good one did and does not gain fast enough to make up for it",
    parameters: prospect,
  })(
    lazy<PrunerFactory>(async () => {
      const { ProspectPruner } = await import("./prospect.js");
      return (options) => {
        const given = prospect.parse(options);
        return new ProspectPruner({
          percentile: given.percentile,
          margin: given.margin,
          ...comparisonOptions(options),
        });
      };
    }),
  );

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

  pruners.register("asha", {
    summary: "asynchronous successive halving: promotes the best third of the trials at each rung, prunes the others",
    parameters: asha,
  })(
    lazy<PrunerFactory>(async () => {
      const { AshaPruner } = await import("./asha.js");
      return (options) => {
        const given = asha.parse(options);
        return new AshaPruner({
          minResource: given.min_resource,
          reductionFactor: given.reduction_factor,
          minEarlyStoppingRate: given.min_early_stopping_rate,
          bootstrapCount: given.bootstrap_count,
        });
      };
    }),
  );

  pruners.register("hyperband", {
    summary: "successive halving in several brackets, each with a later first rung",
    parameters: hyperband,
  })(
    lazy<PrunerFactory>(async () => {
      const { HyperbandPruner } = await import("./hyperband.js");
      return (options) => {
        const given = hyperband.parse(options);
        return new HyperbandPruner({
          minResource: given.min_resource,
          maxResource: given.max_resource,
          reductionFactor: given.reduction_factor,
          bootstrapCount: given.bootstrap_count,
          studyName: given.study_name ?? null,
        });
      };
    }),
  );

  pruners.register("wilcoxon", {
    summary: "prunes a trial that a signed-rank test finds worse than the best one, step by step or part by part",
    parameters: wilcoxon,
  })(
    lazy<PrunerFactory>(async () => {
      const { WilcoxonPruner } = await import("./wilcoxon.js");
      return (options) => {
        const given = wilcoxon.parse(options);
        return new WilcoxonPruner({ pThreshold: given.p_threshold, nStartupSteps: given.n_startup_steps });
      };
    }),
  );

  pruners.register("threshold", {
    summary: "prunes a trial whose value is NaN or outside fixed limits",
    parameters: threshold,
  })(
    lazy<PrunerFactory>(async () => {
      const { ThresholdPruner } = await import("./threshold.js");
      return (options) => {
        const given = threshold.parse(options);
        return new ThresholdPruner({
          ...{ lower: given.lower ?? null, upper: given.upper ?? null },
          ...{ nWarmupSteps: given.n_warmup_steps, intervalSteps: given.interval_steps },
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
