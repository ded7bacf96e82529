/** The registry of metrics that plug-ins and programs add. */
import { requireMetricMeta, requireOwnMetricName, UsageError } from "../core/index.js";
import type { MetricMeta } from "../core/index.js";
import { loadOnce, NamedEntries, registryOf } from "../registry/index.js";
import type { Lazy } from "../registry/index.js";
import type { Metric } from "./metric.js";

/** One registered metric. */
export interface MetricEntry extends MetricMeta {
  /** Without a part's name: `knee_error` is `val_knee_error` in epochs and objectives. */
  readonly name: string;
  /** Imports the function (once). */
  load(): Promise<Metric>;
}

/** Metrics by name. */
export class MetricRegistry extends NamedEntries<MetricEntry> {
  /**
   * Registers `name`, which is `val_NAME` in epochs, objectives, constraints and records, and `test_NAME` where the test
   * part is scored. The returned function takes the metric, or `lazy(() => import(…))`, and gives it back.
   * @example
   * metrics.register("bias", { summary: "mean error of SOH", direction: "minimize" })(({ predicted, truth }) =>
   *   Math.abs(predicted.reduce((sum, soh, i) => sum + soh - truth[i]!, 0) / truth.length),
   * );
   * @throws UsageError `invalid-metric`, `unknown-option`, `duplicate-metric`.
   */
  register(name: string, meta: MetricMeta): <M extends Metric | Lazy<Metric>>(metric: M) => M {
    requireOwnMetricName(this.kind, name);
    this.requireFree(name);
    const what = `${this.kind} "${name}"`;
    requireMetricMeta(what, meta);
    return (metric) => {
      if (typeof metric !== "function" && typeof (metric as Partial<Lazy<Metric>> | null)?.lazy !== "function")
        throw new UsageError("invalid-metric", `${what}: expected a function of the scored part`);
      this.add(Object.freeze({ ...meta, name, load: loadOnce<Metric>(metric) }));
      return metric;
    };
  }
}

/** The metrics that were added to the built-in ones. */
export const metrics: MetricRegistry = registryOf("metric", (kind) => new MetricRegistry(kind));
