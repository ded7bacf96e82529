import { deflateSync } from "node:zlib";

/** Little-endian pieces of a version 5 file, right or wrong as a test wants them. */
export function tag(type: number, length: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(type, 0);
  bytes.writeUInt32LE(length, 4);
  return bytes;
}

export function element(type: number, data: Uint8Array): Buffer {
  return Buffer.concat([tag(type, data.length), data, Buffer.alloc((8 - (data.length % 8)) % 8)]);
}

export function int32s(...values: number[]): Buffer {
  return element(5, Buffer.from(Int32Array.from(values).buffer));
}

export function doubles(...values: number[]): Buffer {
  return element(9, Buffer.from(Float64Array.from(values).buffer));
}

/** Flags, dimensions and name of an array. */
export function header(classNumber: number, dims: readonly number[], name = ""): Buffer {
  const flags = Buffer.alloc(8);
  flags.writeUInt32LE(classNumber, 0);
  return Buffer.concat([element(6, flags), int32s(...dims), element(1, Buffer.from(name, "latin1"))]);
}

export function matrix(...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([tag(14, body.length), body]);
}

export function compressed(data: Uint8Array): Buffer {
  const packed = deflateSync(data, { level: 9 });
  return Buffer.concat([tag(15, packed.length), packed]);
}

export function matFile(...parts: readonly Uint8Array[]): Buffer {
  const head = Buffer.alloc(128, " ");
  head.write("MATLAB 5.0 MAT-file", 0, "latin1");
  head.fill(0, 116, 124);
  head.writeUInt16LE(0x0100, 124);
  head.write("IM", 126, "latin1");
  return Buffer.concat([head, ...parts]);
}
