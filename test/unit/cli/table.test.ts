import fc from "fast-check";
import wrapAnsi from "wrap-ansi";
import { beforeAll, expect, test } from "vitest";
import { shown } from "../../../src/cli/io.js";
import { renderTable } from "../../../src/cli/table.js";
import type { Column } from "../../../src/cli/table.js";
import { cutText, flowText, loadWideText, textWidth, wrapText } from "../../../src/cli/text-layout.js";

interface Row {
  readonly name: string;
  readonly count: string;
  readonly text: string;
}

const columns: readonly Column<Row>[] = [
  { title: "name", text: (row) => row.name },
  { title: "hidden_size", align: "right", text: (row) => row.count },
  { title: "description", text: (row) => row.text, style: () => "muted" },
];
const rows: readonly Row[] = [
  { name: "lstm", count: "8", text: "a recurrent network that reads the window cycle by cycle" },
  { name: "mlp", count: "1234", text: "-" },
];
const lines = (width?: number): string[] => shown(renderTable(columns, rows, width)).split("\n");

beforeAll(loadWideText);

test("without a limit a table is a line a row, as wide as it needs to be", () => {
  expect(lines()).toEqual([
    "name  hidden_size  description",
    "lstm            8  a recurrent network that reads the window cycle by cycle",
    "mlp          1234  -",
  ]);
});

test("what does not fit is wrapped between words, in its column", () => {
  expect(lines(50)).toEqual([
    "name  hidden_size  description",
    "lstm            8  a recurrent network that reads",
    "                   the window cycle by cycle",
    "mlp          1234  -",
  ]);
});

test("a title over numbers is broken at the joints of its name before the text gets too narrow", () => {
  expect(lines(28)).toEqual([
    "name  hidden_  description",
    "         size",
    "lstm        8  a recurrent",
    "               network that",
    "               reads the",
    "               window cycle",
    "               by cycle",
    "mlp      1234  -",
  ]);
  // The number in a title is no joint.
  const limit: Column<string> = { title: "SOH <= 0.7", align: "right", text: (row) => row };
  expect(shown(renderTable([limit, limit], ["1"], 12)).split("\n")).toEqual([
    "  SOH    SOH",
    "   <=     <=",
    "  0.7    0.7",
    "    1      1",
  ]);
});

test("a remark goes below its row where that keeps the columns", () => {
  const below = columns.map((column) => (column.title === "description" ? { ...column, below: true } : column));
  expect(shown(renderTable(below, rows, 40)).split("\n")).toEqual([
    "name  hidden_size",
    "lstm            8",
    "      a recurrent network that reads the",
    "      window cycle by cycle",
    "mlp          1234",
    "      -",
  ]);
  expect(shown(renderTable(below, rows, 60))).toBe(lines(60).join("\n"));
});

test("where columns have no room, a row is a record", () => {
  expect(lines(25)).toEqual([
    "lstm  hidden_size 8",
    "  description a",
    "    recurrent network",
    "    that reads the window",
    "    cycle by cycle",
    "mlp  hidden_size 1234",
  ]);
});

test("wide, combining and joined characters keep the columns straight", () => {
  const named = ["日本語", "e\u0301te\u0301", "👩‍👩‍👧", "plain"].map((name) => ({ name, count: "1", text: "x" }));
  const at = shown(renderTable(columns, named))
    .split("\n")
    .slice(1)
    .map((line) => textWidth(line.slice(0, line.indexOf("1"))));
  expect(new Set(at).size).toBe(1);
});

test("a cell brings neither colours nor control characters, and keeps its column straight", () => {
  const evil = [{ name: "\u001b[31mred\u001b[2J", count: "1", text: "x" }, ...rows];
  const [, first, second] = shown(renderTable(columns, evil), true).split("\n");
  expect(first).toBe("red\\x1b[2J            1  \u001b[2mx\u001b[22m");
  expect(second?.indexOf("8")).toBe(first?.indexOf("1  "));
});

test("at any width each number is whole, no word is lost, and no line is wider where words allow it", () => {
  const word = fc.stringMatching(/^[a-z日é]{1,9}$/u);
  const row = fc.record({
    name: word,
    count: fc.integer({ min: 0, max: 99_999 }).map(String),
    text: fc.array(word, { minLength: 1, maxLength: 30 }).map((words) => words.join(" ")),
  });
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 5 }), fc.integer({ min: 30, max: 120 }), (some, width) => {
      const text = shown(renderTable(columns, some, width));
      for (const line of text.split("\n")) expect(textWidth(line)).toBeLessThanOrEqual(width);
      const words = text.split(/\s+/);
      for (const { name, count, text: long } of some)
        for (const one of [name, count, ...long.split(" ")]) expect(words).toContain(one);
    }),
  );
});

test("a text of any length is measured at once, as its parts are", () => {
  // Measured as one it takes minutes.
  const part = "</b>=x 🎉 日本e\u0301 👩‍👩‍👧 1\u20e3;";
  expect(textWidth(part.repeat(3000))).toBe(textWidth(part) * 3000);
  expect(cutText(part.repeat(3000), 1000)).toBe(cutText(part.repeat(100), 1000));
});

test("a text is cut by columns, between characters", () => {
  expect(cutText("plain", 5)).toBe("plain");
  expect(cutText("plain text", 5)).toBe("plai…");
  expect(cutText("日本語", 4)).toBe("日…");
  expect(cutText("\u001b[31mplain text\u001b[39m", 5)).toBe("\u001b[31mplai…\u001b[0m");
  expect(cutText("👩‍👩‍👧👩‍👩‍👧", 3)).toBe("👩‍👩‍👧…");
});

test("plain texts are wrapped as others are", () => {
  const plain = fc.stringMatching(/^[a-z ]{0,60}$/);
  fc.assert(
    fc.property(plain, fc.integer({ min: 1, max: 30 }), (text, width) => {
      const lines = wrapText(text.trim().replaceAll(/ +/g, " "), width);
      expect(lines.every((line) => line.length <= width)).toBe(true);
      expect(lines.join("").replaceAll(" ", "")).toBe(text.replaceAll(" ", ""));
      expect(wrapAnsi(lines.join("\n"), width, { hard: true })).toBe(lines.join("\n"));
    }),
  );
  expect(wrapText("one two  three fourteen", 8)).toEqual(["one two", "three", "fourteen"]);
  expect(wrapText("abcdefghij kl", 4)).toEqual(["abcd", "efgh", "ij", "kl"]);
});

test("pieces flow over lines and stay whole", () => {
  expect(flowText(["one 1", "two 2", "three 3"], 12, 2)).toBe("one 1  two 2\n  three 3");
  expect(flowText(["one 1", "two 2"], Infinity)).toBe("one 1  two 2");
});
