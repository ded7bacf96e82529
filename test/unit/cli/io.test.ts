import { describe, expect, test } from "vitest";
import { main } from "../../../src/cli/program.js";
import { printJson, shown } from "../../../src/cli/io.js";

describe("text from outside", () => {
  test.each([
    ["plain text, tabs\tand\nlines", "plain text, tabs\tand\nlines"],
    ["\u001b]0;a title\u0007", "\\x1b]0;a title\\x07"],
    ["\u001b[2J\u001b[1;1Hcleared", "\\x1b[2J\\x1b[1;1Hcleared"],
    ["over\rwritten", "over\\x0dwritten"],
    ["\u009b31mC1 and \u007f", "\\x9b31mC1 and \\x7f"],
    ["\u001b[8mhidden\u001b[0m", "\\x1b[8mhidden\\x1b[0m"],
    ["\u001b[34mblue\u001b[39m", "\\x1b[34mblue\\x1b[39m"],
    ["é, 日本, 😀", "é, 日本, 😀"],
  ])("%j is shown as %j", (text, safe) => {
    expect(shown(text)).toBe(safe);
  });

  test("stays what it is in JSON, without a control character", () => {
    let written = "";
    const stream = { write: (text: string) => (written += text) } as unknown as NodeJS.WriteStream;
    const data = { note: "\u001b]0;x\u0007 \u009b31m \u007f é" };
    printJson(stream, data);
    expect(JSON.parse(written)).toEqual(data);
    expect(written).toMatch(/^[ -~é]*\n$/);
  });

  test("does not reach the terminal through error messages", async () => {
    const written: string[] = [];
    const stream = { write: (text: string) => written.push(text), on: () => stream } as unknown as NodeJS.WriteStream;
    const evil = "\u001b]0;owned\u0007";
    for (const argv of [[evil], ["trials", evil], ["optimize", "--trials", evil], ["studies", `--${evil}`]])
      expect(await main(argv, { stdout: stream, stderr: stream })).toBe(2);
    expect(written.join("")).toContain("\\x1b]0;owned\\x07");
    expect(written.join("")).not.toContain("\u001b");
  });
});
