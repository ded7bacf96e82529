/** The conformance suite of metrics. */
import assert from "node:assert/strict";
import { isBetter, requireKnownKeys } from "../core/index.js";
import type { KnownKeys } from "../core/index.js";
import { metrics } from "../metrics/index.js";
import type { ScoredPart } from "../metrics/index.js";
import type { MetricScene } from "./metric-scenes.js";
import { metricScene, turned, withPaths } from "./metric-scenes.js";
import { RunCounts } from "./run-counts.js";
import type { TestRunner } from "./runner.js";

/** A metric to be tried. */
export interface MetricCase {
  /** The registered name. */
  readonly name: string;
  /** Whether no path is better than the one that was measured: so of errors, not of costs. @default true */
  readonly rightIsBest?: boolean;
}

type Score = (part: ScoredPart) => number | null;

const SCENES = 200;
/** Of the scenes, how many must be scored: a property of nothing says little. */
const LEAST_SCORED = 20;
/** Sums in another order. */
const TOLERANCE = 1e-6;

function close(a: number | null, b: number | null): boolean {
  return Object.is(a, b) || (a !== null && b !== null && Math.abs(a - b) <= TOLERANCE * Math.max(1, Math.abs(a)));
}

/** Paths that are off by the scene's errors. */
function off({ truth, errors }: MetricScene): ScoredPart {
  return withPaths(
    truth,
    truth.truth.map((soh, i) => soh + (errors[i] as number)),
  );
}

/** Checks `property` over scenes; it says whether there was anything to score. */
function holds(property: (scene: MetricScene) => boolean): void {
  const counts = new RunCounts();
  for (let seed = 0; seed < SCENES; seed++) {
    const scene = metricScene(seed);
    try {
      counts.count(property(scene) ? "scored" : "not scored");
    } catch (error) {
      const { windows, horizon, cell, cells, eol } = scene.truth;
      const shown = JSON.stringify({ seed, windows, horizon, cell: [...cell], cells, eol });
      throw new assert.AssertionError({ message: `${(error as Error).message}\nin ${shown}` });
    }
  }
  counts.expectAtLeast({ scored: LEAST_SCORED });
}

/** Registers what every metric must do: a number or nothing, from the part alone, better the nearer paths are. */
export function metricConformance(runner: TestRunner, of: MetricCase): void {
  requireKnownKeys("metricConformance", of, {
    name: true,
    rightIsBest: true,
  } satisfies KnownKeys<MetricCase>);
  const { name } = of;
  const load = async (): Promise<Score> => {
    const metric = await metrics.get(name).load();
    return (part) => metric(part) ?? null;
  };
  runner.describe(`metric ${name}`, () => {
    casesOfNumbers(runner, load);
    if (of.rightIsBest ?? true) casesOfDirection(runner, of, load);
  });
}

function casesOfNumbers({ it }: TestRunner, load: () => Promise<Score>): void {
  it("gives a finite number, or nothing where there is nothing to score", async () => {
    const score = await load();
    holds((scene) => {
      const value = score(off(scene));
      assert.ok(value === null || Number.isFinite(value), `${String(value)} is no finite number`);
      return value !== null;
    });
  });
  it("gives the same for the same part, whatever it was asked before", async () => {
    const score = await load();
    holds((scene) => {
      const first = score(off(scene));
      score(metricScene(SCENES).truth);
      assert.ok(Object.is(score(off(scene)), first), `${String(first)} at first`);
      return first !== null;
    });
  });
  it("does not mind the order of the windows", async () => {
    const score = await load();
    holds((scene) => {
      const [value, other] = [score(off(scene)), score(turned(off(scene)))];
      assert.ok(close(value, other), `${String(value)}, the other way round ${String(other)}`);
      return value !== null;
    });
  });
  it("lets paths that are NaN pass without an error", async () => {
    const score = await load();
    for (let seed = 0; seed < SCENES; seed++) {
      const { truth } = metricScene(seed);
      const value: unknown = score(withPaths(truth, new Float32Array(truth.truth.length).fill(NaN)));
      assert.ok(value === null || typeof value === "number", `a ${typeof value} is no number`);
    }
  });
}

function casesOfDirection({ it }: TestRunner, { name }: MetricCase, load: () => Promise<Score>): void {
  it("is never better than for the paths that were measured", async () => {
    const score = await load();
    const { direction } = metrics.get(name);
    holds((scene) => {
      const [best, value] = [score(withPaths(scene.truth, scene.truth.truth)), score(off(scene))];
      if (best === null || value === null) return false;
      assert.ok(!isBetter(value, best, direction) || close(value, best), `${value} is better than ${best}`);
      return true;
    });
  });
}
