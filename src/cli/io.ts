/** The streams that a command writes to, and its output formats. */
import { stringifyJson, UsageError } from "../core/index.js";
import { tellerOf } from "./teller.js";

/** Where a command's output goes; tests replace it. */
export interface CliIo {
  readonly stdout: NodeJS.WritableStream & { isTTY?: boolean; columns?: number };
  readonly stderr: NodeJS.WritableStream & { isTTY?: boolean; columns?: number };
}

export const outputFormats = ["table", "json", "yaml", "value"] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** @throws UsageError `invalid-format` */
export function parseFormat(text: string, allowed: readonly OutputFormat[] = outputFormats): OutputFormat {
  const format = allowed.find((known) => known === text);
  if (!format) throw new UsageError("invalid-format", `--format ${text}: expected one of ${allowed.join(", ")}`);
  return format;
}

/** Plain colours, as our own charts have them. */
const COLOR = /^\u001b\[(?:0|22|39|[349][0-7])m/;
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;

/**
 * A text that may come from a data file, a model or another program, as a terminal may be sent it: whatever would move
 * the cursor, set titles or clear the screen is shown as `\x1b`. Line ends, tabs and plain colours stay.
 */
export function shown(text: string): string {
  if (!CONTROL.test(text)) return text;
  let safe = "";
  for (let i = 0; i < text.length;) {
    const color = text[i] === "\u001b" ? COLOR.exec(text.slice(i, i + 8))?.[0] : undefined;
    const char = text[i] as string;
    safe += color ?? (CONTROL.test(char) ? `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}` : char);
    i += color?.length ?? 1;
  }
  return safe;
}

/** Writes data as JSON, with a line end. Control characters that JSON leaves as they are (DEL, C1) are escaped. */
export function printJson(stream: NodeJS.WritableStream, data: unknown, indent?: number): void {
  const text = stringifyJson(data, indent);
  stream.write(`${text.replaceAll(/[\u007f-\u009f]/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`)}\n`);
}

/** Writes a line for people: a result, a warning or an error. */
export function printLine(stream: NodeJS.WritableStream, line: string): void {
  tellerOf(stream)?.record(shown(line));
  stream.write(`${shown(line)}\n`);
}

/** Writes a line that nobody needs who is in a hurry: progress, or what to type next. `--quiet` leaves it to the log. */
export function printNote(stream: NodeJS.WritableStream, line: string): void {
  const teller = tellerOf(stream);
  if (teller?.quiet) teller.record(shown(line));
  else printLine(stream, line);
}

/** Writes what helps to understand, where `--verbose` or a log asks for it. */
export function printDetail(stream: NodeJS.WritableStream, line: () => string): void {
  tellerOf(stream)?.detail(stream, line);
}

/**
 * A reader that goes away (`| head`) ends nothing but the printing: the stream's EPIPE is dropped, the work goes on. So
 * it does when the output cannot be written (a full disk), but then `onFailure` hears of it, once.
 */
export function surviveClosedPipes(io: CliIo, onFailure: (error: Error) => void): void {
  let failed = false;
  for (const stream of [io.stdout, io.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE" || error.code === "ERR_STREAM_DESTROYED" || failed) return;
      failed = true;
      onFailure(error);
    });
  }
}
