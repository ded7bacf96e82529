/** What both sides of `study` are told: the data, the fixed parameter sets, what is searched. */

/** What is searched whatever the model; of a fixed set, all of it but the dropout, which is 0. */
const OTHERS = {
  lr: { type: "float", low: 1e-4, high: 1e-2, log: true },
  batch: { choices: [16, 32, 64] },
  weight_decay: { type: "float", low: 1e-6, high: 1e-2, log: true },
};
const DROPOUT = { dropout: { type: "float", low: 0, high: 0.3, log: false } };

/** The spaces in which a study is measured: the LSTM's by the range of its hidden sizes, the neural ODE's. */
export const SPACES = {
  uniform: { model: "lstm", horizon: 1, space: { hidden: { type: "int", low: 16, high: 128, log: false } } },
  log: { model: "lstm", horizon: 1, space: { hidden: { type: "int", low: 8, high: 128, log: true } } },
  node: {
    model: "node",
    horizon: 10,
    space: {
      encoder: { choices: ["gru", "mlp"] },
      hidden: { type: "int", low: 8, high: 64, log: true },
      latent: { type: "int", low: 4, high: 32, log: true },
      width: { type: "int", low: 8, high: 64, log: true },
      solver: { choices: ["euler", "rk4", "dopri5"] },
      rtol: { type: "float", low: 1e-5, high: 1e-2, log: true, when: { solver: "dopri5" } },
    },
  },
};

/** The parameters' names here and on the peer's side, and ours. */
export const OUR_NAMES = {
  ...{ hidden: "model.hidden_size", latent: "model.latent_size", width: "model.width", dropout: "model.dropout" },
  ...{ encoder: "model.encoder", solver: "model.solver", rtol: "model.rtol" },
  ...{ lr: "train.lr", batch: "train.batch_size", weight_decay: "train.weight_decay" },
};

/** What is not searched and no default of ours. */
export const FIXED = { lstm: { "model.layers": 1 }, node: {} };

/** All that is searched, by the peer's names; of fixed sets without the dropout. */
export const spaceOf = (range, fixed) => ({ ...SPACES[range].space, ...OTHERS, ...(fixed ? {} : DROPOUT) });

/**
 * SOH, mean voltage and highest temperature of 30 discharges predict the SOH of the next one, or ten. The last fifth of
 * each cell's windows validates.
 */
export const DATA = {
  ...{ cells: ["B0005", "B0006", "B0007"], features: ["soh", "voltage_mean", "temperature_max"] },
  ...{ window: 30, val_split: 0.2, nominal_capacity: 2, min_capacity: 0.1 },
};

/** mulberry32: uniform numbers in [0, 1) from a seed. */
export function uniforms(seed) {
  let s = seed >>> 0;
  return () => {
    s = (s + 0x6d2b79f5) | 0;
    let t = Math.imul(s ^ (s >>> 15), 1 | s);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function drawn({ type, choices, low, high, log }, u) {
  if (choices) return choices[Math.floor(u * choices.length)];
  if (type === "int" && !log) return low + Math.floor(u * (high - low + 1));
  const value = Math.exp(Math.log(low) + u * (Math.log(high) - Math.log(low)));
  return type === "int" ? Math.round(value) : value;
}

/** `count` parameter sets, the same ones for the same seed everywhere. */
export function parameterSets(range, count, seed) {
  const next = uniforms(seed);
  const space = Object.entries(spaceOf(range, true));
  return Array.from({ length: count }, () => {
    const set = {};
    for (const [name, parameter] of space)
      if (Object.entries(parameter.when ?? {}).every(([other, value]) => set[other] === value))
        set[name] = drawn(parameter, next());
    return set;
  });
}
