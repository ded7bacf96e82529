/** Tables for people: as wide as they need to be, or as the terminal is. */
import { oneLine } from "../core/index.js";
import { shown } from "./io.js";
import { styled } from "./styles.js";
import type { Style } from "./styles.js";
import { flowText, padText, textWidth, wrapText } from "./text-layout.js";

export interface Column<Row> {
  readonly title: string;
  /** What is to the right is never wrapped: numbers. @default "left" */
  readonly align?: "left" | "right";
  readonly text: (row: Row) => string;
  /** What a cell means, where its colour says so. */
  readonly style?: (row: Row) => Style | undefined;
  /** May stand below its row where there is no room beside it: a remark that explains itself. @default false */
  readonly below?: boolean;
}

const GAP = 2;
/** Texts in narrower columns would be hard to read. */
const LEAST_TEXT = 12;
/** A remark that could stand below its row gets a column only where it reads well. */
const LEAST_REMARK = 28;

/** A cell: one line of text, safe to print, and its meaning. */
interface Cell {
  readonly text: string;
  readonly style: Style | undefined;
}

/**
 * A table without borders, which would get in the way of copying: a line a row, titles above. Where it is wider than
 * `width`, texts are wrapped between words, then remarks go below their rows; where that is not enough, each row becomes a
 * record: its first cell, and after it `title value` by `title value`. Numbers are never broken.
 * @param width the terminal's; without limit nothing is wrapped or left out
 */
export function renderTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[], width = Infinity): string {
  const cells = rows.map((row) =>
    columns.map((column): Cell => ({ text: shown(oneLine(column.text(row))), style: column.style?.(row) })),
  );
  const beside = columns.map((_column, i) => i);
  const narrower = beside.filter((i) => columns[i]?.below !== true);
  for (const shownBeside of narrower.length < beside.length ? [beside, narrower] : [beside]) {
    const widths = fittedWidths(pick(columns, shownBeside), pickEach(cells, shownBeside), width);
    if (widths !== null) return lines(columns, cells, { beside: shownBeside, widths, width });
  }
  return cells.map((row) => record(columns, row, width)).join("\n");
}

const pick = <T>(items: readonly T[], which: readonly number[]): T[] => which.map((i) => items[i] as T);
const pickEach = <T>(rows: readonly (readonly T[])[], which: readonly number[]): T[][] =>
  rows.map((row) => pick(row, which));

/** The columns that stand beside each other, by number, with their widths; the others go below their rows. */
interface Layout {
  readonly beside: readonly number[];
  readonly widths: readonly number[];
  readonly width: number;
}

function lines<Row>(columns: readonly Column<Row>[], rows: readonly (readonly Cell[])[], layout: Layout): string {
  const { beside, widths, width } = layout;
  const picked = pick(columns, beside);
  const titles = picked.map(({ title }): Cell => ({ text: title, style: "heading" }));
  const head = titles.some(({ text }) => text !== "") ? [tableRow(picked, titles, widths)] : [];
  const indent = (widths[0] as number) + GAP;
  const body = rows.flatMap((row) => [
    tableRow(picked, pick(row, beside), widths),
    ...row.flatMap(({ text, style }, i) =>
      beside.includes(i) || text === ""
        ? []
        : wrapText(text, width - indent).map((line) => " ".repeat(indent) + (style ? styled(style, line) : line)),
    ),
  ]);
  return [...head, ...body].join("\n");
}

/** The lines of a cell; titles over numbers may also be broken behind the `_` and `.` of a name. */
function cellLines(text: string, width: number, isName: boolean): string[] {
  if (!isName || textWidth(text) <= width) return wrapText(text, width);
  const lines: string[] = [];
  for (const part of text.split(/(?<=[_.])(?=\p{L})|(?<=\s)/u)) {
    const last = lines.at(-1);
    if (last !== undefined && textWidth((last + part).trimEnd()) <= width) lines[lines.length - 1] = last + part;
    else lines.push(part);
  }
  return lines.map((line) => line.trimEnd());
}

function tableRow<Row>(columns: readonly Column<Row>[], cells: readonly Cell[], widths: readonly number[]): string {
  const wrapped = cells.map(({ text }, i) => cellLines(text, widths[i] as number, columns[i]?.align === "right"));
  const height = Math.max(1, ...wrapped.map((lines) => lines.length));
  const lines = Array.from({ length: height }, (_, y) => {
    const parts = cells.map(({ style }, i) => {
      const text = wrapped[i]?.[y] ?? "";
      const padded = padText(text, widths[i] as number, columns[i]?.align);
      return style === undefined ? padded : padded.replace(text, () => styled(style, text));
    });
    return parts.join(" ".repeat(GAP)).trimEnd();
  });
  return lines.join("\n");
}

const longestPart = (text: string, separator: RegExp): number =>
  Math.max(0, ...text.split(separator).map((part) => textWidth(part)));

/** The widths that the columns want and the least that they can do with. */
function boundsOf<Row>(columns: readonly Column<Row>[], cells: readonly (readonly Cell[])[]) {
  return columns.map(({ title, align = "left", below = false }, i) => {
    const texts = cells.map((row) => row[i]?.text ?? "");
    const natural = Math.max(textWidth(title), ...texts.map((text) => textWidth(text)));
    if (align === "right") {
      const titles = longestPart(title, /(?<=[_.])(?=\p{L})|\s+/u);
      return { natural, least: Math.max(titles, ...texts.map((text) => textWidth(text))) };
    }
    const word = Math.max(textWidth(title), ...texts.map((text) => longestPart(text, /\s+/)));
    return { natural, least: Math.max(word, Math.min(natural, below ? LEAST_REMARK : LEAST_TEXT)) };
  });
}

/** Each column's width; null where the table cannot be made that narrow. */
function fittedWidths<Row>(
  columns: readonly Column<Row>[],
  cells: readonly (readonly Cell[])[],
  width: number,
): number[] | null {
  const bounds = boundsOf(columns, cells);
  const room = width - GAP * (columns.length - 1);
  const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
  if (sum(bounds.map(({ natural }) => natural)) <= room) return bounds.map(({ natural }) => natural);
  let left = room - sum(bounds.map(({ least }) => least));
  if (left < 0) return null;
  // Those that lack least are satisfied first.
  const widths = bounds.map(({ least }) => least);
  const lacking = bounds.map(({ natural, least }, i) => ({ i, lack: natural - least })).sort((a, b) => a.lack - b.lack);
  for (const [at, { i, lack }] of lacking.entries()) {
    const more = Math.min(lack, Math.floor(left / (lacking.length - at)));
    widths[i] = (widths[i] as number) + more;
    left -= more;
  }
  return widths;
}

/** A row as `title value` after `title value` below its first cell. */
function record<Row>(columns: readonly Column<Row>[], cells: readonly Cell[], width: number): string {
  const [first, ...others] = cells;
  const pieces: string[] = [];
  const long: string[] = [];
  for (const [i, { text, style }] of others.entries()) {
    const title = columns[i + 1]?.title ?? "";
    if (text === "" || text === "-") continue;
    const colored = (part: string): string => (style === undefined ? part : styled(style, part));
    const label = title === "" ? "" : `${styled("muted", title)} `;
    if (textWidth(label) + textWidth(text) + 2 <= width) pieces.push(label + colored(text));
    else {
      const [head = "", ...tail] = wrapText(`${title} ${text}`, width - 4);
      const body = title !== "" && head.startsWith(`${title} `) ? label + head.slice(title.length + 1) : head;
      long.push([body, ...tail.map((line) => `  ${line}`)].map((line) => `\n  ${line}`).join(""));
    }
  }
  const title = columns[0]?.title ?? "";
  const isNumber = columns[0]?.align === "right" && title !== "";
  const head = styled("heading", isNumber ? `${title} ${first?.text ?? ""}` : (first?.text ?? ""));
  return `${flowText([head, ...pieces], width, 2)}${long.join("")}`;
}
