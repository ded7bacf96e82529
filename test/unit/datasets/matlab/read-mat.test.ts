import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { MatFormatError, readMat } from "../../../../src/datasets/matlab/index.js";
import { readMatInPassing } from "../../../../src/datasets/matlab/read-mat.js";
import type { MatErrorCode, MatStruct } from "../../../../src/datasets/matlab/index.js";
import { parseMat } from "../../../../src/datasets/matlab/read-mat.js";
import { compressed, doubles, element, header, int32s, matFile, matrix, tag } from "./mat-builder.js";
import { fixtureBytes, fixtures } from "./matlab-fixtures.js";

const [CELL, STRUCT, CHAR, SPARSE, DOUBLE] = [1, 2, 4, 5, 6];

function errorOf(bytes: Uint8Array, maxBytes?: number): MatFormatError {
  try {
    parseMat(bytes, { name: "x.mat", ...(maxBytes === undefined ? {} : { maxBytes }) });
  } catch (error) {
    if (error instanceof MatFormatError) return error;
    throw error;
  }
  throw new Error("it was read");
}

describe("what is returned", () => {
  test("numbers in the type of their class, column-major, whatever they are stored as", async () => {
    const { variables, byteOrder, version, globals } = await readMat(join(fixtures, "built-be.mat"));
    expect({ byteOrder, version, globals }).toEqual({
      byteOrder: "big",
      version: "1.0",
      globals: ["truth_double", "shared"],
    });
    expect(variables["double_as_u1"]).toEqual({
      class: "double",
      dims: [2, 3],
      data: Float64Array.of(1, 4, 2, 5, 3, 120),
      imag: null,
    });
    expect(variables["int64_as_i2"]).toMatchObject({
      class: "int64",
      data: BigInt64Array.of(1n, 4n, 2n, 5n, 3n, 120n),
    });
    expect(variables["wide"]).toMatchObject({ data: BigInt64Array.of(2n ** 53n + 1n, 2n ** 63n - 1n) });
    expect(variables["truth_double"]).toMatchObject({ class: "logical", data: Uint8Array.of(1, 0) });
    expect(variables["complex_single"]).toMatchObject({ class: "single", imag: new Float32Array(6).fill(1) });
  });

  test("the same where the numbers stay in place, which copies none of a compressed variable in the platform's order", async () => {
    for (const name of ["built-le.mat", "built-le-z.mat", "built-be.mat", "built-be-z.mat", "savemat-z.mat"]) {
      const path = join(fixtures, name);
      expect({ name, ...(await readMatInPassing(path)) }).toEqual({ name, ...(await readMat(path)) });
    }
    const values = Float64Array.of(1.5, -2, NaN);
    const file = matFile(compressed(matrix(header(DOUBLE, [1, 3], "d"), doubles(...values))));
    const [copied, inPlace] = [false, true].map((stays) => {
      const { d } = parseMat(file, {}, undefined, stays).variables;
      return (d as { data: Float64Array }).data;
    });
    expect(copied).toEqual(values);
    expect(inPlace).toEqual(values);
    expect(copied?.buffer.byteLength).toBe(24);
    expect(inPlace?.buffer.byteLength).toBeGreaterThan(24);
  });

  test("and the same errors of what is inflated in the thread pool", async () => {
    const dir = await mkdtemp(join(tmpdir(), "mlbench-mat-"));
    const sound = compressed(matrix(header(DOUBLE, [1, 3], "d"), doubles(1.5, -2, NaN)));
    const damaged = Buffer.from(matFile(sound));
    damaged.fill(0xff, damaged.length - 8);
    const long = matFile(
      compressed(Buffer.concat([matrix(header(DOUBLE, [1, 3], "d"), doubles(1, 2, 3)), Buffer.alloc(9)])),
    );
    try {
      for (const [name, bytes] of Object.entries({ damaged, long })) {
        const path = join(dir, name);
        await writeFile(path, bytes);
        const [here, inPool] = await Promise.all(
          [readMat(path, { name: path }), readMatInPassing(path)].map((read) => read.catch((error: unknown) => error)),
        );
        expect(here).toBeInstanceOf(MatFormatError);
        expect(inPool).toEqual(here);
      }
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  test("64-bit integers exactly; as doubles where the class is double", async () => {
    const { variables } = await readMat(join(fixtures, "savemat-z.mat"));
    expect(variables["wide_u8"]).toMatchObject({ data: BigUint64Array.of(2n ** 64n - 1n, 2n ** 53n + 1n) });
    expect(variables["wide_i8"]).toMatchObject({ data: BigInt64Array.of(-(2n ** 63n), -1n, 2n ** 63n - 1n) });
    const int64 = element(12, Buffer.from(BigInt64Array.of(-5n, 2n ** 53n + 1n).buffer));
    const stored = parseMat(matFile(matrix(header(DOUBLE, [1, 2], "d"), int64)));
    expect(stored.variables["d"]).toMatchObject({ data: Float64Array.of(-5, 2 ** 53) });
  });

  test("text as rows, in every encoding", async () => {
    for (const name of ["built-le.mat", "built-be-z.mat"]) {
      const { variables } = await readMat(join(fixtures, name));
      const rows = (variable: string): unknown => (variables[variable] as { rows: unknown }).rows;
      expect(rows("text_rows")).toEqual(["ace", "bdf"]);
      expect(rows("text_uint16_wide")).toEqual(["4 °C 電池"]);
      expect(rows("text_utf8")).toEqual(["größer 電池 🔋"]);
      expect(rows("text_utf32")).toEqual(["größer 🔋"]);
      expect(rows("text_uint8_high")).toEqual(["4 \ufffdC"]);
      expect(rows("text_blank")).toEqual(["    "]);
      expect(rows("text_none")).toEqual([]);
    }
  });

  test("text whose dimensions count UTF-16 units, as MATLAB's do", () => {
    const text = Buffer.from("🔋!", "utf16le");
    const { variables } = parseMat(matFile(matrix(header(CHAR, [1, 3], "t"), element(17, text))));
    expect(variables["t"]).toMatchObject({ rows: ["🔋!"] });
  });

  test("bytes and paths alike", async () => {
    const bytes = await fixtureBytes("savemat.mat");
    expect(await readMat(bytes)).toEqual(await readMat(join(fixtures, "savemat.mat")));
    const shifted = new Uint8Array(bytes.length + 3).subarray(3);
    shifted.set(bytes);
    expect(await readMat(shifted)).toEqual(await readMat(bytes));
  });

  test("a field may be called __proto__", () => {
    const names = Buffer.alloc(32);
    names.write("__proto__", "latin1");
    const value = matrix(header(DOUBLE, [1, 1]), doubles(5));
    const file = matFile(matrix(header(STRUCT, [1, 1], "s"), int32s(32), element(1, names), value));
    const struct = parseMat(file).variables["s"] as MatStruct;
    expect(Object.keys(struct.elements[0] ?? {})).toEqual(["__proto__"]);
    expect(struct.elements[0]?.["__proto__"]).toMatchObject({ data: Float64Array.of(5) });
  });
});

describe("other files", () => {
  test.each<[string, Buffer, MatErrorCode, RegExp]>([
    ["nothing", Buffer.alloc(0), "mat-truncated", /is empty/],
    ["a short text", Buffer.from("hello"), "mat-truncated", /has 5 bytes/],
    ["a long text", Buffer.alloc(500, "text "), "mat-unsupported", /no MATLAB v5 file/],
    ["version 4", Buffer.concat([tag(0, 3), Buffer.alloc(40)]), "mat-unsupported", /v4/],
    [
      "HDF5",
      Buffer.concat([Buffer.alloc(512, "x"), Buffer.from("\x89HDF\r\n\x1a\n", "latin1")]),
      "mat-unsupported",
      /v7\.3/,
    ],
  ])("%s", (_what, bytes, code, message) => {
    const error = errorOf(bytes);
    expect(error).toMatchObject({ code, file: "x.mat", exitCode: 2 });
    expect(error.message).toMatch(message);
  });

  test("a version 7.3 file is named as such", async () => {
    await expect(readMat(join(fixtures, "scipy/testhdf5_7.4_GLNX86.mat"))).rejects.toMatchObject({
      code: "mat-unsupported",
      message: expect.stringContaining("HDF5") as string,
    });
  });

  test("no file, or a folder", async () => {
    const dir = await mkdtemp(join(tmpdir(), "mlbench-mat-"));
    try {
      await expect(readMat(join(dir, "none.mat"))).rejects.toMatchObject({ code: "file-not-found", exitCode: 2 });
      await expect(readMat(dir)).rejects.toMatchObject({ code: "file-unreadable", exitCode: 2 });
      await writeFile(join(dir, "B0005.mat"), "junk");
      await expect(readMat(join(dir, "B0005.mat"))).rejects.toMatchObject({ file: "B0005.mat" });
    } finally {
      await rm(dir, { recursive: true });
    }
  });
});

describe("malformed files: what, where", () => {
  const one = doubles(1);
  const sparse = (rows: number[], starts: number[]): Buffer =>
    matrix(header(SPARSE, [3, 2], "s"), int32s(...rows), int32s(...starts), doubles(1, 2));

  test.each<[string, Buffer, MatErrorCode, number, RegExp]>([
    ["a variable beyond the end", tag(14, 100), "mat-truncated", 136, /needs 100 bytes where 0 are left/],
    ["a variable of no bytes", tag(14, 0), "mat-malformed", 128, /no bytes/],
    ["half a tag", Buffer.alloc(5, 1), "mat-truncated", 128, /needs 8 bytes where 5/],
    ["no array", element(9, Buffer.alloc(8)), "mat-malformed", 128, /storage type 9/],
    ["too few numbers", matrix(header(DOUBLE, [2, 1], "a"), one), "mat-malformed", 184, /1 numbers where .* say 2/],
    [
      "numbers of no type",
      matrix(header(DOUBLE, [1, 1], "a"), element(8, Buffer.alloc(8))),
      "mat-malformed",
      184,
      /type 8/,
    ],
    ["a negative dimension", matrix(header(DOUBLE, [-1, 1], "a"), one), "mat-malformed", 152, /negative value -1/],
    ["an unknown class", matrix(header(42, [1, 1], "a"), one), "mat-unsupported", 184, /class 42/],
    [
      "a wrong size",
      Buffer.concat([tag(14, 80), header(DOUBLE, [1, 1], "a"), one, one]),
      "mat-malformed",
      136,
      /declares 80/,
    ],
    ["cells that cannot be there", matrix(header(CELL, [1e9, 2], "a")), "mat-truncated", 184, /2000000000 arrays/],
    ["more elements than can be", matrix(header(DOUBLE, [2e9, 2e9, 2e9], "a")), "mat-malformed", 152, /cannot be/],
    ["a row beyond the last", sparse([0, 3], [0, 1, 2]), "mat-malformed", 184, /has 3, expected 0 to 2/],
    ["columns out of order", sparse([0, 1], [0, 2, 1]), "mat-malformed", 184, /do not ascend/],
    ["too few entries", sparse([0], [0, 1, 2]), "mat-malformed", 184, /1 row indices for 2/],
    ["not deflated", Buffer.concat([tag(15, 8), Buffer.alloc(8, 7)]), "mat-malformed", 128, /cannot be inflated/],
  ])("%s", (_what, part, code, offset, message) => {
    const error = errorOf(matFile(part));
    expect(error.message).toMatch(message);
    expect(error).toMatchObject({ code, offset, inflatedOffset: null });
  });

  test("inside a compressed element: its offset, and that in what it holds", () => {
    const error = errorOf(
      matFile(matrix(header(DOUBLE, [1, 1], "a"), one), compressed(matrix(header(DOUBLE, [9, 9], "b"), one))),
    );
    expect(error).toMatchObject({ code: "mat-malformed", offset: 200, inflatedOffset: 56 });
    expect(error.message).toContain("(at byte 200, inflated byte 56)");
  });

  test("every truncation of a sound file is an error, or ends between two variables", async () => {
    const bytes = await fixtureBytes("savemat.mat");
    const whole = Object.keys(parseMat(bytes).variables).length;
    let sound = 0;
    for (let length = 0; length < bytes.length; length++) {
      // Variables end at multiples of 8; of the cuts between them every few will do.
      if (length % 8 !== 0 && length % 8 !== 5) continue;
      try {
        if (Object.keys(parseMat(bytes.subarray(0, length)).variables).length === sound) sound++;
        else throw new Error(`cut at ${length}: other variables than the ${sound} before the cut`);
      } catch (error) {
        if (!(error instanceof MatFormatError)) throw error;
      }
    }
    expect(sound).toBe(whole);
  });
});

describe("memory is bounded", () => {
  const zeros = (megabytes: number): Buffer =>
    matrix(header(DOUBLE, [megabytes * 2 ** 17, 1], "z"), element(9, Buffer.alloc(megabytes * 2 ** 20)));

  function costOf(bytes: Uint8Array, maxBytes: number): { code: string; inflatedBytes: number; spentBytes: number } {
    const cost = { inflatedBytes: 0, spentBytes: 0 };
    try {
      parseMat(bytes, { maxBytes }, cost);
      return { code: "read", ...cost };
    } catch (error) {
      return { code: (error as MatFormatError).code, ...cost };
    }
  }

  test("a bomb is refused by what it declares, after the first bytes", () => {
    const bomb = matFile(compressed(zeros(32)));
    expect(bomb.length).toBeLessThan(64 * 1024);
    const cost = costOf(bomb, 16 * 2 ** 20);
    expect(cost.code).toBe("mat-too-large");
    expect(cost.inflatedBytes).toBeLessThanOrEqual(2 ** 18);
    expect(costOf(bomb, 2 ** 30).code).toBe("read");
  });

  test("a bomb that declares little is cut off there", () => {
    const payload = zeros(32);
    payload.writeUInt32LE(1000, 4);
    const cost = costOf(matFile(compressed(payload)), 2 ** 30);
    expect(cost.code).toBe("mat-malformed");
    expect(cost.inflatedBytes).toBeLessThanOrEqual(2 ** 18);
    expect(cost.spentBytes).toBeLessThanOrEqual(1008);
  });

  test("a size that deflate could not reach is refused without inflating", () => {
    const payload = matrix(header(DOUBLE, [1, 1], "a"), doubles(1));
    payload.writeUInt32LE(0xfffffff0, 4);
    expect(costOf(matFile(compressed(payload)), 2 ** 40)).toMatchObject({ code: "mat-malformed", spentBytes: 0 });
  });

  test("many small bombs share one limit", () => {
    const bomb = compressed(zeros(4));
    const file = matFile(...Array.from({ length: 8 }, () => bomb));
    const cost = costOf(file, 16 * 2 ** 20);
    expect(cost.code).toBe("mat-too-large");
    expect(cost.spentBytes).toBeLessThanOrEqual(16 * 2 ** 20);
    expect(cost.inflatedBytes).toBeLessThanOrEqual(16 * 2 ** 20);
  });

  test("narrow storage that widens, blanks without bytes and cells without contents are paid for", () => {
    const bytes = element(2, Buffer.alloc(2 ** 20));
    const widening = matFile(matrix(header(DOUBLE, [2 ** 20, 1], "w"), bytes));
    const blanks = matFile(matrix(header(CHAR, [1, 2 ** 30], "b"), element(16, Buffer.alloc(0))));
    const rows = matFile(matrix(header(CHAR, [2 ** 30, 0], "r"), element(16, Buffer.alloc(0))));
    const count = 2 ** 17;
    const empties = Buffer.concat(Array.from({ length: count }, () => tag(14, 0)));
    const cells = matFile(compressed(matrix(header(CELL, [count, 1], "c"), empties)));
    for (const file of [widening, blanks, rows, cells]) expect(costOf(file, 8 * 2 ** 20).code).toBe("mat-too-large");
  });

  test("a struct without fields costs nothing, however many elements it claims", () => {
    const file = matFile(matrix(header(STRUCT, [2 ** 31 - 1, 4], "s"), int32s(32), element(1, Buffer.alloc(0))));
    expect(parseMat(file).variables["s"]).toMatchObject({ dims: [2 ** 31 - 1, 4], elements: [] });
  });

  test("nesting is bounded", () => {
    const nested = (depth: number): Buffer => {
      let value = matrix(header(DOUBLE, [1, 1]), doubles(1));
      for (let i = 0; i < depth; i++) value = matrix(header(CELL, [1, 1], i === depth - 1 ? "n" : ""), value);
      return matFile(value);
    };
    expect(parseMat(nested(100)).variables["n"]?.class).toBe("cell");
    expect(errorOf(nested(1000)).message).toContain("nested more than 200 deep");
  });
});

describe("small files that claim much", () => {
  test("rows without a character are paid for, too", () => {
    const empty = (rows: number): Buffer => matFile(matrix(header(4, [rows, 0], "s"), element(2, Buffer.alloc(0))));
    expect(parseMat(empty(2)).variables["s"]).toEqual({ class: "char", dims: [2, 0], rows: ["", ""] });
    const cost = { inflatedBytes: 0, spentBytes: 0 };
    expect(() => parseMat(empty(60_000_000), {}, cost)).toThrow(/needs more than the limit of 67108864 bytes/);
    expect(cost.spentBytes).toBeLessThan(1000);
  });

  test("rows are paid for at what a string costs, beside their characters", () => {
    const bytes = matFile(matrix(header(4, [1_000_000, 1], "s"), element(2, Buffer.alloc(0))));
    const cost = { inflatedBytes: 0, spentBytes: 0 };
    expect(() => parseMat(bytes, {}, cost)).toThrow(/needs more than the limit of 67108864 bytes/);
    expect(cost.spentBytes).toBeLessThan(1000);
  });

  test("by default a file may take 20 times its size, or 64 MiB", () => {
    const zeros = (count: number): Buffer =>
      matFile(compressed(matrix(header(6, [count, 1], "x"), element(9, Buffer.alloc(8 * count)))));
    expect(parseMat(zeros(3_000_000)).variables["x"]).toMatchObject({ dims: [3_000_000, 1] });
    expect(() => parseMat(zeros(9_000_000))).toThrow(/beyond the limit of 67108864/);
    expect(parseMat(zeros(9_000_000), { maxBytes: 2 ** 28 }).variables["x"]).toMatchObject({ dims: [9_000_000, 1] });
  });
});
