/** Texts laid out in columns of a terminal: measured, cut and wrapped by what they take there, colours apart. */
import type { WideText } from "./wide-text.js";

/** Until it is loaded every character counts as one column. Its tables take a third of what a short command takes. */
let wide: WideText | null = null;

/** From now on texts beyond ASCII are laid out as a terminal shows them. */
export async function loadWideText(): Promise<void> {
  wide ??= (await import("./wide-text.js")).wideText;
}

/** Whether a text would be laid out otherwise once {@link loadWideText} was called. */
export function wantsWideText(text: string): boolean {
  return wide === null && !isAscii(text);
}

const SEQUENCE = /(\u001b\[[\d;]*m)/;
const SEQUENCES = new RegExp(SEQUENCE, "g");
const isAscii = (text: string): boolean => /^[\0-\x7f]*$/.test(text);

/** The columns that a text takes: two for an ideograph or emoji, none for a combining mark or a colour. */
export function textWidth(text: string): number {
  const plain = text.includes("\u001b") ? text.replaceAll(SEQUENCES, "") : text;
  return wide === null || isAscii(plain) ? Array.from(plain).length : wide.width(plain);
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
      for (const segment of wide === null || isAscii(part) ? part : wide.graphemes(part)) {
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
  const most = Math.max(1, width);
  const lines = wide === null || isAscii(text) ? wrapPlain(text, most) : wide.wrap(text, most);
  return lines.map((line) => line.trimEnd());
}

function wrapPlain(text: string, width: number): string[] {
  return text.split("\n").flatMap((line) => {
    const lines: string[] = [""];
    // A word with the spaces behind it; one that is too long in pieces.
    for (const word of line.split(/(?<=\s)(?=\S)/))
      for (let rest = word; rest !== "";) {
        const last = lines.at(-1) as string;
        if (last.length + rest.trimEnd().length <= width) {
          lines[lines.length - 1] = last + rest;
          break;
        }
        if (last !== "") lines.push("");
        else {
          lines[lines.length - 1] = rest.slice(0, width);
          lines.push("");
          rest = rest.slice(width);
        }
      }
    if (lines.length > 1 && lines.at(-1) === "") lines.pop();
    return lines;
  });
}
