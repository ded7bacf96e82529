/** MATLAB's numbers, read from an element and cast to their class. */
import { endianness } from "node:os";
import { mi } from "./element-reader.js";
import type { Element, ElementReader } from "./element-reader.js";
import type { MatNumbers, MatNumericClass } from "./mat-array.js";

type NumbersConstructor = {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, offset?: number, length?: number): MatNumbers;
  new (length: number): MatNumbers;
};

const storages: Readonly<Record<number, NumbersConstructor>> = {
  [mi.int8]: Int8Array,
  [mi.uint8]: Uint8Array,
  [mi.int16]: Int16Array,
  [mi.uint16]: Uint16Array,
  [mi.int32]: Int32Array,
  [mi.uint32]: Uint32Array,
  [mi.single]: Float32Array,
  [mi.double]: Float64Array,
  [mi.int64]: BigInt64Array,
  [mi.uint64]: BigUint64Array,
  // SciPy takes these for the integers that they are made of.
  [mi.utf8]: Uint8Array,
  [mi.utf16]: Uint16Array,
  [mi.utf32]: Uint32Array,
};

const classes: Readonly<Record<MatNumericClass, NumbersConstructor>> = {
  double: Float64Array,
  single: Float32Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  logical: Uint8Array,
};

const platformIsLittleEndian = endianness() === "LE";

function swapBytes(bytes: Uint8Array, width: number): void {
  for (let i = 0; i + width <= bytes.length; i += width) bytes.subarray(i, i + width).reverse();
}

/** An element's numbers as they are stored, in the platform's byte order: a copy, unless they may stay where they are. */
function stored(reader: ElementReader, element: Element, what: string, at: number): MatNumbers {
  const storage = storages[element.type];
  if (!storage) throw reader.fail("mat-malformed", `${what} has storage type ${element.type}, which is no number`, at);
  const width = storage.BYTES_PER_ELEMENT;
  const length = Math.floor(element.length / width) * width;
  reader.spend(length);
  const isPlatforms = width === 1 || reader.littleEndian === platformIsLittleEndian;
  const from = reader.bytes.byteOffset + element.start;
  if (reader.inPlace && isPlatforms && from % width === 0)
    return new storage(reader.bytes.buffer, from, length / width);
  const copy = new Uint8Array(length);
  copy.set(reader.bytes.subarray(element.start, element.start + length));
  if (!isPlatforms) swapBytes(copy, width);
  return new storage(copy.buffer);
}

/** Numbers of one type as another, as C casts them (and any non-zero number is the logical 1). */
function cast(reader: ElementReader, numbers: MatNumbers, wanted: MatNumericClass): MatNumbers {
  const target = classes[wanted];
  if (numbers instanceof target && wanted !== "logical") return numbers;
  reader.spend(numbers.length * target.BYTES_PER_ELEMENT);
  if (wanted === "logical") return Uint8Array.from(numbers as ArrayLike<number>, (v) => (Number(v) === 0 ? 0 : 1));
  const isBig = numbers instanceof BigInt64Array || numbers instanceof BigUint64Array;
  const result = new target(numbers.length);
  const toBig = result instanceof BigInt64Array || result instanceof BigUint64Array;
  if (isBig === toBig) (result as Float64Array).set(numbers as Float64Array);
  else if (toBig) for (let i = 0; i < numbers.length; i++) result[i] = BigInt(Math.trunc(finite(numbers[i] as number)));
  else for (let i = 0; i < numbers.length; i++) result[i] = Number(numbers[i]);
  return result;
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : 0;
}

/**
 * The next element as numbers of a class.
 * @param count how many there must be
 */
export function numbers(reader: ElementReader, wanted: MatNumericClass, count: number, what: string): MatNumbers {
  const at = reader.offset;
  const element = reader.element(what);
  const raw = stored(reader, element, what, at);
  if (raw.length !== count)
    throw reader.fail("mat-malformed", `${what} has ${raw.length} numbers where its dimensions say ${count}`, at);
  return cast(reader, raw, wanted);
}

/** The next element as float64, at least `atLeast` of them; `byteFlags` says how many to expect if stored as bytes. */
export function doubles(
  reader: ElementReader,
  atLeast: number,
  what: string,
  byteFlags: number | null = null,
): Float64Array {
  const at = reader.offset;
  const found = reader.element(what);
  // MATLAB stores sparse logical data as bytes while still declaring doubles; the length gives it away.
  const element = byteFlags !== null && found.length === byteFlags ? { ...found, type: mi.uint8 } : found;
  const raw = stored(reader, element, what, at);
  if (raw.length < atLeast)
    throw reader.fail("mat-malformed", `${what} has ${raw.length} numbers, at least ${atLeast} are needed`, at);
  return cast(reader, raw, "double") as Float64Array;
}
