// A pruner that ends a trial whose reports leave a range: a loss that has blown up, an accuracy below chance.

export default function register({ pruners, parameter, z }) {
  class RangePruner {
    name = "range";

    constructor({ lower, upper, n_warmup_steps }) {
      this.lower = lower ?? -Infinity;
      this.upper = upper ?? Infinity;
      this.nWarmupSteps = n_warmup_steps;
    }

    // `history` holds the other trials and the direction: this pruner needs neither.
    decide(trial, _history) {
      const last = trial.intermediate.at(-1);
      if (!last) return { prune: false, reason: "no report yet" };
      const [step, value] = last;
      if (step < this.nWarmupSteps) return { prune: false, reason: `step ${step}: warm-up` };
      const inside = value >= this.lower && value <= this.upper;
      const range = `${this.lower} to ${this.upper}`;
      return { prune: !inside, reason: `step ${step}: ${value} is ${inside ? "within" : "outside"} ${range}` };
    }
  }

  const bound = (description) => parameter(z.number().optional(), { description });
  const parameters = z.strictObject({
    lower: bound("a report below it ends the trial"),
    upper: bound("a report above it ends the trial"),
    n_warmup_steps: parameter(z.number().int().min(0).default(0), {
      description: "a step below this one is never pruned",
      unit: "steps",
    }),
  });
  pruners.register("range", { summary: "ends trials whose reports leave a range (example)", parameters })(
    (options) => new RangePruner(options),
  );
}
