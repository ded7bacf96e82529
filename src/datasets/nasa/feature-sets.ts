/** The features of the three NASA datasets, computed for each discharge. */
import {
  constantCurrentPhase,
  crossingTimes,
  duration,
  integral,
  levelOfCurrent,
  loadPhase,
  summary,
} from "./curve-measures.js";
import type { Phase } from "./curve-measures.js";
import type { Curve } from "./nasa-cell.js";

export interface Feature {
  readonly name: string;
  /** Empty for a dimensionless number. */
  readonly unit: string;
}

/** The features that a dataset computes for one discharge, SOH excepted. */
export interface FeatureSet {
  readonly features: readonly Feature[];
  /**
   * One number a feature; NaN for what the measurements don't give.
   * @param charges those between the discharge before and this one, in their order
   */
  compute(discharge: () => Curve | null, charges: readonly (() => Curve | null)[], nominalCapacity: number): number[];
}

function allMissing(features: readonly Feature[]): number[] {
  return features.map(() => NaN);
}

const dischargeFeatures: readonly Feature[] = [
  { name: "duration", unit: "s" },
  { name: "voltage_mean", unit: "V" },
  { name: "voltage_std", unit: "V" },
  { name: "voltage_min", unit: "V" },
  { name: "voltage_max", unit: "V" },
  { name: "voltage_slope", unit: "V/h" },
  { name: "current_mean", unit: "A" },
  { name: "current_std", unit: "A" },
  { name: "temperature_mean", unit: "°C" },
  { name: "temperature_std", unit: "°C" },
  { name: "temperature_min", unit: "°C" },
  { name: "temperature_max", unit: "°C" },
  { name: "temperature_slope", unit: "°C/h" },
  { name: "energy", unit: "Wh" },
  { name: "time_to_3_6v", unit: "s" },
  { name: "time_to_3_2v", unit: "s" },
];

function dischargeSummary(load: Phase): number[] {
  const { voltage, current, temperature } = load.curve;
  const v = summary(load, voltage);
  const i = summary(load, current);
  const t = summary(load, temperature);
  const joules = integral(load, (k) => -(voltage[k] as number) * (current[k] as number));
  const currents = [Math.abs(i.mean), i.std];
  const temperatures = [t.mean, t.std, t.min, t.max, t.slope];
  const times = crossingTimes(load, [3.6, 3.2], "down");
  return [duration(load), v.mean, v.std, v.min, v.max, v.slope, ...currents, ...temperatures, joules / 3600, ...times];
}

function loadOf(discharge: () => Curve | null): Phase | null {
  const curve = discharge();
  return curve && loadPhase(curve);
}

/** `nasa`: sixteen numbers that sum up a discharge under load. */
export const dischargeSummaries: FeatureSet = {
  features: dischargeFeatures,
  compute(discharge) {
    const load = loadOf(discharge);
    return load ? dischargeSummary(load) : allMissing(dischargeFeatures);
  },
};

const LEVELS = 19;

function levelsBetween(from: number, to: number): number[] {
  return Array.from({ length: LEVELS }, (_, i) => from + ((to - from) * i) / (LEVELS - 1));
}

function levelFeatures(prefix: string, levels: readonly number[]): Feature[] {
  return levels.map((volts) => ({ name: `${prefix}_${volts.toFixed(3).replace(".", "_")}v`, unit: "" }));
}

/** Seconds as a share of the time in which the phase's current moves the nominal capacity. */
function normalised(phase: Phase, seconds: readonly number[], nominalCapacity: number): number[] {
  const nominalSeconds = (nominalCapacity / levelOfCurrent(phase)) * 3600;
  return seconds.map((s) => s / nominalSeconds);
}

const chargeLevels = levelsBetween(3.6, 4.2);
const chargeFeatures = levelFeatures("charge_time", chargeLevels);

/** The last charge that has a constant-current phase from below the highest level: not a top-up, not an aborted one. */
function lastCharge(charges: readonly (() => Curve | null)[]): Phase | null {
  const top = chargeLevels.at(-1) as number;
  for (const charge of [...charges].reverse()) {
    const curve = charge();
    const phase = curve && constantCurrentPhase(curve);
    if (phase && (curve.voltage[phase.first] as number) < top) return phase;
  }
  return null;
}

/** `nasa_cc`: normalised charging times at 19 voltages of the constant-current charge (arXiv 2505.05803). */
export const chargeTimes: FeatureSet = {
  features: chargeFeatures,
  compute(_discharge, charges, nominalCapacity) {
    const phase = lastCharge(charges);
    if (!phase) return allMissing(chargeFeatures);
    return normalised(phase, crossingTimes(phase, chargeLevels, "up"), nominalCapacity);
  },
};

const dischargeLevels = levelsBetween(3.9, 2.7);
const dischargeTimeFeatures = levelFeatures("discharge_time", dischargeLevels);

/** `nasa_cc_discharge`: the same idea on the constant-current discharge. */
export const dischargeTimes: FeatureSet = {
  features: dischargeTimeFeatures,
  compute(discharge, _charges, nominalCapacity) {
    const phase = loadOf(discharge);
    if (!phase) return allMissing(dischargeTimeFeatures);
    return normalised(phase, crossingTimes(phase, dischargeLevels, "down"), nominalCapacity);
  },
};
