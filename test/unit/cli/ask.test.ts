import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { askYesOrNo } from "../../../src/cli/ask.js";

/** What comes of a question at which these keys are hit. */
function hit(...keys: string[]): ReturnType<typeof askYesOrNo> {
  const [input, output] = [new PassThrough(), new PassThrough().resume()];
  const answer = askYesOrNo("delete it? ", { input, output });
  for (const key of keys) input.write(key);
  return answer;
}

test.each([
  ["yes", "yes"],
  ["Y", "yes"],
  ["no", "no"],
  ["", "no"],
  ["yesterday", "no"],
])("the answer %j is a %s", async (text, meaning) => {
  expect(await hit(`${text}\r`)).toBe(meaning);
});

test("the end of the input is a no; Ctrl-C is an interrupt, and no defect", async () => {
  expect(await hit("\u0004")).toBe("no");
  expect(await hit("yes", "\u0003")).toBe("interrupt");
});
