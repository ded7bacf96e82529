import { describe, expect, test } from "vitest";
import { movesCursor, plotColumns, sizeOf, takesColors } from "../../../src/cli/terminal.js";
import { screenOf } from "../../fixtures/screen.js";
import { WriteStream } from "node:tty";
import { PassThrough } from "node:stream";

/** A terminal whose depth of colours Node tells by the environment. */
const terminal = Object.assign(screenOf().stream, {
  getColorDepth: (env?: object) => WriteStream.prototype.getColorDepth.call({} as WriteStream, env),
});
const pipe = new PassThrough();
const xterm = { TERM: "xterm-256color" };

describe("colours and cursor", () => {
  // What no-color.org, force-color.org and Node's own documentation of FORCE_COLOR ask for.
  test.each([
    ["a terminal", {}, true, true],
    ["NO_COLOR", { NO_COLOR: "1" }, false, true],
    ["an empty NO_COLOR is none", { NO_COLOR: "" }, true, true],
    ["FORCE_COLOR=0", { FORCE_COLOR: "0" }, false, true],
    ["FORCE_COLOR=false", { FORCE_COLOR: "false" }, false, true],
    ["FORCE_COLOR before NO_COLOR", { FORCE_COLOR: "1", NO_COLOR: "1" }, true, true],
    ["TERM=dumb", { TERM: "dumb" }, false, false],
    ["TERM=dumb, but colours forced", { TERM: "dumb", FORCE_COLOR: "1" }, true, false],
    ["CI", { CI: "true" }, false, false],
    ["CI in tmux", { CI: "true", TMUX: "/tmp/tmux-0/default,1,0" }, false, false],
    ["a CI service that shows colours", { CI: "true", GITHUB_ACTIONS: "true" }, true, false],
    ["CI=false", { CI: "false", TERM: "xterm" }, true, true],
  ])("%s", (_what, set, colors, cursor) => {
    const env = { ...xterm, ...set };
    expect(takesColors(terminal, env)).toBe(colors);
    expect(movesCursor(terminal, env)).toBe(cursor);
  });

  test("a pipe gets neither, unless colours are forced", () => {
    expect(takesColors(pipe, xterm)).toBe(false);
    expect(takesColors(pipe, { ...xterm, FORCE_COLOR: "1" })).toBe(true);
    expect(takesColors(pipe, { ...xterm, FORCE_COLOR: "" })).toBe(true);
    expect(movesCursor(pipe, { ...xterm, FORCE_COLOR: "1" })).toBe(false);
  });
});

test("a terminal has its size as it is now, or 80 by 24; a pipe has no end", () => {
  expect(sizeOf(screenOf(132, 50).stream)).toEqual({ columns: 132, rows: 50 });
  expect(sizeOf(Object.assign(new PassThrough(), { isTTY: true, columns: 0 }))).toEqual({ columns: 80, rows: 24 });
  expect(sizeOf(pipe)).toEqual({ columns: Infinity, rows: Infinity });
  expect([200, 60].map((columns) => plotColumns(screenOf(columns).stream))).toEqual([120, 60]);
  expect(plotColumns(pipe)).toBe(80);
});
