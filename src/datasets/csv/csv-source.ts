/** The dataset `csv`: a user's own table. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { parse } from "csv-parse";
import type { CellTables } from "../../core/index.js";
import { UsageError, messageOf } from "../../core/index.js";
import { csvRoles, guessDelimiter } from "./columns.js";
import type { CsvParameters } from "./parameters.js";
import { CsvRows } from "./rows.js";
import type { DatasetSource } from "../dataset.js";
import { createTables } from "../tables.js";

/** An unclosed quote would otherwise take in the rest of the file. */
const MAX_RECORD_BYTES = 1_000_000;

/** The file's first line, without its byte-order mark. */
async function firstLine(path: string, shown: string): Promise<string> {
  let file;
  try {
    file = await open(path);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(65_536), 0, 65_536, 0);
    const text = buffer.toString("utf8", 0, bytesRead).replace(/^\ufeff/, "");
    if (text.trim() === "") throw new UsageError("csv-empty", `${shown}: the file is empty`);
    if (text.includes("\0")) throw new UsageError("csv-encoding", `${shown}: not a text file in UTF-8`);
    return text.trimStart().split(/\r\n|\n|\r/, 1)[0] as string;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    const why = code === "ENOENT" ? "no such file" : code === "EISDIR" ? "is a folder" : messageOf(error);
    throw new UsageError("csv-file", `${shown}: ${why} (data.path)`, { cause: error });
  } finally {
    await file?.close();
  }
}

/** The parser's objection, in one line with its place. */
function parserError(shown: string, error: unknown): UsageError {
  if (error instanceof UsageError) return error;
  const { code, lines } = error as { code?: string; lines?: number };
  const place = lines === undefined ? shown : `${shown}, line ${lines}`;
  const known: Readonly<Record<string, string>> = {
    CSV_QUOTE_NOT_CLOSED: "a quote is opened and never closed",
    CSV_MAX_RECORD_SIZE: "a row is longer than 1 MB: is a quote not closed?",
    CSV_RECORD_INCONSISTENT_FIELDS_LENGTH: messageOf(error)
      .replace(/^Invalid Record Length: /, "")
      .replace(/,? on line \d+$/, ""),
  };
  return new UsageError("csv-syntax", `${place}: ${known[code ?? ""] ?? messageOf(error)}`, { cause: error });
}

async function readRows(path: string, shown: string, params: CsvParameters): Promise<{ rows: CsvRows; hash: string }> {
  const delimiter = params.delimiter ?? guessDelimiter(await firstLine(path, shown));
  const hash = createHash("sha256");
  const bytes = createReadStream(path);
  bytes.on("data", (chunk) => hash.update(chunk));
  let rows: CsvRows | undefined;
  const parser = parse({
    bom: true,
    delimiter,
    skip_empty_lines: true,
    trim: true,
    max_record_size: MAX_RECORD_BYTES,
    // Rows are taken here and go no further: passing each through a stream would cost five times the parsing.
    on_record: (record: readonly string[], { lines }) => {
      if (rows) rows.add(record, lines);
      else rows = new CsvRows(shown, record, csvRoles(shown, record, params), delimiter !== ",");
      return null;
    },
  });
  parser.resume();
  try {
    await pipeline(bytes, parser);
  } catch (error) {
    throw parserError(shown, error);
  }
  if (!rows) throw new UsageError("csv-empty", `${shown}: the file is empty`);
  return { rows, hash: hash.digest("hex") };
}

/**
 * A user's own table by csv-parse: streamed, so that only numbers are kept. Every other numeric column is a feature;
 * empty cells are missing values; rows may stand in any order.
 */
export const csvSource: DatasetSource<CsvParameters> = {
  async files(params, { baseDir }): Promise<string[]> {
    return [resolve(baseDir, params.path)];
  },
  async load(params, { baseDir }): Promise<CellTables> {
    const shown = params.path;
    const { rows, hash } = await readRows(resolve(baseDir, params.path), shown, params);
    const content = rows.finish(params);
    return createTables({
      source: "csv",
      ...content,
      provenance: `table ${basename(params.path)}, SHA-256 ${hash}`,
    });
  },
};
