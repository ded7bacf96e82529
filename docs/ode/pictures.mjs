// Draws the pictures of ../ode.md by the solvers themselves:  npm run build && node docs/ode/pictures.mjs
import { writeFileSync } from "node:fs";
import { odeint, odeintAdjoint, odeintEvent, tf } from "../../dist/index.js";
import { svgPlot } from "../../dist/cli/svg-plot.js";
import { useBackend } from "../../dist/tensor/index.js";

await useBackend("cpu");

async function draw(name, panels, axes, note) {
  const text = await svgPlot(panels, axes, note);
  writeFileSync(new URL(`${name}.svg`, import.meta.url), text.endsWith("\n") ? text : `${text}\n`);
}

const largest = (numbers) => Math.max(...numbers.map(Math.abs));
const distance = (a, b) => largest(Array.from(a, (x, i) => x - b[i]));

/** Euler's equations of a rigid body without forces: DETEST's B5. */
const rigid = (_t, [a, b, c]) => [b * c, -a * c, -0.51 * a * b];

async function workPrecision() {
  const [y0, times] = [Float64Array.of(0, 1, 1), [0, 12]];
  const [, truth] = odeint(rigid, y0, times, { method: "dopri8", rtol: 1e-14, atol: 1e-14 }).path;
  const point = (options) => {
    const { path, counts } = odeint(rigid, y0, times, { ...options, maxEvaluations: 1e6 });
    return [Math.log10(counts.evaluations), Math.log10(distance(path[1], truth))];
  };
  // Below this error the reference's own rounding shows.
  const above = (points) => points.filter(([, error]) => error > -12.5 && error < 0.5);
  const series = (method, settings) => ({
    name: method,
    points: above(settings.map((setting) => point({ method, ...setting }))),
  });
  const tolerances = Array.from({ length: 21 }, (_, i) => ({ rtol: 10 ** (-2 - i / 2), atol: 10 ** (-2 - i / 2) }));
  const steps = Array.from({ length: 10 }, (_, i) => ({ stepSize: 12 / 2 ** (i + 5) }));
  const adaptive = ["bosh3", "dopri5", "tsit5", "dopri8", "esdirk54"];
  const fixed = ["euler", "midpoint", "heun", "rk4", "explicit_adams"];
  await draw(
    "work-precision",
    [
      {
        title: "Adaptive methods, at tolerances from 1e-2 to 1e-12",
        series: adaptive.map((method) => series(method, method === "bosh3" ? tolerances.slice(0, 15) : tolerances)),
      },
      {
        title: "Fixed steps, from 32 to 16384 (explicit_adams where it is stable)",
        series: fixed.map((method) => series(method, steps)),
      },
    ],
    { x: "evaluations, log10", y: "error at the end, log10" },
  );
}

/** y turns by the angle sin t. */
const turn = (t, [x, y]) => [y * Math.cos(t), -x * Math.cos(t)];

async function denseOutput() {
  const times = Array.from({ length: 401 }, (_, i) => i / 100);
  const errors = (method, tolerance, interpolation) => {
    const control = { method, rtol: tolerance, atol: tolerance, interpolation };
    const { path } = odeint(turn, Float64Array.of(1, 0), times, control);
    return path.map((state, i) => {
      const angle = Math.sin(times[i]);
      return [times[i], Math.log10(Math.max(1e-13, distance(state, [Math.cos(angle), -Math.sin(angle)])))];
    });
  };
  const panel = (method, tolerance) => ({
    title: `${method} at a tolerance of ${tolerance}`,
    series: ["own", "torchdiffeq"].map((interpolation) => ({
      name: `interpolation: ${interpolation}`,
      points: errors(method, tolerance, interpolation).slice(1),
    })),
    limits: [{ name: "tolerance", y: Math.log10(tolerance) }],
  });
  await draw("dense-output", [panel("bosh3", 1e-4), panel("dopri5", 1e-4), panel("dopri8", 1e-8)], {
    x: "t",
    y: "error, log10",
  });
}

/** Capacity that fades, faster below its knee. */
const fade = (_cycle, [soh]) => [-0.0006 - 0.03 * (1 - soh) ** 1.6];

async function event() {
  const cycles = Array.from({ length: 221 }, (_, i) => i);
  const start = Float64Array.of(0.995);
  const { path } = odeint(fade, start, cycles, { rtol: 1e-6, atol: 1e-8 });
  const points = path.map(([soh], i) => [i, soh]).filter(([, soh]) => soh > 0.6);
  const ends = [0.8, 0.7].map((eol) => {
    const eventFn = (_cycle, [soh]) => soh - eol;
    const { eventTime } = odeintEvent(fade, start, 0, { eventFn, until: 1000, rtol: 1e-6, atol: 1e-8 });
    return { eol, eventTime };
  });
  await draw(
    "event",
    [
      {
        title: "A capacity that fades, and its ends of life",
        series: [{ name: "odeint", points }],
        limits: ends.map(({ eol }) => ({ name: `end of life at ${eol}`, y: eol })),
        marks: ends.map(({ eol, eventTime }) => ({
          name: "odeintEvent",
          at: [eventTime, eol],
          label: `cycle ${eventTime.toFixed(1)}`,
        })),
      },
    ],
    { x: "cycle", y: "state of health" },
  );
}

async function memory() {
  const weight = tf.variable(
    tf.tensor2d([
      [-0.1, 2],
      [-2, -0.1],
    ]),
  );
  const most = (solve, steps) => {
    let alive = 0;
    const f = (_t, y) => {
      alive = Math.max(alive, tf.memory().numTensors);
      return tf.tanh(tf.matMul(y, weight));
    };
    const before = tf.memory().numTensors;
    const options = { method: "rk4", stepSize: 4 / steps };
    tf.tidy(() =>
      tf.variableGrads(() => {
        const sum = tf.sum(solve(f, tf.tensor2d([[1, 0]]), [0, 4], options).path);
        alive = Math.max(alive, tf.memory().numTensors);
        return sum;
      }),
    );
    return alive - before;
  };
  const steps = [4, 8, 16, 32, 64, 128];
  await draw(
    "memory",
    [
      {
        title: "Tensors alive while a gradient is taken, rk4",
        series: [
          { name: "odeint: back through the steps", points: steps.map((n) => [n, most(odeint, n)]) },
          { name: "odeintAdjoint: the adjoint system", points: steps.map((n) => [n, most(odeintAdjoint, n)]) },
        ],
      },
    ],
    { x: "steps", y: "tensors" },
  );
}

await workPrecision();
await denseOutput();
await event();
await memory();
