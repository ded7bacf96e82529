import { describe, expect, test } from "vitest";
import { main } from "../../../src/cli/program.js";
import { printJson, shown } from "../../../src/cli/io.js";
import { styled } from "../../../src/cli/styles.js";

describe("text from outside", () => {
  test.each([
    ["plain text, tabs\tand\nlines", "plain text, tabs\tand\nlines"],
    ["\u001b]0;a title\u0007", "\\x1b]0;a title\\x07"],
    ["\u001b[2J\u001b[1;1Hcleared", "\\x1b[2J\\x1b[1;1Hcleared"],
    ["over\rwritten", "over\\x0dwritten"],
    ["\u009b31mC1 and \u007f", "\\x9b31mC1 and \\x7f"],
    ["\u001b[8mhidden\u001b[0m", "hidden"],
    ["\u001b[34mblue\u001b[39m", "blue"],
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

  test("brings no colours of its own, not even such as look like ours", () => {
    const ours = styled("failed", "no");
    expect(shown(ours, true)).toBe("\u001b[31mno\u001b[39m");
    expect(shown(ours)).toBe("no");
    const [open = ""] = /^[^n]*/.exec(ours) ?? [];
    for (const like of ["1;1;1", open.slice(2, -1).replaceAll(/\d/g, "1")])
      expect(shown(`\u001b[${like}mred\u001b[1;1;99m`, true)).toBe("red");
    expect(shown(styled("best", "\u001b[2J\u001b[31m"), true)).toBe("\u001b[1m\u001b[32m\\x1b[2J\u001b[39m\u001b[22m");
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
