import { expect, test } from "vitest";
import { parsePythonJson, PythonFloat, pythonJson } from "../../../src/core/python-json.js";

test("NaN and the infinities are read as words, and texts that hold them stay as they are", () => {
  // What Python 3.11 gives: json.dumps({"v": [nan, inf, -inf, 1.0], "NaN": 'NaN, "Infinity" \\', "t": "-Infinity"})
  const json = '{"v": [NaN, Infinity, -Infinity, 1.0], "NaN": "NaN, \\"Infinity\\" \\\\", "t": "-Infinity"}';
  const wanted = { v: [NaN, Infinity, -Infinity, 1], NaN: 'NaN, "Infinity" \\', t: "-Infinity" };
  expect(parsePythonJson(json)).toEqual(wanted);
  expect(parsePythonJson('"NaN"')).toBe("NaN");
  expect(parsePythonJson('["\\u004eaN", NaN, "\\u2028"]')).toEqual(["NaN", NaN, "\u2028"]);
  for (const text of ["NaNs", "[NaN,]", "{NaN: 1}", "Infinity1", '{"a": NaN'])
    expect(() => parsePythonJson(text), text).toThrow(SyntaxError);
});

test("what is written is what Python reads as the same numbers, floats as floats", () => {
  const floats = [3, -0.5, 1e21, 1e-7, NaN, Infinity, -Infinity].map((value) => new PythonFloat(value));
  expect(pythonJson(floats)).toBe("[3.0,-0.5,1e+21,1e-7,NaN,Infinity,-Infinity]");
  const data = { n: 3, "a b": [null, true, NaN, "NaN"], skipped: undefined, deep: { t: "é\u2028\n" } };
  expect(pythonJson(data)).toBe('{"n":3,"a b":[null,true,NaN,"NaN"],"deep":{"t":"é\u2028\\n"}}');
});
