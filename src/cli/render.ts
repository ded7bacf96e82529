/** Data in the formats of a command; numbers, durations and bars as text. */
import { stringifyJson } from "../core/index.js";
import { printJson, printLine } from "./io.js";
import type { CliIo, OutputFormat } from "./io.js";
import { styled } from "./styles.js";
import { sizeOf } from "./terminal.js";
import { loadWideText, wantsWideText } from "./text-layout.js";

export { duration, shortNumber, timeText } from "../core/index.js";
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

/** A bar of so many columns, so many of them filled. */
export function progressBar(filled: number, width: number): string {
  const full = Math.max(0, Math.min(width, filled));
  return styled("best", "█".repeat(full)) + styled("muted", "░".repeat(width - full));
}

/** Bytes as whole megabytes: `615 MB`. */
export function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
