import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { commandWords } from "../../../src/core/command-words.js";

const split = (text: string): string[] => commandWords("--on-trial", text);

/** Commands of words, quotes, blanks and backslashes; nothing that a shell would expand. */
const piece = fc.oneof(
  fc.stringMatching(/^[a-z0-9=:/.,-]{1,4}$/),
  fc.stringMatching(/^'[a-z "\\$;|]{0,5}'$/),
  fc.stringMatching(/^"(?:[a-z ';|]|\\["\\a])'{0,1}"$/),
  fc.constantFrom(" ", "  ", "\t", "\\ ", "\\'", '\\"', "\\\\", "\\\n", '""', "''", "\\|"),
);

test("commands are split as sh splits them", () => {
  if (process.platform === "win32") return console.warn("skipped: no sh");
  const texts = fc.sample(fc.array(piece, { minLength: 1, maxLength: 8 }), { numRuns: 300, seed: 7 });
  const commands = texts.map((parts) => `w${parts.join("")}`);
  // One shell for all: each word ends with a NUL, each command with a line of its own.
  const script = commands.map((command) => `printf '%s\\0' ${command}\nprintf '\\n\\0'`).join("\n");
  const said = execFileSync("sh", ["-c", script], { encoding: "utf8" }).split("\n\0").slice(0, -1);
  const wanted = said.map((line) => line.split("\0").slice(0, -1));
  expect(commands.map(split)).toEqual(wanted);
});

test.each([
  ["", "expected a command"],
  ["  ", "expected a command"],
  ["''", "expected a command"],
  ["a 'b", "a ' is not closed"],
  ['a "b', 'a " is not closed'],
  ["a \\", "nothing follows the last \\"],
  ["a | b", "| needs a shell"],
  ["a > b", "> needs a shell"],
  ["curl http://x?a=1&b=2", "& needs a shell"],
])("%s is refused", (text, why) => {
  expect(() => split(text)).toThrow(why);
  expect(() => split(text)).toThrow("--on-trial");
});

test("what a shell would expand stays as it is written", () => {
  expect(split('echo $HOME *.json ~ {a,b} "$X" #1')).toEqual(["echo", "$HOME", "*.json", "~", "{a,b}", "$X", "#1"]);
});
