/** Columns of one field over all trials of a study: typed arrays that grow, and tell what is missing from NaN. */
import type { ParamValue } from "../../../src/core/index.js";

/** What a cell can be; numbers that are not finite are numbers. */
export type Cell = ParamValue;

/** One field of every trial, by number. */
export interface Column {
  readonly kind: "number" | "text" | "flag";
  /** Makes room for so many trials. */
  reserve(size: number): void;
  set(row: number, value: Cell | undefined): void;
  at(row: number): Cell;
  readonly bytes: number;
}

/** Arrays are made a little larger than they need to be: a trial more is no copy, and of a large study little stays unused. */
export const roomFor = (size: number): number => Math.max(64, Math.ceil(size * 1.125));

const wordsForNumbers: ReadonlySet<unknown> = new Set(["NaN", "Infinity", "-Infinity"]);

/** Numbers. In `data` NaN stands for one that is missing, and for NaN itself. */
export class NumberColumn implements Column {
  readonly kind = "number";
  data = new Float64Array(0).fill(NaN);
  /** Where NaN is the value. */
  readonly #nans = new Set<number>();

  reserve(size: number): void {
    if (size <= this.data.length) return;
    const grown = new Float64Array(roomFor(size)).fill(NaN);
    grown.set(this.data);
    this.data = grown;
  }

  set(row: number, value: Cell | undefined): void {
    const number = wordsForNumbers.has(value) ? Number(value) : value;
    if (typeof number === "number" && Number.isNaN(number)) this.#nans.add(row);
    else if (this.#nans.size > 0) this.#nans.delete(row);
    this.data[row] = typeof number === "number" ? number : NaN;
  }

  at(row: number): number | null {
    const value = this.data[row] as number;
    return value === value || this.#nans.has(row) ? value : null;
  }

  /** Whether a value is NaN, which is not the same as none. */
  isNaN(row: number): boolean {
    return this.#nans.has(row);
  }

  get bytes(): number {
    return this.data.byteLength;
  }
}

/** Values of which few different ones occur, as their places in a list. */
export class TextColumn implements Column {
  readonly kind = "text";
  /** The place in `dict`; -1: none. */
  codes = new Int32Array(0);
  readonly dict: Cell[] = [];
  readonly #places = new Map<Cell, number>();
  readonly #nullIsValue: boolean;

  /** @param nullIsValue null is one of the choices, and not the lack of one. */
  constructor(nullIsValue = false) {
    this.#nullIsValue = nullIsValue;
  }

  reserve(size: number): void {
    if (size <= this.codes.length) return;
    const grown = new Int32Array(roomFor(size)).fill(-1);
    grown.set(this.codes);
    this.codes = grown;
  }

  set(row: number, value: Cell | undefined): void {
    const isNone = value === undefined || (value === null && !this.#nullIsValue);
    this.codes[row] = isNone ? -1 : this.#code(value);
  }

  #code(value: Cell): number {
    const known = this.#places.get(value);
    if (known !== undefined) return known;
    this.#places.set(value, this.dict.length);
    return this.dict.push(value) - 1;
  }

  at(row: number): Cell {
    return this.dict[this.codes[row] as number] ?? null;
  }

  get bytes(): number {
    return this.codes.byteLength;
  }
}

/** True, false, or neither. */
export class FlagColumn implements Column {
  readonly kind = "flag";
  /** 1, 0; -1: neither. */
  data = new Int8Array(0);

  reserve(size: number): void {
    if (size <= this.data.length) return;
    const grown = new Int8Array(roomFor(size)).fill(-1);
    grown.set(this.data);
    this.data = grown;
  }

  set(row: number, value: Cell | undefined): void {
    this.data[row] = typeof value === "boolean" ? Number(value) : -1;
  }

  at(row: number): boolean | null {
    const value = this.data[row] as number;
    return value < 0 ? null : value === 1;
  }

  get bytes(): number {
    return this.data.byteLength;
  }
}
