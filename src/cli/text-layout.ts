/** Texts laid out in columns of a terminal: measured, cut and wrapped by what they take there, colours apart. */
import stringWidth from "string-width";
import wrapAnsi from "wrap-ansi";

const SEQUENCE = /(\u001b\[[\d;]*m)/;
const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** The columns that a text takes: two for an ideograph or emoji, none for a combining mark or a colour. */
export function textWidth(text: string): number {
  return stringWidth(text);
}

/** A text padded to so many columns. */
export function padText(text: string, width: number, align: "left" | "right" = "left"): string {
  const room = " ".repeat(Math.max(0, width - textWidth(text)));
  return align === "left" ? text + room : room + text;
}

/** The first `width` columns of a line, the last of them `…` where something was left out; colours are closed. */
export function cutText(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  let [cut, room] = ["", width - 1];
  for (const part of text.split(SEQUENCE)) {
    if (SEQUENCE.test(part)) cut += part;
    else
      for (const { segment } of graphemes.segment(part)) {
        room -= textWidth(segment);
        if (room < 0) break;
        cut += segment;
      }
    if (room < 0) break;
  }
  const open = cut.lastIndexOf("\u001b[") >= 0 ? "\u001b[0m" : "";
  return width < 1 ? "" : `${cut}…${open}`;
}

/**
 * Pieces side by side, each whole, on as many lines of at most `width` columns as they need; those after the first are
 * indented.
 */
export function flowText(pieces: readonly string[], width: number, indent = 0): string {
  const lines: string[] = [];
  for (const piece of pieces) {
    const last = lines.at(-1);
    if (last !== undefined && textWidth(last) + 2 + textWidth(piece) <= width)
      lines[lines.length - 1] = `${last}  ${piece}`;
    else lines.push((lines.length > 0 ? " ".repeat(indent) : "") + piece);
  }
  return lines.join("\n");
}

/** A text that stands behind so many columns and goes on below itself where the line ends. */
export function hangText(text: string, width: number, indent: number): string {
  return wrapText(text, width - indent).join(`\n${" ".repeat(indent)}`);
}

/** A text's lines of at most `width` columns, broken between words; only what is longer than a line is broken within. */
export function wrapText(text: string, width: number): string[] {
  if (width === Infinity || textWidth(text) <= width) return text.split("\n");
  return wrapAnsi(text, Math.max(1, width), { hard: true })
    .split("\n")
    .map((line) => line.trimEnd());
}
