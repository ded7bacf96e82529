/** YAML (and so JSON) files that a user writes, read with one-line errors. */
import { readFile, stat } from "node:fs/promises";
import type { Document, LineCounter, visit } from "yaml";
import { UsageError, messageOf } from "../core/errors.js";

/** A file that a user writes is far below it; the parser's work is not bounded otherwise. */
const MAX_BYTES = 1_000_000;

function invalid(source: string, what: string, cause?: unknown): UsageError {
  return new UsageError("invalid-config", `${source}: ${what}`, cause === undefined ? {} : { cause });
}

/** The parser's own check compares each key with all before it. */
function refuseRepeatedKeys(document: Document, visitMaps: typeof visit, lines: LineCounter, source: string): void {
  visitMaps(document, {
    Map(_key, { items }) {
      const seen = new Set<string>();
      for (const { key } of items) {
        const { value, range } = key as { value?: string | number | boolean | null; range?: readonly number[] };
        if (value === undefined) continue;
        const name = String(value);
        const { line, col } = lines.linePos(range?.[0] ?? 0);
        if (seen.has(name))
          throw invalid(source, `Map keys must be unique: "${name}" is given twice, at line ${line}, column ${col}`);
        seen.add(name);
      }
    },
  });
}

/**
 * The data of a YAML text; null for an empty one.
 * @param source what to call it in messages
 * @throws UsageError `invalid-config`
 */
export async function parseYaml(text: string, source: string): Promise<unknown> {
  if (Buffer.byteLength(text) > MAX_BYTES)
    throw invalid(source, `larger than ${MAX_BYTES / 1e6} MB, no file of settings is`);
  const { LineCounter, parseDocument, visit } = await import("yaml");
  try {
    const lines = new LineCounter();
    const document = parseDocument(text, { uniqueKeys: false, lineCounter: lines });
    if (document.errors[0]) throw document.errors[0];
    refuseRepeatedKeys(document, visit, lines, source);
    return document.toJS() as unknown;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw invalid(source, (messageOf(error).split("\n")[0] as string).replace(/:$/, ""), error);
  }
}

/** The data of a YAML file. @throws UsageError `config-not-found`, `invalid-config` */
export async function readYaml(path: string, source: string): Promise<unknown> {
  let text: string;
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES) throw invalid(source, `larger than ${MAX_BYTES / 1e6} MB, no file of settings is`);
    text = await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    const reason = missing ? "no such file" : messageOf(error);
    throw new UsageError("config-not-found", `${source}: ${reason}`, { cause: error });
  }
  return parseYaml(text, source);
}
