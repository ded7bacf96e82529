import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { moduleErrorOf, noteUserModule, stackText, userErrorOf, userPlace } from "../../../src/core/index.js";

const root = fileURLToPath(new URL("../../../", import.meta.url));

function thrown(
  frames: readonly string[],
  { message = "no", cause }: { message?: string; cause?: unknown } = {},
): Error {
  const error = new Error(message, cause === undefined ? undefined : { cause });
  error.stack = [`Error: ${message}`, ...frames.map((frame) => `    at ${frame}`)].join("\n");
  return error;
}

describe("the place of an error in a user's code", () => {
  it.each([
    ["a named frame", "Mean.forward (file:///lab/me/mean.mjs:12:7)", "/lab/me/mean.mjs", 12],
    ["one without a name", "file:///lab/me/mean.mjs:3:1", "/lab/me/mean.mjs", 3],
    ["an awaited one", "async file:///lab/me/mean.mjs:3:1", "/lab/me/mean.mjs", 3],
    ["a path", "async go (/lab/me/mean.cjs:4:1)", "/lab/me/mean.cjs", 4],
    [
      "brackets and blanks in a path",
      "go (file:///lab/me/my%20work%20(2)/mean.mjs:4:1)",
      "/lab/me/my work (2)/mean.mjs",
      4,
    ],
    ["a version behind the file's name", "go (file:///lab/me/mean.mjs?v=2:4:1)", "/lab/me/mean.mjs", 4],
  ])("%s", (_name, frame, file, line) => {
    const ours = [`tS (file://${root}dist/vendor/tfjs.js:5:28990)`, `run (${root}src/training/run.ts:1:1)`];
    const others = ["x (node:internal/modules/esm/utils:346:16)", "go (/lab/me/node_modules/zod/index.js:1:1)"];
    const odd = [
      "JSON.parse (<anonymous>)",
      "async Promise.all (index 0)",
      "eval (eval at x (a.js:1:1), <anonymous>:1:1)",
    ];
    const error = thrown([...ours, ...others, ...odd, frame, "late (file:///lab/me/late.mjs:9:9)"]);
    expect(userPlace(error)).toEqual({ file, line });
  });

  it("is that of the cause where the error itself was made by us", () => {
    const cause = thrown(["go (/lab/me/a.mjs:4:1)"]);
    expect(userPlace(thrown([`run (${root}dist/a.js:1:1)`], { cause }))).toEqual({ file: "/lab/me/a.mjs", line: 4 });
  });

  it("is none for an error of ours, and for what is no error", () => {
    for (const error of [thrown([`run (${root}dist/a.js:1:1)`]), "a text", null, { stack: 3 }])
      expect(userPlace(error)).toBeNull();
  });

  it("may lie in an installed package that a user named, whose module the message names", () => {
    const file = "/lab/me/node_modules/their-models/index.js";
    const error = thrown([`go (${file}:4:1)`], { message: "two\n  lines" });
    expect(userErrorOf(error)).toBeNull();
    noteUserModule(file, 'model "theirs"');
    const said = { where: "index.js:4", message: 'model "theirs" (index.js:4): two lines' };
    expect(userErrorOf(error)).toEqual(said);
    expect(moduleErrorOf(error)).toEqual(said);
  });

  it("in a file that nobody named is told by the file, and not taken for a module's", () => {
    const error = thrown(["go (/lab/me/program.mjs:4:1)"]);
    expect(userErrorOf(error)).toEqual({ where: "program.mjs:4", message: "program.mjs:4: no" });
    expect(moduleErrorOf(error)).toBeNull();
  });
});

it("a stack as text has those of its causes", () => {
  expect(stackText(thrown(["a (/a.mjs:1:1)"], { cause: "a text" }))).toBe(
    "Error: no\n    at a (/a.mjs:1:1)\ncaused by a text\n",
  );
});
