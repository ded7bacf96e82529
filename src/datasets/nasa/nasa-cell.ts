/** The operations of a NASA cell, read from its MATLAB struct. */
import { UsageError } from "../../core/errors.js";
import type { MatArray, MatFile, MatStruct } from "../matlab/index.js";

/** One measured quantity over a charge or discharge: samples whose time, voltage and current are known. */
export interface Curve {
  /** s since the operation's start, strictly ascending. */
  readonly time: Float64Array;
  /** V, at the cell's terminals. */
  readonly voltage: Float64Array;
  /** A; positive while charging. */
  readonly current: Float64Array;
  /** °C, at the cell's surface; NaN where not measured. */
  readonly temperature: Float64Array;
}

/** An entry of a cell's `cycle` array; impedance measurements and unknown types are `other`. */
export interface Operation {
  readonly type: "charge" | "discharge" | "other";
  /** Ah; NaN where the file has none. */
  readonly capacity: number;
  /** Null where the measurements are missing or of differing lengths. Made when asked for: many are of no use. */
  readonly curve: () => Curve | null;
}

type Fields = Readonly<Record<string, MatArray>>;

function firstElement(array: MatArray | undefined): Fields | null {
  return array?.class === "struct" ? (array.elements[0] ?? null) : null;
}

/** A real numeric field as float64; null when it is absent or something else. */
function vector(fields: Fields, name: string): Float64Array | null {
  const array = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (!array || !("data" in array) || array.class === "sparse") return null;
  return array.data instanceof Float64Array ? array.data : Float64Array.from(array.data, Number);
}

function text(array: MatArray | undefined): string {
  return array?.class === "char" ? array.rows.join("").trim().toLowerCase() : "";
}

function curveOf(fields: Fields): Curve | null {
  const time = vector(fields, "Time");
  const voltage = vector(fields, "Voltage_measured");
  const current = vector(fields, "Current_measured");
  if (!time || !voltage || !current || voltage.length !== time.length || current.length !== time.length) return null;
  const measured = vector(fields, "Temperature_measured");
  const temperature = measured?.length === time.length ? measured : new Float64Array(time.length).fill(NaN);
  return usableSamples({ time, voltage, current, temperature });
}

/** Leaves out samples without time, voltage or current, and those whose clock does not advance. */
function usableSamples(curve: Curve): Curve {
  const { time, voltage, current } = curve;
  const kept = new Int32Array(time.length);
  let count = 0;
  let last = -Infinity;
  for (let i = 0; i < time.length; i++) {
    const t = time[i] as number;
    if (!(t > last && t < Infinity) || !Number.isFinite(voltage[i]) || !Number.isFinite(current[i])) continue;
    kept[count++] = i;
    last = t;
  }
  if (count === time.length) return curve;
  const pick = (values: Float64Array): Float64Array => {
    const picked = new Float64Array(count);
    for (let i = 0; i < count; i++) picked[i] = values[kept[i] as number] as number;
    return picked;
  };
  return { time: pick(time), voltage: pick(voltage), current: pick(current), temperature: pick(curve.temperature) };
}

function operationOf(element: Fields): Operation {
  const name = text(element["type"]);
  const type = name === "charge" || name === "discharge" ? name : "other";
  const fields = firstElement(element["data"]);
  if (type === "other" || !fields) return { type, capacity: NaN, curve: () => null };
  return { type, capacity: vector(fields, "Capacity")?.[0] ?? NaN, curve: () => curveOf(fields) };
}

function cycleArray(array: MatArray): MatStruct | null {
  const cycle = firstElement(array)?.["cycle"];
  return cycle?.class === "struct" ? cycle : null;
}

/** A cell's operations as its file has them. */
export interface CellOperations {
  /** The name of the struct that they are in: the cell's own, whatever its file is called. */
  readonly name: string;
  readonly operations: readonly Operation[];
}

/**
 * The operations of a cell in their order, from NASA's layout: a struct named after the cell with a struct array `cycle`
 * of `type`, `ambient_temperature`, `time` and `data`. Dates and ambient temperatures have no bearing and are not read.
 * @throws UsageError `not-a-nasa-cell`
 */
export function operationsOf(file: MatFile, cell: string, path: string): CellOperations {
  const names = Object.hasOwn(file.variables, cell) ? [cell] : Object.keys(file.variables);
  for (const name of names) {
    const cycle = cycleArray(file.variables[name] as MatArray);
    if (cycle) return { name, operations: cycle.elements.map(operationOf) };
  }
  throw new UsageError(
    "not-a-nasa-cell",
    `${path}: not in NASA's layout: expected a struct "${cell}" with a struct array "cycle"` +
      ` (the file has ${Object.keys(file.variables).join(", ") || "no variables"})`,
  );
}
