/** Samplers' arithmetic in WebAssembly: loops over trials that a process's first ask would run uncompiled. */
import { readFileSync } from "node:fs";
import type { UnitDimension } from "../search-space/unit-interval.js";

/** See `assembly/`: addresses are byte offsets, sizes numbers of float64s. */
interface Exports {
  noiseRatio(points: number, values: number, n: number, D: number, scales: number, room: number): number;
  smooth(
    ...args: [
      ...[points: number, values: number, n: number, D: number, scales: number, scale: number],
      ...[weights: number, sums: number],
    ]
  ): void;
  toUnit(rows: number, n: number, D: number, scales: number): void;
  squaredDistance(a: number, b: number, D: number, scales: number): number;
  logDensities(
    ...args: [
      ...[points: number, weights: number, K: number, bandwidths: number, scales: number, D: number],
      ...[candidates: number, S: number, room: number, out: number],
    ]
  ): void;
}

/** A call's arguments and what it works on stand behind the constants of the module. */
const START = 2048;
const PAGE = 65536;

/** One instance a thread: a call is over before the next one begins. */
export class Numerics {
  readonly run: Exports;
  readonly #memory: WebAssembly.Memory;
  #numbers: Float64Array;
  #end = START;

  constructor() {
    this.#memory = new WebAssembly.Memory({ initial: 4, maximum: 65536 });
    this.#numbers = new Float64Array(this.#memory.buffer);
    const module = new WebAssembly.Module(moduleBytes());
    const imports = { env: { memory: this.#memory }, math: { exp: Math.exp, log: Math.log } };
    this.run = new WebAssembly.Instance(module, imports).exports as unknown as Exports;
  }

  /** Room for so many numbers in all, which the next calls of the other methods take from. */
  begin(numbers: number): this {
    this.#end = START;
    const missing = START + 8 * numbers - this.#memory.buffer.byteLength;
    if (missing > 0) {
      this.#memory.grow(Math.ceil(missing / PAGE));
      this.#numbers = new Float64Array(this.#memory.buffer);
    }
    return this;
  }

  /** The address of room for so many numbers. */
  take(count: number): number {
    const address = this.#end;
    this.#end += 8 * count;
    return address;
  }

  /** The address of a copy of these numbers. */
  put(values: ArrayLike<number>): number {
    const address = this.take(values.length);
    this.#numbers.set(values, address / 8);
    return address;
  }

  /** Room for so many numbers, all the same. */
  putAll(value: number, count: number): number {
    const address = this.take(count);
    this.#numbers.fill(value, address / 8, address / 8 + count);
    return address;
  }

  /** The address of a copy of these rows, one after the other. */
  putRows(rows: readonly Float64Array[], width: number): number {
    const address = this.take(rows.length * width);
    const numbers = this.#numbers;
    for (let k = 0, at = address / 8; k < rows.length; k++, at += width) numbers.set(rows[k] as Float64Array, at);
    return address;
  }

  /** A copy of the numbers at an address. */
  get(address: number, count: number): Float64Array {
    return this.#numbers.slice(address / 8, address / 8 + count);
  }
}

let shared: Numerics | undefined;

export function numerics(): Numerics {
  return (shared ??= new Numerics());
}

const tables = new WeakMap<readonly UnitDimension[], Float64Array>();

/** What the loops know of dimensions, [4, D]: choices (0 for numbers), whether logarithmic, start, width. */
export function scalesOf(dimensions: readonly UnitDimension[]): Float64Array {
  const known = tables.get(dimensions);
  if (known) return known;
  const D = dimensions.length;
  const table = new Float64Array(4 * D);
  for (let i = 0; i < D; i++) {
    const { choices, log, from, width } = dimensions[i] as UnitDimension;
    table[i] = choices;
    table[D + i] = log ? 1 : 0;
    table[2 * D + i] = from;
    table[3 * D + i] = width;
  }
  tables.set(dimensions, table);
  return table;
}

/** Rows of values in the parameters' own units as points of the unit cube. */
export function unitPoints(dimensions: readonly UnitDimension[], rows: readonly Float64Array[]): Float64Array[] {
  const [n, D] = [rows.length, dimensions.length];
  const wasm = numerics().begin((n + 4) * D);
  const at = wasm.putRows(rows, D);
  wasm.run.toUnit(at, n, D, wasm.put(scalesOf(dimensions)));
  const points: Float64Array[] = [];
  for (let k = 0; k < n; k++) points.push(wasm.get(at + 8 * k * D, D));
  return points;
}

/** By the same way from the sources, from their compiled files and from the bundle of the sampler. */
function moduleBytes(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(new URL("../../dist/vendor/samplers.wasm", import.meta.url)));
}
