// Draws the picture of the section on stiff problems in ../ode.md:  npm run build && node docs/ode/stiff.mjs
import { writeFileSync } from "node:fs";
import { svgPlot } from "../../dist/cli/svg-plot.js";
import { odeint } from "../../dist/ode/index.js";

const END = 3000;
const vanDerPol = (_, [x, v]) => [v, 1000 * (1 - x * x) * v - x];
const tolerance = { rtol: 1e-6, atol: 1e-6, maxEvaluations: 40_000 };

/** log10 of the evaluations so far, at the times that a solution reaches; up to its budget. */
function costOf(method) {
  const points = [];
  let count = 0;
  const counted = (t, y) => {
    count++;
    const [last] = points.at(-1) ?? [-Infinity];
    if (t > last + END / 600 || (last < 40 && t > last + 0.05)) points.push([t, Math.log10(count)]);
    return vanDerPol(t, y);
  };
  try {
    odeint(counted, Float64Array.of(2, 0), [0, END], { method, ...tolerance });
  } catch (error) {
    if (error.code !== "ode-budget") throw error;
    console.log(`${method}: ${error.message}`);
  }
  return points;
}

const times = Array.from({ length: 1501 }, (_, i) => (i * END) / 1500);
const { path, counts } = odeint(vanDerPol, Float64Array.of(2, 0), times, { method: "esdirk54", ...tolerance });
console.log("esdirk54:", counts);
const panels = [
  {
    title: "x of van der Pol's oscillator, mu = 1000",
    series: [{ name: "x", points: times.map((t, i) => [t, path[i][0]]) }],
  },
  {
    title: "evaluations so far at rtol = atol = 1e-6, log10",
    series: ["esdirk54", "dopri5"].map((name) => ({ name, points: costOf(name) })),
    limits: [{ name: "the budget, 40,000", y: Math.log10(tolerance.maxEvaluations) }],
  },
];
const text = await svgPlot(panels, { x: "time", y: "" });
writeFileSync(new URL("stiff.svg", import.meta.url), `${text}\n`);
