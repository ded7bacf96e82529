/** The suite of metrics finds what is wrong: metrics that each break one promise. */
import { describe } from "vitest";
import type { Direction } from "../../../src/core/index.js";
import { metrics } from "../../../src/metrics/index.js";
import type { Metric, ScoredPart } from "../../../src/metrics/index.js";
import { metricConformance } from "../../../src/testing/index.js";
import type { Register } from "./breakages.js";
import { finds, passes } from "./breakages.js";

describe("the suite of metrics finds one that", () => {
  const meanError: Metric = ({ predicted, truth }) =>
    predicted.reduce((sum, soh, i) => sum + Math.abs(soh - (truth[i] as number)), 0) / truth.length;
  let count = 0;
  const register = (metric: Metric, direction: Direction = "minimize"): string => {
    const name = `tried_${count++}`;
    metrics.register(name, { summary: "tried", direction })(metric);
    return name;
  };
  const broken = (metric: Metric, direction?: Direction): Register => {
    const name = register(metric, direction);
    return (runner) => {
      metricConformance(runner, { name });
    };
  };
  const error = (part: ScoredPart): number => meanError(part) as number;
  let asked = 0;
  passes(broken(meanError));
  passes(broken((part) => -error(part), "maximize"));
  passes(broken((part) => (part.horizon > 6 ? error(part) : null)));
  const cost: Metric = ({ predicted }) => predicted.length;
  const named = register(cost, "maximize");
  passes((runner) => {
    metricConformance(runner, { name: named, rightIsBest: false });
  });
  finds([
    ["says the wrong direction", broken(meanError, "maximize"), /never better/],
    ["gives NaN where a cell has no windows", broken(({ cells }) => (cells.length > 1 ? NaN : 1)), /finite number/],
    ["counts how often it is asked", broken(() => asked++), /gives the same/],
    [
      "looks at the first window alone",
      broken(({ predicted, truth }) => Math.abs((predicted[0] as number) - (truth[0] as number))),
      /order/,
    ],
    [
      "does not expect NaN",
      broken((part) => {
        if (Number.isNaN(part.predicted[0])) throw new RangeError("no number");
        return error(part);
      }),
      /NaN pass/,
    ],
    ["never has anything to score", broken(() => null), /finite number|gives the same|order|never better/],
  ]);
});
