/** What colours mean in all views: put into texts as marks, turned into colours where a stream takes them. */
import { randomInt } from "node:crypto";
import colors from "picocolors";

const { bold, cyan, dim, green, magenta, red, yellow, blue, redBright } = colors.createColors(true);

const painters = {
  best: (text: string) => bold(green(text)),
  pruned: yellow,
  failed: red,
  running: cyan,
  warning: (text: string) => bold(yellow(text)),
  error: (text: string) => bold(red(text)),
  muted: dim,
  heading: bold,
  term: cyan,
  series1: blue,
  series2: redBright,
  series3: green,
  series4: magenta,
  series5: cyan,
  series6: yellow,
} as const;

export type Style = keyof typeof painters;
const names = Object.keys(painters) as Style[];

/** The styles of a chart's lines, in their order. */
export const seriesStyles = names.filter((name) => name.startsWith("series"));

/**
 * A mark looks like a colour to whatever measures or wraps a text, but begins with two numbers that are drawn anew in
 * each process: a text from a file or another program cannot bring colours of its own.
 */
const KEY = `${randomInt(1000, 10_000)};${randomInt(1000, 10_000)}`;
const MARKED = new RegExp(`\u001b\\[${KEY};(\\d+)m([^]*?)\u001b\\[${KEY};99m`, "g");

/** A text that means something, for `printLine` and whatever else prints: colours where the stream takes them. */
export function styled(style: Style, text: string): string {
  return text === "" ? "" : `\u001b[${KEY};${names.indexOf(style)}m${text}\u001b[${KEY};99m`;
}

/**
 * A text as a stream takes it: its marks as colours, or without them.
 * @param plain makes what is no mark safe to send
 */
export function painted(text: string, colored: boolean, plain: (text: string) => string): string {
  let [done, end] = ["", 0];
  for (const match of text.matchAll(MARKED)) {
    const [all, index = "", inner = ""] = match;
    const style = names[Number(index)];
    const safe = plain(inner);
    done += plain(text.slice(end, match.index)) + (colored && style ? painters[style](safe) : safe);
    end = match.index + all.length;
  }
  return done + plain(text.slice(end));
}
