/** The streams that a command writes to, and its output formats. */
import { stringifyJson, UsageError } from "../core/index.js";
import { painted, styled } from "./styles.js";
import { tellerOf } from "./teller.js";
import { sizeOf, takesColors } from "./terminal.js";
import type { OutputStream } from "./terminal.js";
import { hangText } from "./text-layout.js";

/** Where a command's output goes; tests replace it. */
export interface CliIo {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
}

export const outputFormats = ["table", "json", "yaml", "value"] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** @throws UsageError `invalid-format` */
export function parseFormat(text: string, allowed: readonly OutputFormat[] = outputFormats): OutputFormat {
  const format = allowed.find((known) => known === text);
  if (!format) throw new UsageError("invalid-format", `--format ${text}: expected one of ${allowed.join(", ")}`);
  return format;
}

const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;
const CONTROLS = new RegExp(CONTROL, "g");
const COLORS = /\u001b\[[\d;]*m/g;

function withoutControls(text: string): string {
  return text
    .replaceAll(COLORS, "")
    .replaceAll(CONTROLS, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

/**
 * A text that may come from a data file, a model or another program, as a terminal may be sent it: whatever would move
 * the cursor, set titles or clear the screen is shown as `\x1b`, colours are left out. Line ends and tabs stay, and what
 * our own views have marked with `styled` gets its colours where they are wanted.
 */
export function shown(text: string, colors = false): string {
  return CONTROL.test(text) ? painted(text, colors, withoutControls) : text;
}

/** Writes data as JSON, with a line end. Control characters that JSON leaves as they are (DEL, C1) are escaped. */
export function printJson(stream: NodeJS.WritableStream, data: unknown, indent?: number): void {
  const text = stringifyJson(data, indent);
  stream.write(`${text.replaceAll(/[\u007f-\u009f]/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`)}\n`);
}

/** Writes a line for people: a result, a warning or an error. */
export function printLine(stream: OutputStream, line: string): void {
  tellerOf(stream)?.record(shown(line));
  stream.write(`${shown(line, takesColors(stream))}\n`);
}

/** Writes `error: …` or `warning: …`; on a terminal wrapped between words, in the log in one line. */
export function printNotice(stream: OutputStream, kind: "error" | "warning", message: string): void {
  const line = shown(`${kind}: ${message}`);
  tellerOf(stream)?.record(line);
  // What is hidden takes room: the text is made safe before it is measured.
  const text = hangText(line, sizeOf(stream).columns, 2);
  stream.write(`${shown(styled(kind, `${kind}:`) + text.slice(kind.length + 1), takesColors(stream))}\n`);
}

/** Writes a line that nobody needs who is in a hurry: progress, or what to type next. `--quiet` leaves it to the log. */
export function printNote(stream: OutputStream, line: string): void {
  const teller = tellerOf(stream);
  if (teller?.quiet) teller.record(shown(line));
  else printLine(stream, line);
}

/** Writes what helps to understand, where `--verbose` or a log asks for it. */
export function printDetail(stream: OutputStream, line: () => string): void {
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
