/** MATLAB's arrays of every class, read from matrix elements. */
import { chars } from "./char-element.js";
import { mi } from "./element-reader.js";
import type { ElementReader } from "./element-reader.js";
import { doubles, numbers } from "./numeric-element.js";
import type { MatArray, MatNumeric, MatNumericClass, MatSparse, MatStruct } from "./mat-array.js";

/** Classes of arrays (MAT-File Format, table 1-3, and what later versions added). */
const mx = { cell: 1, struct: 2, object: 3, char: 4, sparse: 5, function: 16, opaque: 17 } as const;

const numericClasses: Readonly<Record<number, MatNumericClass>> = {
  6: "double",
  7: "single",
  8: "int8",
  9: "uint8",
  10: "int16",
  11: "uint16",
  12: "int32",
  13: "uint32",
  14: "int64",
  15: "uint64",
};

const MAX_DIMENSIONS = 32;
/** Nesting of cells and structs; MATLAB's own files stay far below. */
const MAX_DEPTH = 200;

interface MatrixHeader {
  readonly classNumber: number;
  readonly isComplex: boolean;
  readonly isGlobal: boolean;
  readonly isLogical: boolean;
  readonly dims: readonly number[];
  readonly count: number;
  readonly name: string;
}

/** A variable at the top of a file. */
export interface MatVariable {
  readonly name: string;
  readonly isGlobal: boolean;
  readonly value: MatArray;
}

function product(reader: ElementReader, dims: readonly number[], at: number): number {
  if (dims.length === 0) throw reader.fail("mat-malformed", "an array has no dimensions", at);
  const count = dims.reduce((total, n) => total * n, 1);
  if (!Number.isSafeInteger(count))
    throw reader.fail("mat-malformed", `an array of ${dims.join(" x ")} elements cannot be`, at);
  return count;
}

function readHeader(reader: ElementReader): MatrixHeader {
  const at = reader.offset;
  const flags = reader.element("the flags of an array");
  if (flags.type !== mi.uint32 || flags.length !== 8)
    throw reader.fail("mat-malformed", "an array does not begin with its flags", at);
  const word = reader.uint32At(flags.start);
  const classNumber = word & 0xff;
  const isLogical = (word & 0x200) !== 0;
  const isGlobal = (word & 0x400) !== 0;
  const isComplex = (word & 0x800) !== 0;
  if (classNumber === mx.opaque) {
    const name = reader.name("the name of an opaque object");
    return { classNumber, isLogical, isGlobal, isComplex, dims: [1, 1], count: 1, name };
  }
  const dimsAt = reader.offset;
  const dims = reader.counts("the dimensions of an array", MAX_DIMENSIONS);
  const count = product(reader, dims, dimsAt);
  const name = reader.name("the name of an array");
  return { classNumber, isLogical, isGlobal, isComplex, dims, count, name };
}

function readNumeric(reader: ElementReader, header: MatrixHeader, stored: MatNumericClass): MatNumeric {
  const wanted = header.isLogical ? "logical" : stored;
  const data = numbers(reader, wanted, header.count, "the data of a numeric array");
  const imag = header.isComplex ? numbers(reader, wanted, header.count, "the imaginary part of an array") : null;
  return { class: wanted, dims: header.dims, data, imag };
}

function asIndices(reader: ElementReader, values: Float64Array, below: number, what: string, at: number): Int32Array {
  const indices = new Int32Array(values.length);
  for (const [i, value] of values.entries()) {
    if (!(value >= 0 && value < below && Number.isInteger(value)))
      throw reader.fail("mat-malformed", `${what} of a sparse matrix has ${value}, expected 0 to ${below - 1}`, at);
    indices[i] = value;
  }
  return indices;
}

function readSparse(reader: ElementReader, header: MatrixHeader): MatSparse {
  const at = reader.offset;
  const [rowCount, columnCount] = header.dims;
  if (rowCount === undefined || columnCount === undefined || header.dims.length !== 2)
    throw reader.fail("mat-malformed", "a sparse matrix has other than two dimensions", at);
  const allRows = doubles(reader, 0, "the row indices of a sparse matrix");
  const starts = doubles(reader, columnCount + 1, "the column starts of a sparse matrix").subarray(0, columnCount + 1);
  const columnStarts = asIndices(reader, starts, 2 ** 31, "a column start", at);
  const entries = columnStarts.at(-1) ?? 0;
  if (columnStarts[0] !== 0 || columnStarts.some((start, j) => j > 0 && start < (columnStarts[j - 1] as number)))
    throw reader.fail("mat-malformed", "the column starts of a sparse matrix do not ascend from 0", at);
  if (allRows.length < entries)
    throw reader.fail("mat-malformed", `a sparse matrix has ${allRows.length} row indices for ${entries} entries`, at);
  const rowIndices = asIndices(reader, allRows.subarray(0, entries), rowCount, "a row index", at);
  const byteFlags = header.isLogical ? entries : null;
  const data = doubles(reader, entries, "the data of a sparse matrix", byteFlags).slice(0, entries);
  const imag = header.isComplex
    ? doubles(reader, entries, "the imaginary part of a sparse matrix").slice(0, entries)
    : null;
  const dims = [rowCount, columnCount] as const;
  return { class: "sparse", dims, rowIndices, columnStarts, data, imag, logical: header.isLogical };
}

function readFieldNames(reader: ElementReader): string[] {
  const at = reader.offset;
  const lengths = reader.counts("the length of field names", 1);
  const slot = lengths[0] ?? 0;
  const block = reader.name("the field names of a struct");
  if (slot === 0 && block.length > 0) throw reader.fail("mat-malformed", "field names have length 0", at);
  const count = slot === 0 ? 0 : Math.floor(block.length / slot);
  const seen = new Map<string, number>();
  return Array.from({ length: count }, (_, i) => {
    reader.spend(64);
    const name = block.slice(i * slot, (i + 1) * slot).split("\0", 1)[0] as string;
    if (name === "") throw reader.fail("mat-malformed", "a field of a struct has no name", at);
    const repeats = seen.get(name) ?? 0;
    seen.set(name, repeats + 1);
    return repeats === 0 ? name : `_${repeats}_${name}`;
  });
}

/** Each nested array takes a tag of eight bytes at least: checked before anything of that length is made. */
function needNested(reader: ElementReader, count: number, what: string): void {
  if (count * 8 > reader.left)
    throw reader.fail("mat-truncated", `${what} of ${count} arrays does not fit into the ${reader.left} bytes left`);
}

function readStruct(reader: ElementReader, header: MatrixHeader, depth: number): MatStruct {
  const fields = readFieldNames(reader);
  if (fields.length === 0) return { class: "struct", dims: header.dims, fields, elements: [] };
  needNested(reader, header.count * fields.length, "a struct");
  const elements: Record<string, MatArray>[] = [];
  for (let i = 0; i < header.count; i++) {
    const element = Object.create(null) as Record<string, MatArray>;
    for (const field of fields) element[field] = readNested(reader, depth + 1);
    elements.push(element);
  }
  return { class: "struct", dims: header.dims, fields, elements };
}

function readContents(reader: ElementReader, header: MatrixHeader, depth: number): MatArray {
  const { dims, count, classNumber } = header;
  const numeric = numericClasses[classNumber];
  if (numeric) return readNumeric(reader, header, numeric);
  switch (classNumber) {
    case mx.char:
      return chars(reader, dims, count);
    case mx.sparse:
      return readSparse(reader, header);
    case mx.cell: {
      needNested(reader, count, "a cell array");
      const cells: MatArray[] = [];
      for (let i = 0; i < count; i++) cells.push(readNested(reader, depth + 1));
      return { class: "cell", dims, cells };
    }
    case mx.struct:
      return readStruct(reader, header, depth);
    case mx.object: {
      const className = reader.name("the class name of an object");
      return { ...readStruct(reader, header, depth), class: "object", className };
    }
    case mx.function:
      return { class: "function", dims, value: readNested(reader, depth + 1) };
    case mx.opaque: {
      const typeSystem = reader.name("the type system of an opaque object");
      const className = reader.name("the class name of an opaque object");
      return { class: "opaque", typeSystem, className, value: readNested(reader, depth + 1) };
    }
    default:
      throw reader.fail("mat-unsupported", `an array has the unknown class ${classNumber}`);
  }
}

function readBody(reader: ElementReader, length: number, depth: number): MatVariable {
  if (depth > MAX_DEPTH) throw reader.fail("mat-malformed", `arrays are nested more than ${MAX_DEPTH} deep`);
  reader.spendArray();
  const start = reader.offset;
  const header = readHeader(reader);
  const value = readContents(reader, header, depth);
  const used = reader.offset - start;
  // The last element's padding may be left out of the count, or of the file.
  if (Math.abs(used - length) >= 8)
    throw reader.fail("mat-malformed", `an array declares ${length} bytes and takes ${used}`, start);
  return { name: header.name, isGlobal: header.isGlobal, value };
}

function readNested(reader: ElementReader, depth: number): MatArray {
  const at = reader.offset;
  const { type, length } = reader.tag("a nested array");
  if (type !== mi.matrix)
    throw reader.fail("mat-malformed", `an array should start here, not storage type ${type}`, at);
  reader.need(length, "a nested array");
  if (length === 0) {
    reader.spendArray();
    // What MATLAB leaves out is an empty matrix; dimensions as SciPy gives them.
    return { class: "double", dims: [1, 0], data: new Float64Array(0), imag: null };
  }
  return readBody(reader, length, depth).value;
}

/** Reads the array of a variable, whose tag said `length` bytes; the reader stands behind the tag. */
export function readVariable(reader: ElementReader, length: number): MatVariable {
  return readBody(reader, length, 0);
}
