import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { expect, test } from "vitest";
import { csvLine } from "../../../src/io/csv.js";

test("a field is quoted only where RFC 4180 wants it; a missing value is an empty field", () => {
  expect(csvLine(["B0005", 1, 0.25, null, undefined, ""])).toBe("B0005,1,0.25,,,\n");
  expect(csvLine(["a,b", 'say "x"', "two\nlines", "old\rmac", " kept "])).toBe(
    '"a,b","say ""x""","two\nlines","old\rmac", kept \n',
  );
  expect(csvLine([NaN, -Infinity, 1e-7, 123456789012])).toBe("NaN,-Infinity,1e-7,123456789012\n");
});

test("what csv-parse reads back is what was written", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "binary" }), { minLength: 2, maxLength: 6 }), (fields) => {
      const [row] = parse(csvLine(fields), { record_delimiter: "\n" });
      expect(row).toEqual(fields);
    }),
  );
});
