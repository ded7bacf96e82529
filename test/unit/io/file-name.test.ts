import { basename, join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { fileNamePart } from "../../../src/io/file-name.js";

test.each([
  ["B0005", "B0005"],
  ["rack 1, cell 7.2", "rack 1, cell 7.2"],
  ["a/b", "a%2Fb"],
  ["../../evil", "..%2F..%2Fevil"],
  ["x\\y:1", "x%5Cy%3A1"],
  ["a%2Fb", "a%252Fb"],
  ["bell\u0007", "bell%07"],
  ["Zelle-ü", "Zelle-ü"],
  ["$&", "$&"],
])("%j is %j in a file's name", (text, part) => {
  expect(fileNamePart(text)).toBe(part);
});

test("whatever a cell is called, its file is one of the folder, of a name that fits, and no other cell's", () => {
  const text = fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme", minLength: 100, maxLength: 400 }));
  fc.assert(
    fc.property(text, text, (one, other) => {
      const file = `m.${fileNamePart(one)}.safetensors`;
      expect(basename(join("folder", file))).toBe(file);
      expect(Buffer.byteLength(file)).toBeLessThanOrEqual(255);
      expect(file).not.toMatch(/[<>:"/\\|?*]/);
      if (one !== other) expect(fileNamePart(other)).not.toBe(fileNamePart(one));
    }),
  );
});
