/** What a program printed, as text that does nothing: no colour, cursor or title is set, and no line reads backwards. */

/** Sequences that colour, erase or move: of no use in a page. Those that set titles go on to a bell or a string's end. */
const SEQUENCES =
  /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[PX^_][^\u001b]*(?:\u001b\\)?|[ -/]*[0-~])/g;
/** Other control characters, those that turn the direction of writing, and lone halves of characters. */
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
const DIRECTIONS = /[\u200e\u200f\u202a-\u202e\u2066-\u2069\u061c]/g;

/** A control character's own picture. */
function picture(character: string): string {
  const code = character.charCodeAt(0);
  return code < 0x20 ? String.fromCharCode(0x2400 + code) : code === 0x7f ? "\u2421" : "\ufffd";
}

/** A line that a carriage return wrote over is what was written last, as on a terminal. */
function lastWritten(line: string): string {
  const parts = line.split("\r").filter((part) => part !== "");
  return parts.at(-1) ?? "";
}

/** Printed text as it may stand in a page. */
export function harmlessText(printed: string): string {
  return printed
    .replaceAll("\r\n", "\n")
    .replace(SEQUENCES, "")
    .split("\n")
    .map(lastWritten)
    .join("\n")
    .replace(CONTROLS, picture)
    .replace(DIRECTIONS, "\ufffd");
}

/** More of a log no page shows. */
export const MOST_SHOWN = 400_000;

/** The end of a log, from the beginning of a line on. */
export function endOf(text: string, most = MOST_SHOWN): { readonly text: string; readonly cut: number } {
  if (text.length <= most) return { text, cut: 0 };
  const from = text.indexOf("\n", text.length - most) + 1;
  const cut = from > 0 ? from : text.length - most;
  return { text: text.slice(cut), cut };
}
