/** What both sides of `study` are told: the data, the fixed parameter sets, what is searched. */

/** The ranges of hidden sizes in which a study is measured. */
export const RANGES = {
  uniform: { low: 16, high: 128, log: false },
  log: { low: 8, high: 128, log: true },
};

/** What is searched beside the hidden size; of a fixed set, all of it but the dropout, which is 0. */
export const OTHERS = {
  lr: { low: 1e-4, high: 1e-2 },
  weight_decay: { low: 1e-6, high: 1e-2 },
  batch: [16, 32, 64],
  dropout: { low: 0, high: 0.3 },
};

/**
 * SOH, mean voltage and highest temperature of 30 discharges predict the SOH of the next one. The last fifth of each
 * cell's windows validates.
 */
export const DATA = {
  ...{ cells: ["B0005", "B0006", "B0007"], features: ["soh", "voltage_mean", "temperature_max"] },
  ...{ window: 30, horizon: 1, val_split: 0.2, nominal_capacity: 2, min_capacity: 0.1 },
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

/** `count` parameter sets, the same ones for the same seed everywhere. */
export function parameterSets(range, count, seed) {
  const { low, high, log } = RANGES[range];
  const next = uniforms(seed);
  const between = (a, b, u) => Math.exp(Math.log(a) + u * (Math.log(b) - Math.log(a)));
  return Array.from({ length: count }, () => {
    const u = next();
    const hidden = log ? Math.round(between(low, high, u)) : low + Math.floor(u * (high - low + 1));
    return {
      hidden,
      lr: between(OTHERS.lr.low, OTHERS.lr.high, next()),
      batch: OTHERS.batch[Math.floor(next() * OTHERS.batch.length)],
      weight_decay: between(OTHERS.weight_decay.low, OTHERS.weight_decay.high, next()),
    };
  });
}
