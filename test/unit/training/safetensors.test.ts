import fc from "fast-check";
import { expect, test } from "vitest";
import { FormatError, decodeSafetensors, encodeSafetensors } from "../../../src/training/safetensors.js";
import type { StoredTensor } from "../../../src/training/safetensors.js";
import { RunCounts } from "../../fixtures/run-counts.js";

const small: ReadonlyMap<string, StoredTensor> = new Map<string, StoredTensor>([
  ["a", { shape: [2, 3], data: Float32Array.of(1, -2, 3.5, NaN, Infinity, 0) }],
  ["scalar", { shape: [], data: Float32Array.of(7) }],
  ["empty", { shape: [0, 4], data: new Float32Array(0) }],
  ["text", { shape: [3], data: Uint8Array.of(1, 2, 3) }],
]);

/** A file from a hand-written header. */
function fileOf(header: string, data = new Uint8Array(0)): Uint8Array {
  const json = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
}

test("what is written is read back; the layout is the format's", () => {
  const bytes = encodeSafetensors({ metadata: { who: "me" }, tensors: small });
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  expect(length % 8).toBe(0);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Record<string, unknown>;
  expect(header["__metadata__"]).toEqual({ who: "me" });
  expect(header["a"]).toEqual({ dtype: "F32", shape: [2, 3], data_offsets: [0, 24] });
  const { metadata, tensors } = decodeSafetensors(bytes);
  expect(metadata).toEqual({ who: "me" });
  expect(tensors).toEqual(small);
});

test("any tensors survive, and equal contents give equal bytes", () => {
  const numbers = fc.array(fc.float(), { maxLength: 20 }).map((values) => Float32Array.from(values));
  const entries = fc.dictionary(
    fc.string({ minLength: 1 }).filter((s) => !s.startsWith("__")),
    numbers,
  );
  fc.assert(
    fc.property(entries, fc.dictionary(fc.string(), fc.string()), (arrays, metadata) => {
      const tensors = new Map(Object.entries(arrays).map(([name, data]) => [name, { shape: [data.length], data }]));
      const bytes = encodeSafetensors({ metadata, tensors });
      expect(encodeSafetensors({ metadata, tensors })).toEqual(bytes);
      expect(new Map(decodeSafetensors(bytes).tensors)).toEqual(tensors);
    }),
    { numRuns: 100 },
  );
});

test("every truncation is noticed", () => {
  const bytes = encodeSafetensors({ metadata: {}, tensors: small });
  for (let length = 0; length < bytes.length; length++)
    expect(() => decodeSafetensors(bytes.subarray(0, length)), String(length)).toThrow(FormatError);
});

test("a mutated file is read or refused, never anything else", () => {
  const bytes = encodeSafetensors({ metadata: { who: "me" }, tensors: small });
  const counts = new RunCounts();
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
      const mutated = bytes.slice();
      mutated[at] = value;
      try {
        decodeSafetensors(mutated);
        counts.count("read");
      } catch (error) {
        expect(error).toBeInstanceOf(FormatError);
        counts.count("refused");
      }
    }),
    { numRuns: 500 },
  );
  counts.expectAtLeast({ read: 40, refused: 100 });
});

test.each([
  ["[]", /not a JSON object/],
  ["nonsense", /not JSON/],
  ['{"__metadata__":{"a":1}}', /metadata are not strings/],
  ['{"a":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}}', /unsupported type "BF16"/],
  ['{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}', /no valid shape/],
  ['{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}', /offsets that do not fit/],
  ['{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}', /does not follow/],
  ['{"a":null}', /unsupported type/],
])("the header %s is refused", (header, message) => {
  expect(() => decodeSafetensors(fileOf(header, new Uint8Array(2)))).toThrow(message);
});

test("a header length beyond the file, or beyond reason, is refused", () => {
  const bytes = fileOf("{}");
  new DataView(bytes.buffer).setBigUint64(0, 2n ** 63n, true);
  expect(() => decodeSafetensors(bytes)).toThrow(/^it is no safetensors file$/);
  new DataView(bytes.buffer).setBigUint64(0, 50n, true);
  expect(() => decodeSafetensors(bytes)).toThrow(/ends inside its header/);
});

test("a tensor whose shape does not match its numbers is not written", () => {
  const tensors = new Map([["a", { shape: [3], data: new Float32Array(2) }]]);
  expect(() => encodeSafetensors({ metadata: {}, tensors })).toThrow(FormatError);
});
