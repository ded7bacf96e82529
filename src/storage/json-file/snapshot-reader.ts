/** Reading and checking a snapshot. */
import { createHash } from "node:crypto";

import { messageOf, MlbenchError, UsageError } from "../../core/index.js";
import type { Trial } from "../../core/index.js";
import { migratorFrom } from "../migrations/index.js";
import type { Migrator, Schema } from "../migrations/index.js";
import type { FileSystem } from "./file-system.js";
import { readLines } from "./lines.js";
import { parseLongRecord } from "./long-record.js";
import { reviveFrozen, reviveParsed } from "../../core/plain-json.js";
import { RecordTexts } from "./record-texts.js";
import { requireTrial, toDocument } from "./study-document.js";
import type { StudyDocument } from "./study-document.js";
import { NO_CHECKSUM } from "./snapshot-layout.js";
import { isBlank } from "./study-folder.js";

export interface ReadSnapshot {
  readonly document: StudyDocument;
  readonly bytes: number;
  readonly migrator: Migrator;
}

export interface ReadOptions {
  /** The schema to read it in, in place of this version's. */
  readonly schema?: Schema | undefined;
  /** Whether the records' texts are kept with the document. @default false */
  readonly keepTexts?: boolean;
}

/** A trial's line of more bytes is parsed piece by piece. */
const LONG_LINE = 1 << 18;
const COMMA = 44;

const checksumField = /"checksum"\s*:\s*"([0-9a-f]{64})"/;

/** SHA-256 over the file's bytes with the checksum's 64 digits replaced by zeros; the field stands near the start. */
export class SnapshotHash {
  readonly #hash = createHash("sha256");
  #stored: string | undefined;
  bytes = 0;

  update(chunk: Buffer): void {
    if (this.bytes === 0) {
      const found = checksumField.exec(chunk.toString("latin1", 0, 65_536));
      this.#stored = found?.[1];
      if (found) {
        chunk = Buffer.from(chunk);
        chunk.write(NO_CHECKSUM, found.index + found[0].length - 65, "latin1");
      }
    }
    this.#hash.update(chunk);
    this.bytes += chunk.length;
  }

  matches(): boolean {
    return this.#hash.digest("hex") === this.#stored;
  }
}

/** Collects a snapshot from its lines as this program lays them out. */
class LineParser {
  readonly raw: Record<string, unknown> = {};
  readonly trials: Trial[] = [];
  readonly texts: RecordTexts | null;
  #part: "head" | "trials" | "tail" | "end" = "head";
  readonly #schema: Schema | undefined;
  #migrator: Migrator | undefined;
  /** Whether records are given their `value`. */
  #derivesValue = false;

  constructor({ schema, keepTexts }: ReadOptions) {
    this.#schema = schema;
    this.texts = keepTexts ? new RecordTexts() : null;
  }

  get migrator(): Migrator {
    return (this.#migrator ??= migratorFrom(this.raw["schema_version"], this.#schema));
  }

  get complete(): boolean {
    return this.#part === "end";
  }

  /** @returns what to wait for, after a line so long that others get their turn meanwhile. */
  line(bytes: Buffer): Promise<void> | undefined {
    if (this.#part === "trials" && bytes.length > LONG_LINE)
      return parseLongRecord(withoutComma(bytes)).then((record) => {
        this.#takeTrial(record, reviveRest);
      });
    this.#shortLine(bytes.toString("utf8"));
    return undefined;
  }

  #shortLine(text: string): void {
    if (this.#part === "trials") this.#trialLine(text);
    else if (text === '"trials": [') {
      this.#part = "trials";
      const { objectives } = this.raw;
      this.#derivesValue = !this.migrator.outdated && Array.isArray(objectives) && objectives.length === 1;
    } else if (text === "}") this.#part = "end";
    else if (text !== "{") Object.assign(this.raw, JSON.parse(`{${text.endsWith(",") ? text.slice(0, -1) : text}}`));
  }

  #trialLine(text: string): void {
    if (text === "]," || text === "]") this.#part = "tail";
    else {
      const record = text.endsWith(",") ? text.slice(0, -1) : text;
      const parsed: unknown = JSON.parse(this.#derivesValue ? withDerivedValue(record) : record);
      const trial = this.#takeTrial(parsed, (migrated) => reviveParsed(migrated, record));
      // What was lifted, or had its lease's token hashed, is another object: it is written anew.
      if (trial === parsed) this.texts?.keep(trial, record);
    }
  }

  #takeTrial(record: unknown, revive: (record: unknown) => unknown): Trial {
    const migrated = this.migrator.trial(record as Record<string, unknown>);
    const trial = requireTrial(revive(migrated), this.trials.length);
    this.trials.push(trial);
    return trial;
  }
}

/** The start of a record of a study with one objective. */
const valuesAtStart = /^\{"number":\d+,"state":"[a-z]+","values":(?:null|\[([^\],]*)\])/;

/**
 * The text of a record with the `value` that stands beside `values` where a record is handed out: put in before it is
 * parsed, it costs next to nothing, whereas a parsed record would have to be made anew.
 */
function withDerivedValue(text: string): string {
  const start = valuesAtStart.exec(text);
  if (!start) return text;
  const [{ length }] = start;
  return `${text.slice(0, length)},"value":${start[1] ?? "null"}${text.slice(length)}`;
}

/** Freezes a record of which all that it was parsed from is frozen, and what a migration has put beside. */
function reviveRest(record: unknown): unknown {
  for (const value of Object.values(record as object)) if (!Object.isFrozen(value)) reviveFrozen(value);
  return Object.freeze(record);
}

function withoutComma(bytes: Buffer): Buffer {
  return bytes.at(-1) === COMMA ? bytes.subarray(0, -1) : bytes;
}

async function parseByLine(
  system: FileSystem,
  fd: number,
  hash: SnapshotHash,
  options: ReadOptions,
): Promise<LineParser | null> {
  const parser = new LineParser(options);
  let readable = true;
  for await (const lines of readLines(system, fd, (chunk) => hash.update(chunk)))
    for (const line of lines)
      if (readable)
        try {
          const taken = parser.line(line.bytes);
          if (taken) await taken;
        } catch (error) {
          if (error instanceof MlbenchError && error.code === "study-too-new") throw error;
          readable = false;
        }
  return readable && parser.complete ? parser : null;
}

/** A file that something else laid out anew: any JSON text will do. */
async function parseWhole(
  system: FileSystem,
  fd: number,
  schema: Schema | undefined,
): Promise<{ raw: Record<string, unknown>; trials: Trial[]; migrator: Migrator }> {
  const bytes = Buffer.alloc(await system.size(fd));
  for (let at = 0; at < bytes.length;) {
    const count = await system.read(fd, bytes.subarray(at), at);
    if (count === 0) break;
    at += count;
  }
  const parsed: unknown = JSON.parse(bytes.toString("utf8"));
  if (typeof parsed !== "object" || parsed === null || !("format" in parsed))
    throw new UsageError("not-a-study", "it is no study");
  const raw = parsed as Record<string, unknown>;
  const migrator = migratorFrom(raw["schema_version"], schema);
  const list = Array.isArray(raw["trials"]) ? (raw["trials"] as Record<string, unknown>[]) : [];
  const trials = list.map((record, i) => requireTrial(reviveFrozen(migrator.trial(record)), i));
  return { raw, trials, migrator };
}

/**
 * Reads and checks a snapshot.
 * @throws MlbenchError `study-damaged` (a checksum that does not fit, or what cannot be parsed), `study-too-new`;
 * UsageError `not-a-study`.
 */
export async function readSnapshot(
  system: FileSystem,
  fd: number,
  path: string,
  options: ReadOptions = {},
): Promise<ReadSnapshot> {
  try {
    const hash = new SnapshotHash();
    const byLine = await parseByLine(system, fd, hash, options);
    if (!byLine) await refuseBlank(system, fd);
    const whole = hash.matches();
    const parsed = byLine ?? (await parseWhole(system, fd, options.schema));
    if (!whole) throw new MlbenchError("study-damaged", "its checksum does not fit: something in it changed");
    const raw = reviveFrozen(parsed.migrator.header(parsed.raw)) as Record<string, unknown>;
    const migrated = { ...raw, schema_version: parsed.raw["schema_version"] };
    const document = { ...toDocument(migrated, parsed.trials), ...(byLine?.texts && { texts: byLine.texts }) };
    return { document, bytes: hash.bytes, migrator: parsed.migrator };
  } catch (error) {
    throw describe(error, path);
  }
}

/** The cause of a refusal of a file in which there is nothing to mend. */
class BlankFile extends Error {}

async function refuseBlank(system: FileSystem, fd: number): Promise<void> {
  const start = Buffer.alloc(4096);
  if (!isBlank(start.subarray(0, await system.read(fd, start, 0)))) return;
  const message =
    "it is empty, and nothing of the study can be read: put a copy of it back, or delete-study removes it";
  throw new MlbenchError("study-damaged", message, { cause: new BlankFile() });
}

/** Whether a file was refused because there is nothing in it. */
export function isBlankError(error: unknown): boolean {
  return error instanceof BlankFile || (error instanceof MlbenchError && isBlankError(error.cause));
}

function describe(error: unknown, path: string): unknown {
  if (error instanceof UsageError) return new UsageError(error.code, `${path}: ${error.message}`);
  if (error instanceof MlbenchError) {
    const hint = error.code === "study-damaged" && !isBlankError(error) ? "; doctor --repair repairs it" : "";
    return new MlbenchError(error.code, `${path}: ${error.message}${hint}`, { cause: error });
  }
  if (error instanceof SyntaxError)
    return new MlbenchError(
      "study-damaged",
      `${path} is not readable: ${messageOf(error)}; doctor --repair repairs it`,
    );
  return error;
}
