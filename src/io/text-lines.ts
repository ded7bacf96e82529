/** The lines of a text file, one after another: a file may be larger than a string can be. */
import { createReadStream } from "node:fs";

/**
 * The lines in UTF-8 without their ends (`\n`, `\r\n`) and without a byte order mark; what follows the last end is a
 * line where it is not empty.
 */
export async function* textLines(path: string): AsyncGenerator<string> {
  let open = "";
  let first = true;
  for await (const chunk of createReadStream(path, {
    encoding: "utf8",
    highWaterMark: 1 << 18,
  }) as AsyncIterable<string>) {
    const text = first ? chunk.replace(/^\uFEFF/, "") : chunk;
    first = false;
    const lines = text.split("\n");
    lines[0] = open + (lines[0] as string);
    open = lines.pop() as string;
    for (const line of lines) yield line.endsWith("\r") ? line.slice(0, -1) : line;
  }
  if (open !== "") yield open;
}
