/** The reading of a whole MATLAB file: header, compressed elements, variables. */
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { promisify } from "node:util";
import { constants, inflate, inflateSync } from "node:zlib";
import { messageOf, UsageError } from "../../core/errors.js";
import type { KnownKeys } from "../../core/known-keys.js";
import { requireKnownKeys } from "../../core/known-keys.js";
import { ElementReader, MemoryBudget, mi } from "./element-reader.js";
import type { MatArray, MatFile } from "./mat-array.js";
import { MatFormatError } from "./mat-format-error.js";
import type { MatErrorCode } from "./mat-format-error.js";
import { readVariable } from "./matrix-element.js";
import type { MatVariable } from "./matrix-element.js";

/** The options of {@link readMat}. */
export interface ReadMatOptions {
  /**
   * Memory that reading may take, in bytes: what compressed elements inflate to, the decoded numbers and text, and an
   * allowance for every array. A file that would need more is refused with `mat-too-large`.
   * @default 20 times the file's size, at least 64 MiB
   */
  maxBytes?: number;
  /** The file's name in errors when bytes are given. @default "bytes" */
  name?: string;
}

const optionKeys: KnownKeys<ReadMatOptions> = { maxBytes: true, name: true };

/** The cost of a read: told to tests, which hold it against the limit. */
export interface ReadMatCost {
  /** Bytes that came out of zlib. */
  inflatedBytes: number;
  /** Bytes counted against `maxBytes`. */
  spentBytes: number;
}

const HEADER_BYTES = 128;
const LEAST_MAX_BYTES = 64 * 2 ** 20;
/** What a whole read takes as a multiple of the file: NASA's compressed cells stay below 10. */
const MAX_BYTES_RATIO = 20;
/** Deflate cannot shrink by more than 1032:1; a declared size above it is a lie that need not be inflated to see. */
const MAX_DEFLATE_RATIO = 1032;

interface MatHeader {
  readonly littleEndian: boolean;
  readonly header: string;
  readonly version: string;
}

function startsWith(bytes: Uint8Array, offset: number, wanted: readonly number[]): boolean {
  return wanted.every((byte, i) => bytes[offset + i] === byte);
}

/** The 128 bytes at the start: text, version, byte order. Other formats are recognised by theirs. */
function readFileHeader(bytes: Uint8Array, file: string): MatHeader {
  const fail = (code: MatErrorCode, offset: number, what: string): MatFormatError =>
    new MatFormatError(code, { file, offset, inflatedOffset: null }, what);
  const hdf5 = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
  const isVersion73 = "is a MATLAB v7.3 (HDF5) file; save it with -v7 or -v6 (version 5 format)";
  if (bytes.length === 0) throw fail("mat-truncated", 0, "is empty, expected a MATLAB v5 file");
  if (startsWith(bytes, 0, hdf5) || startsWith(bytes, 512, hdf5)) throw fail("mat-unsupported", 0, isVersion73);
  // Version 4 starts with a binary number below 5000, so that one of its four bytes is 0; later ones with text.
  if (bytes.length >= 20 && bytes.subarray(0, 4).includes(0))
    throw fail(
      "mat-unsupported",
      0,
      "is a MATLAB v4 file or no MATLAB file; save it with -v7 or -v6 (version 5 format)",
    );
  if (bytes.length < HEADER_BYTES)
    throw fail(
      "mat-truncated",
      0,
      `has ${bytes.length} bytes, a MATLAB v5 file begins with a header of ${HEADER_BYTES}`,
    );
  const mark = String.fromCharCode(bytes[126] as number, bytes[127] as number);
  if (mark !== "IM" && mark !== "MI") throw fail("mat-unsupported", 126, "is no MATLAB v5 file (no byte-order mark)");
  const littleEndian = mark === "IM";
  const major = bytes[littleEndian ? 125 : 124] as number;
  const minor = bytes[littleEndian ? 124 : 125] as number;
  if (major === 2) throw fail("mat-unsupported", 124, isVersion73);
  if (major !== 1) throw fail("mat-unsupported", 124, `has the unknown MATLAB file version ${major}.${minor}`);
  const text = new TextDecoder("latin1").decode(bytes.subarray(0, 116)).replace(/^[ \t\n\0]+|[ \t\n\0]+$/g, "");
  return { littleEndian, header: text, version: `${major}.${minor}` };
}

interface Inflation {
  readonly file: string;
  readonly littleEndian: boolean;
  readonly inPlace: boolean;
  readonly budget: MemoryBudget;
  readonly cost: ReadMatCost;
}

/** A compressed element that is to be inflated to so many bytes: what a reading asks for, here or in another thread. */
interface Inflatable {
  readonly input: Uint8Array;
  readonly size: number;
}

/** A reading that hands out what is to be inflated and goes on with what came of it. */
type Reading<T> = Generator<Inflatable, T, Buffer>;

// One buffer for all of it: several would be there twice while they are joined.
const inflation = (size: number) => ({ maxOutputLength: size, chunkSize: Math.max(size + 1, 1024) });
const inflateInPool = promisify(inflate);

/** Inflates a compressed element: first its tag alone, so that its size is known and allowed before the rest. */
function* inflated(input: Uint8Array, at: number, context: Inflation): Reading<Uint8Array> {
  const fail = (code: MatErrorCode, what: string, cause?: unknown): MatFormatError =>
    new MatFormatError(code, { file: context.file, offset: at, inflatedOffset: null }, what, { cause });
  try {
    const start = inflateSync(input.subarray(0, 128), {
      finishFlush: constants.Z_SYNC_FLUSH,
      maxOutputLength: 2 ** 18,
    });
    context.cost.inflatedBytes += start.length;
    if (start.length < 8) throw fail("mat-truncated", "a compressed element inflates to less than a tag");
    const declared = context.littleEndian ? start.readUInt32LE(4) : start.readUInt32BE(4);
    const size = declared + 8;
    if (size > input.length * MAX_DEFLATE_RATIO)
      throw fail("mat-malformed", `a compressed element of ${input.length} bytes cannot hold the ${size} it declares`);
    if (!context.budget.spend(size))
      throw fail(
        "mat-too-large",
        `a compressed element holds ${size} bytes, beyond the limit of ${context.budget.limit}`,
      );
    const output = yield { input, size };
    context.cost.inflatedBytes += output.length;
    if (output.length !== size)
      throw fail("mat-malformed", `a compressed element declares ${size} bytes and inflates to ${output.length}`);
    return output;
  } catch (error) {
    if (error instanceof MatFormatError) throw error;
    throw fail("mat-malformed", `a compressed element cannot be inflated: ${messageOf(error)}`, error);
  }
}

function* readNext(
  bytes: Uint8Array,
  offset: number,
  context: Inflation,
): Reading<{ variable: MatVariable; next: number }> {
  const { file, littleEndian, inPlace, budget } = context;
  const top = new ElementReader(
    bytes,
    { start: offset, end: bytes.length },
    { file, littleEndian, compressedAt: null },
    budget,
  );
  const tag = top.tag("a variable");
  const next = top.offset + tag.length;
  if (tag.length === 0) throw top.fail("mat-malformed", "a variable of no bytes", offset);
  top.need(tag.length, "a variable");
  if (tag.type === mi.compressed) {
    const output = yield* inflated(bytes.subarray(top.offset, next), offset, context);
    const source = { file, littleEndian, inPlace, compressedAt: offset };
    const inner = new ElementReader(output, { start: 0, end: output.length }, source, budget);
    const { type, length } = inner.tag("a compressed variable");
    if (type !== mi.matrix)
      throw inner.fail("mat-malformed", `a compressed element holds storage type ${type}, no array`, 0);
    return { variable: readVariable(inner, length), next };
  }
  if (tag.type !== mi.matrix)
    throw top.fail("mat-malformed", `an array should start here, not storage type ${tag.type}`, offset);
  const own = new ElementReader(
    bytes,
    { start: top.offset, end: next },
    { file, littleEndian, compressedAt: null },
    budget,
  );
  return { variable: readVariable(own, tag.length), next };
}

function* reading(bytes: Uint8Array, options: ReadMatOptions, cost: ReadMatCost, inPlace: boolean): Reading<MatFile> {
  const file = options.name ?? "bytes";
  const { littleEndian, header, version } = readFileHeader(bytes, file);
  const budget = new MemoryBudget(options.maxBytes ?? Math.max(LEAST_MAX_BYTES, MAX_BYTES_RATIO * bytes.length));
  const variables = Object.create(null) as Record<string, MatArray>;
  const globals: string[] = [];
  try {
    for (let offset = HEADER_BYTES; offset < bytes.length;) {
      const { variable, next } = yield* readNext(bytes, offset, { file, littleEndian, inPlace, budget, cost });
      const name = variable.name === "" ? "__function_workspace__" : variable.name;
      variables[name] = variable.value;
      if (variable.isGlobal) globals.push(name);
      offset = next;
    }
  } finally {
    cost.spentBytes = budget.spent;
  }
  return { header, version, byteOrder: littleEndian ? "little" : "big", globals, variables };
}

/**
 * {@link readMat} on bytes, synchronously.
 * @param cost is filled in as the reading goes, errors included
 * @param inPlace whether compressed variables' numbers stay where they were inflated to: nothing is copied, and whoever
 * keeps one array keeps its whole variable
 */
export function parseMat(
  bytes: Uint8Array,
  options: ReadMatOptions = {},
  cost: ReadMatCost = { inflatedBytes: 0, spentBytes: 0 },
  inPlace = false,
): MatFile {
  const read = reading(bytes, options, cost, inPlace);
  let step = read.next();
  while (!step.done) {
    const { input, size } = step.value;
    let output: Buffer;
    try {
      output = inflateSync(input, inflation(size));
    } catch (error) {
      step = read.throw(error);
      continue;
    }
    step = read.next(output);
  }
  return step.value;
}

/** {@link parseMat} in place, whose compressed variables are inflated in the thread pool: this thread may do other things. */
async function parseInPool(bytes: Uint8Array, name: string): Promise<MatFile> {
  const read = reading(bytes, { name }, { inflatedBytes: 0, spentBytes: 0 }, true);
  let step = read.next();
  while (!step.done) {
    const { input, size } = step.value;
    let output: Buffer;
    try {
      output = await inflateInPool(input, inflation(size));
    } catch (error) {
      step = read.throw(error);
      continue;
    }
    step = read.next(output);
  }
  return step.value;
}

/**
 * Reads a MATLAB version 5 file (what MATLAB's `save -v6` and `-v7` and SciPy's `savemat` write): every class of array,
 * compressed or not, in either byte order. Values are those of SciPy's `loadmat`; numbers come in the type of their
 * MATLAB class.
 * @param source a path, or the file's bytes
 * @throws MatFormatError for anything that is not a well-formed version 5 file, naming the file and the byte
 * @throws UsageError `file-not-found` or `file-unreadable` for a path that cannot be read; `unknown-option`
 * @example
 * const { variables } = await readMat("B0005.mat");
 */
export async function readMat(source: string | Uint8Array, options: ReadMatOptions = {}): Promise<MatFile> {
  requireKnownKeys("readMat", options, optionKeys);
  if (typeof source !== "string") return parseMat(source, options);
  return parseMat(await bytesOf(source), { ...options, name: options.name ?? basename(source) });
}

/** {@link readMat} for whoever takes out of a file what it needs and keeps none of its arrays. */
export async function readMatInPassing(path: string): Promise<MatFile> {
  return parseInPool(await bytesOf(path), path);
}

async function bytesOf(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT")
      throw new UsageError("file-not-found", `no such file: ${path}`, { cause: error });
    throw new UsageError("file-unreadable", `cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
}
