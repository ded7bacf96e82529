// The problems on which pruners are developed (never those of `pruning-quality`): made learning curves of 40 epochs under
// several laws, a new instance a seed, and recorded ones of a GRU. A problem is `{ space, at(params, step), sigma }`:
// the curve without noise, and what stands on each report.
import { existsSync, readFileSync } from "node:fs";
import { categorical, createRng, float, int } from "../dist/core/index.js";
import { range, sum, unit } from "./development-functions.mjs";

/** The length of a whole learning curve. */
export const STEPS = 40;
const { exp, max, min } = Math;

const mixed = {
  lr: float(1e-5, 0.3, { log: true }),
  wd: float(1e-6, 1e-1, { log: true }),
  width: int(4, 512, { log: true }),
  drop: float(0, 0.7),
  batch: int(16, 512, { log: true }),
  act: categorical(["relu", "tanh", "gelu"]),
};
const floats = {
  lr: float(1e-5, 0.3, { log: true }),
  wd: float(1e-6, 1e-1, { log: true }),
  drop: float(0, 0.7),
  mom: float(0, 0.99),
  batch: float(0, 1),
};
const ACT = { relu: 0, tanh: 1, gelu: 2 };

/** What a configuration costs above the best one: a bowl with a ridge, parameters that count much and little. */
function bowl(space, rng) {
  const names = Object.keys(space);
  const at = range(names.length, () => 0.15 + 0.7 * rng());
  const weight = range(names.length, () => 0.9 * 10 ** (-1.3 * rng()));
  const tilt = rng() - 0.5;
  const acts = [0, 0.02 * rng(), 0.1 * rng()];
  const turn = Math.floor(3 * rng());
  return (params) => {
    const z = names.map((name, i) => (name === "act" ? 0 : unit(space[name], params[name]) - at[i]));
    const act = params.act === undefined ? 0 : acts[(ACT[params.act] + turn) % 3];
    return sum(z.map((v, i) => weight[i] * v * v)) + 0.6 * Math.sqrt(weight[0] * weight[1]) * tilt * z[0] * z[1] + act;
  };
}

/** Each makes what a step's value is, from a configuration's cost, its parameters from 0 to 1, and random numbers. */
const laws = {
  /** Ends and begins in the same order: early epochs tell all. */
  parallel({ cost }) {
    return (p, s) => {
      const floor = min(1.1, 0.2 + cost(p));
      return floor + (1.2 - floor) * exp(-s / 6);
    };
  },
  /** Exponential, then a plateau; learning rates beyond an edge diverge, those far below it hardly learn. */
  plateau({ cost, u, rng }) {
    const edge = 0.75 + 0.2 * rng();
    return (p, s) => {
      const l = u(p, "lr");
      if (l > edge) return 1.2 + (l - edge) * min(s, 10);
      const floor = min(1.1, 0.2 + cost(p));
      const tau = 2 + 4 * u(p, "batch") + 12 * max(0, 0.3 - l);
      return floor + (1.2 - floor) * exp(-s / tau);
    };
  },
  /** A power law whose exponent depends on a parameter, in a direction of its own. */
  power({ cost, u, rng }) {
    const sign = rng() < 0.5 ? -1 : 1;
    return (p, s) => 0.3 + cost(p) + 0.9 * s ** -(0.8 + 0.35 * sign * (2 * u(p, "batch") - 1));
  },
  /** Wide networks and strong regularisation learn slower and end lower: curves cross. */
  capacity({ cost, u }) {
    return (p, s) => {
      const size = u(p, "width");
      return 0.25 + cost(p) + 0.15 * (1 - size) ** 2 + (0.7 + 0.5 * size) * s ** -(1.2 - 0.5 * size);
    };
  },
  /** The learning rate falls to a tenth at half and at three quarters; before, a large one stands high, after it low. */
  drops({ cost, u }) {
    return (p, s) => {
      const l = u(p, "lr");
      const level = s <= STEPS / 2 ? 0.35 * l : s <= (3 * STEPS) / 4 ? 0.1 * l : 0;
      return 0.2 + cost(p) + 0.12 * (1 - l) ** 2 + level + 0.8 * exp(-s / (2 + 5 * (1 - l)));
    };
  },
  /** Nothing is learned until an onset, which depends on a parameter that counts otherwise too. */
  late({ cost, u, rng }) {
    const sign = rng() < 0.5 ? 0 : 1;
    return (p, s) => {
      const floor = min(0.95, 0.2 + cost(p));
      const onset = 3 + 22 * Math.abs(sign - u(p, "drop"));
      return floor + (1 - floor) / (1 + exp((s - onset) / 2));
    };
  },
  /** The lower a configuration ends the longer it takes (a stretched exponential). */
  slower({ cost }) {
    return (p, s) => {
      const above = cost(p);
      const tau = 1.5 + 9 * max(0, 1 - above / 0.25) ** 2;
      return 0.2 + above + (0.9 - min(0.9, above)) * exp(-((s / tau) ** 0.8));
    };
  },
  /** A hump on the way, as high as the network is wide, and overfitting at the end. */
  bump({ cost, u, rng }) {
    const centre = 10 + 8 * rng();
    return (p, s) => {
      const size = u(p, "width");
      const hump = 0.3 * size * exp(-(((s - centre) / 4) ** 2));
      return 0.25 + cost(p) + 0.8 * exp(-s / 5) + hump + 0.006 * (1 - u(p, "drop")) * max(0, s - 22);
    };
  },
};
const sigmas = {
  parallel: 0.004,
  plateau: 0.004,
  power: 0.006,
  capacity: 0.006,
  drops: 0.008,
  late: 0.005,
  slower: 0.006,
  bump: 0.008,
};

function made(name, law, space, sigma) {
  const make = (seed) => {
    const rng = createRng(seed, "pruning", name);
    const u = (params, parameter) => unit(space[parameter], params[parameter]);
    const at = laws[law]({ cost: bowl(space, rng), u, rng });
    return { space, at, sigma };
  };
  return { name, make };
}

const tablePath = new URL("pruning-development-curves.json", import.meta.url);

function recorded() {
  const { grid, curves } = JSON.parse(readFileSync(tablePath, "utf8"));
  const names = Object.keys(grid);
  const ordered = (values) => typeof values[0] === "number";
  const space = Object.fromEntries(
    names.map((n) => [n, ordered(grid[n]) ? int(0, grid[n].length - 1) : categorical(grid[n])]),
  );
  const index = (n, value) => (ordered(grid[n]) ? value : grid[n].indexOf(value));
  const place = (params) => names.reduce((i, n) => i * grid[n].length + index(n, params[n]), 0);
  return { name: "gru", make: () => ({ space, at: (params, step) => curves[place(params)][step - 1], sigma: 0 }) };
}

/** By family: curves that tell early what they come to, those that do not, … */
export const families = {
  informative: ["parallel", "plateau", "power"].map((law) => made(law, law, mixed, sigmas[law])),
  crossing: ["capacity", "drops", "late", "slower"].map((law) => made(law, law, mixed, sigmas[law])),
  noisy: [
    made("plateau~", "plateau", mixed, 0.03),
    made("power~", "power", mixed, 0.04),
    made("bump", "bump", mixed, sigmas.bump),
  ],
  /** Spaces that `auto` shares between a Gaussian process and TPE. */
  floats: ["parallel", "power", "slower"].map((law) => made(`${law}-floats`, law, floats, sigmas[law])),
  real: existsSync(tablePath) ? [recorded()] : [],
};
