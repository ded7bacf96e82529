/** Data in the formats of a command; numbers, durations and bars as text. */
import { stringifyJson } from "../core/index.js";
import { printJson, printLine } from "./io.js";
import type { CliIo, OutputFormat } from "./io.js";
import { styled } from "./styles.js";
import { sizeOf } from "./terminal.js";
import { loadWideText, wantsWideText } from "./text-layout.js";

export { renderTable } from "./table.js";
export type { Column } from "./table.js";

/** Data in the format that was asked for; `table`, which is told how wide it may be, and `value` come from the command. */
export async function printData(
  io: CliIo,
  format: OutputFormat,
  data: unknown,
  forPeople: { table: (width: number) => Promise<string> | string; value?: () => string },
): Promise<void> {
  switch (format) {
    case "json":
      return printJson(io.stdout, data, 2);
    case "yaml": {
      const { stringify } = await import("yaml");
      const text = stringify(JSON.parse(stringifyJson(data)));
      io.stdout.write(text);
      return;
    }
    case "value":
      return forPeople.value ? printLine(io.stdout, forPeople.value()) : printJson(io.stdout, data);
    case "table":
      return printLine(io.stdout, await laidOut(() => forPeople.table(sizeOf(io.stdout).columns)));
  }
}

/** What `lay` lays out; a second time where that turns out to need more than ASCII. */
export async function laidOut(lay: () => Promise<string> | string): Promise<string> {
  const text = await lay();
  if (!wantsWideText(text)) return text;
  await loadWideText();
  return lay();
}

/** A number with as many digits as people compare. */
export function shortNumber(value: number | null | undefined, digits = 4): string {
  if (value === null || value === undefined) return "-";
  if (!Number.isFinite(value)) return String(value);
  if (value === 0 || Number.isInteger(value)) return String(value);
  const magnitude = Math.abs(value);
  return magnitude >= 1e-4 && magnitude < 1e6 ? String(Number(value.toPrecision(digits))) : value.toExponential(2);
}

/** A bar of so many columns, so many of them filled. */
export function progressBar(filled: number, width: number): string {
  const full = Math.max(0, Math.min(width, filled));
  return styled("best", "█".repeat(full)) + styled("muted", "░".repeat(width - full));
}

/** Bytes as whole megabytes: `615 MB`. */
export function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}

/** `1:02:03`, `2:03`, `4.5 s`, `12 ms`. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "-";
  if (seconds > 0 && seconds < 0.0995) return `${seconds < 0.001 ? "< 1" : Math.round(1000 * seconds)} ms`;
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const s = Math.round(seconds);
  const two = (n: number): string => String(n).padStart(2, "0");
  return s < 3600
    ? `${Math.floor(s / 60)}:${two(s % 60)}`
    : `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

/** `2026-01-02 03:04 UTC`: a stored time (ISO 8601, UTC) to the minute. */
export function timeText(iso: string): string {
  return `${iso.slice(0, 16).replace("T", " ")} UTC`;
}
