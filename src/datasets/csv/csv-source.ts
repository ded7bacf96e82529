/** The dataset `csv`: a user's own table. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { parse } from "csv-parse";
import type { CellTables } from "../../core/index.js";
import { UsageError, messageOf } from "../../core/index.js";
import { csvTables } from "./cells.js";
import { csvRoles, declaredDelimiter, guessDelimiter } from "./columns.js";
import type { CsvParameters } from "./parameters.js";
import { CsvRows } from "./rows.js";
import { Utf8Check } from "./utf8.js";
import type { DatasetSource } from "../dataset.js";
import { createTables } from "../tables.js";

/** An unclosed quote would otherwise take in the rest of the file. */
const MAX_RECORD_BYTES = 1_000_000;

/** A file's first line that is more than delimiters, without the byte-order mark. */
async function firstLine(path: string, shown: string): Promise<string> {
  let file;
  try {
    file = await open(path);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(65_536), 0, 65_536, 0);
    const text = buffer.toString("utf8", 0, bytesRead).replace(/^\ufeff/, "");
    if (text.trim() === "") throw new UsageError("csv-empty", `${shown}: the file is empty`);
    if (text.includes("\0")) throw new UsageError("csv-encoding", `${shown}: not a text file in UTF-8`);
    const lines = text.split(/\r\n|\n|\r/);
    return lines.find((candidate) => !/^[\s,;|"]*$/.test(candidate)) ?? lines[0] ?? "";
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
  };
  return new UsageError("csv-syntax", `${place}: ${known[code ?? ""] ?? messageOf(error)}`, { cause: error });
}

/** Takes a table's records one by one: the first that is not blank is the header. */
class Records {
  rows: CsvRows | undefined;
  #declares: boolean;
  readonly #header: (record: readonly string[]) => CsvRows;

  constructor(declares: boolean, header: (record: readonly string[]) => CsvRows) {
    this.#declares = declares;
    this.#header = header;
  }

  add(record: readonly string[], line: number): void {
    // A row without any value is a blank line: spreadsheets leave them at the end.
    if (record.every((field) => field === "")) return;
    if (this.#declares) this.#declares = false;
    else if (this.rows) this.rows.add(record, line);
    else this.rows = this.#header(record);
  }
}

async function readRows(path: string, shown: string, params: CsvParameters): Promise<{ rows: CsvRows; hash: string }> {
  const line = await firstLine(path, shown);
  // `sep=;`, which spreadsheets write, is no header.
  const declared = declaredDelimiter(line);
  const delimiter = params.delimiter ?? declared ?? guessDelimiter(line);
  const hash = createHash("sha256");
  const utf8 = new Utf8Check(shown);
  const records = new Records(
    declared !== null,
    (header) => new CsvRows(shown, header, csvRoles(shown, header, params), delimiter !== ","),
  );
  const parser = parse({
    bom: true,
    delimiter,
    // Each of them ends a row, wherever it stands; the parser would look for the first row's alone.
    record_delimiter: ["\r\n", "\n", "\r"],
    skip_empty_lines: true,
    trim: true,
    max_record_size: MAX_RECORD_BYTES,
    // Checked for each row that holds something, by the rows themselves.
    relax_column_count: true,
    // Rows are taken here and go no further: passing each through a stream would cost five times the parsing.
    on_record: (record: readonly string[], { lines }) => {
      records.add(record, lines);
      return null;
    },
  });
  async function* checked(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      hash.update(chunk);
      utf8.add(chunk);
      yield chunk;
    }
    utf8.end();
  }
  parser.resume();
  try {
    await pipeline(createReadStream(path), checked, parser);
  } catch (error) {
    throw parserError(shown, error);
  }
  if (!records.rows) throw new UsageError("csv-empty", `${shown}: the file is empty`);
  return { rows: records.rows, hash: hash.digest("hex") };
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
    const content = csvTables(rows, params);
    return createTables({
      source: "csv",
      ...content,
      provenance: `table ${basename(params.path)}, SHA-256 ${hash}`,
    });
  },
};
