/** The streams that a command writes to, and its output formats. */
import { UsageError } from "../core/index.js";

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

/** Writes a line for people or programs. */
export function printLine(stream: NodeJS.WritableStream, line: string): void {
  stream.write(`${line}\n`);
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
