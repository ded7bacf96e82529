/** The safetensors format: an 8-byte little-endian length, a JSON header, and the tensors' bytes without gaps. */

export type Dtype = "F32" | "F64" | "I32" | "U8";

export type TensorData = Float32Array | Float64Array | Int32Array | Uint8Array;

export interface StoredTensor {
  readonly shape: readonly number[];
  readonly data: TensorData;
}

export interface SafetensorsFile {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

/** The error for bytes that are no such file; its words follow "… is not a readable checkpoint: ". */
export class FormatError extends Error {
  override readonly name = "FormatError";
}

const LENGTH_BYTES = 8;
const HEADER_LIMIT = 100_000_000;
const widths: Readonly<Record<Dtype, number>> = { F32: 4, F64: 8, I32: 4, U8: 1 };

function dtypeOf(data: TensorData): Dtype {
  if (data instanceof Float32Array) return "F32";
  if (data instanceof Float64Array) return "F64";
  return data instanceof Int32Array ? "I32" : "U8";
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** What stands before the tensors' bytes, which follow in the same order without gaps. */
export function safetensorsHeader(
  metadata: Readonly<Record<string, string>>,
  tensors: ReadonlyMap<string, { readonly dtype: Dtype; readonly shape: readonly number[] }>,
): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let offset = 0;
  for (const [name, { dtype, shape }] of tensors) {
    const bytes = sizeOf(shape) * widths[dtype];
    header[name] = { dtype, shape, data_offsets: [offset, offset + bytes] };
    offset += bytes;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const headerLength = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(LENGTH_BYTES + headerLength);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength), true);
  bytes.fill(0x20, LENGTH_BYTES);
  bytes.set(json, LENGTH_BYTES);
  return bytes;
}

/**
 * The bytes of a file: tensors in the given order, metadata keys as given; equal contents give equal bytes. Wider types
 * should come first, so that every tensor is aligned.
 */
export function encodeSafetensors({ metadata, tensors }: SafetensorsFile): Uint8Array {
  const described = new Map<string, { dtype: Dtype; shape: readonly number[] }>();
  let size = 0;
  for (const [name, { shape, data }] of tensors) {
    if (sizeOf(shape) !== data.length)
      throw new FormatError(`tensor "${name}" of shape [${shape.join(",")}] has ${data.length} numbers`);
    described.set(name, { dtype: dtypeOf(data), shape });
    size += data.byteLength;
  }
  const header = safetensorsHeader(metadata, described);
  const bytes = new Uint8Array(header.length + size);
  bytes.set(header);
  let at = header.length;
  for (const { data } of tensors.values()) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

function typedArray(dtype: Dtype, bytes: Uint8Array): TensorData {
  // A copy, because offsets inside the file need not be aligned; a Buffer's own slice would not make one.
  const { buffer } = Uint8Array.from(bytes);
  switch (dtype) {
    case "F32":
      return new Float32Array(buffer);
    case "F64":
      return new Float64Array(buffer);
    case "I32":
      return new Int32Array(buffer);
    case "U8":
      return new Uint8Array(buffer);
  }
}

const isNatural = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

interface Entry {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

function entryOf(name: string, value: unknown): Entry {
  const { dtype, shape, data_offsets } = (value ?? {}) as Record<string, unknown>;
  if (typeof dtype !== "string" || !Object.hasOwn(widths, dtype))
    throw new FormatError(`tensor "${name}" has the unsupported type ${JSON.stringify(dtype)}`);
  if (!Array.isArray(shape) || !shape.every(isNatural)) throw new FormatError(`tensor "${name}" has no valid shape`);
  const [begin, end] = Array.isArray(data_offsets) ? (data_offsets as unknown[]) : [];
  if (!isNatural(begin) || !isNatural(end) || end - begin !== sizeOf(shape) * widths[dtype as Dtype])
    throw new FormatError(`tensor "${name}" has offsets that do not fit its shape`);
  return { dtype: dtype as Dtype, shape, begin, end };
}

function headerOf(bytes: Uint8Array): { header: Record<string, unknown>; start: number } {
  if (bytes.length < LENGTH_BYTES) throw new FormatError(`it has only ${bytes.length} bytes`);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > HEADER_LIMIT) throw new FormatError("it is no safetensors file");
  const start = LENGTH_BYTES + Number(length);
  if (start > bytes.length) throw new FormatError("it ends inside its header (is it truncated?)");
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(LENGTH_BYTES, start)));
  } catch {
    throw new FormatError("it is no safetensors file (its header is not JSON)");
  }
  if (typeof header !== "object" || header === null || Array.isArray(header))
    throw new FormatError("its header is not a JSON object");
  return { header: header as Record<string, unknown>, start };
}

/** @throws FormatError for anything but a whole, gapless file of supported types. */
export function decodeSafetensors(bytes: Uint8Array): SafetensorsFile {
  const { header, start } = headerOf(bytes);
  const { __metadata__: metadata = {}, ...rest } = header;
  if (typeof metadata !== "object" || metadata === null || Object.values(metadata).some((v) => typeof v !== "string"))
    throw new FormatError("its metadata are not strings");
  const entries = Object.entries(rest).map(([name, value]) => [name, entryOf(name, value)] as const);
  let expected = 0;
  for (const [name, { begin, end }] of [...entries].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== expected) throw new FormatError(`tensor "${name}" does not follow the one before it`);
    expected = end;
  }
  const found = bytes.length - start;
  if (expected !== found)
    throw new FormatError(`its tensors should take ${expected} bytes, ${found} are there (is it truncated?)`);
  const tensors = new Map(
    entries.map(([name, { dtype, shape, begin, end }]) => [
      name,
      { shape, data: typedArray(dtype, bytes.subarray(start + begin, start + end)) },
    ]),
  );
  return { metadata: metadata as Record<string, string>, tensors };
}
