// The problems of `pruning-quality`: made learning curves of five hyperparameters and 27 steps, and recorded ones of a real
// network. pruning_peer.py defines the same, and refuses to run where its values at PROBES differ.
import { existsSync, readFileSync } from "node:fs";
import { float, int } from "../dist/index.js";

export const STEPS = 27;
/** Standard deviation of a made report about its curve. */
const NOISE = 0.01;

/** A trial's report is `floor + (1 - floor) exp(-rate step)` and noise. */
function floorOf([a, b, c, d, e]) {
  return (
    0.2 +
    0.3 * (a - 0.6) ** 2 +
    0.1 * (b - 0.7) ** 2 +
    0.06 * (c - 0.3) ** 2 +
    0.04 * (d - 0.2) ** 2 +
    0.03 * (e - 0.5) ** 2 +
    0.1 * (a - 0.6) * (b - 0.7)
  );
}

const rates = {
  /** The larger the learning rate, the faster. */
  speed: ([a]) => 0.12 + 0.1 * a,
  /** What ends lowest learns slowest. */
  slow: (u) => 0.14 + 0.26 * (1 - Math.exp(-(floorOf(u) - 0.2) / 0.03)),
};

function made(name) {
  const unit = ({ lr, width, decay, dropout, batch }) => [
    (Math.log10(lr) + 4) / 3,
    Math.log(width / 8) / Math.log(16),
    (Math.log10(decay) + 6) / 4,
    dropout / 0.5,
    Math.log(batch / 8) / Math.log(16),
  ];
  const space = {
    lr: float(1e-4, 0.1, { log: true }),
    width: int(8, 128, { log: true }),
    decay: float(1e-6, 1e-2, { log: true }),
    dropout: float(0, 0.5),
    batch: int(8, 128, { log: true }),
  };
  const at = (params, step) => {
    const u = unit(params);
    const floor = floorOf(u);
    return floor + (1 - floor) * Math.exp(-rates[name](u) * step);
  };
  return {
    ...{ name, space, at },
    curve: (params, gauss) => Array.from({ length: STEPS }, (_, i) => at(params, i + 1) + NOISE * gauss()),
    truth: (params) => at(params, STEPS),
  };
}

const tablePath = new URL("pruning-curves.json", import.meta.url);

/** Validation losses of a real network by epoch, one curve a point of a grid (pruning-curves.mjs). */
function recorded() {
  const { grid, curves } = JSON.parse(readFileSync(tablePath, "utf8"));
  const names = Object.keys(grid);
  const place = (params) => names.reduce((index, name) => index * grid[name].length + params[name], 0);
  const space = Object.fromEntries(names.map((name) => [name, int(0, grid[name].length - 1)]));
  const at = (params, step) => curves[place(params)][step - 1];
  const curve = (params) => curves[place(params)];
  return { name: "mlp", space, at, curve, truth: (params) => Math.min(...curve(params)) };
}

export const problems = () => [made("speed"), made("slow"), ...(existsSync(tablePath) ? [recorded()] : [])];

/** Points at which both sides must have the same curves. */
export const PROBES = [
  { lr: 1e-3, width: 32, decay: 1e-4, dropout: 0.1, batch: 32 },
  { lr: 0.05, width: 100, decay: 1e-6, dropout: 0.5, batch: 8 },
  { lr: 1e-4, width: 8, decay: 1e-2, dropout: 0, batch: 128 },
];
