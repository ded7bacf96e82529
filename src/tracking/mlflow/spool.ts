/** Operations that wait to be sent: appended to files beside the study, read back in order, or kept in memory. */
import { randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, readdir, rm } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { MlbenchError, messageOf } from "../../core/index.js";
import { makeFolder } from "../../io/make-folder.js";
import type { Ledger } from "./ledger.js";
import type { Operation } from "./operations.js";

/** Some operations in a row. */
export interface Chunk {
  readonly operations: readonly Operation[];
  /** They are done. */
  done(): Promise<void>;
}

/** Where operations wait. */
export interface Spool {
  append(operation: Operation): void;
  /** Writes what was appended; what cannot be written stays to be tried again. */
  flush(): Promise<void>;
  /** The oldest operations that are not done; null where there are none. */
  next(): Promise<Chunk | null>;
  /** Everything that is not done, in order. */
  waiting(): AsyncIterable<Operation>;
  /** How many were lost because there was no room. */
  readonly lost: number;
  close(): Promise<void>;
}

const CHUNK_BYTES = 2 ** 20;
/** Of text that waits for a disk that takes none. */
const MOST_BUFFERED = 16 * 2 ** 20;
/** A file of this size that is done with is left for a new one. */
const LARGE_FILE = 8 * 2 ** 20;
const NAME = /^spool-[\w-]+\.jsonl$/;

/**
 * A process appends to a file of its own, and sends those of earlier ones first; a file whose operations are done is
 * removed. Memory holds what was not written yet and one chunk. What is flushed survives the process.
 */
export class FileSpool implements Spool {
  readonly #directory: string;
  readonly #ledger: Ledger;
  /** Files of earlier processes, oldest first. */
  #earlier: string[] | null = null;
  #own: { name: string; file: FileHandle; size: number } | null = null;
  #buffer = "";
  #writing: Promise<void> = Promise.resolve();
  #lost = 0;

  constructor(directory: string, ledger: Ledger) {
    this.#directory = directory;
    this.#ledger = ledger;
  }

  get lost(): number {
    return this.#lost;
  }

  append(operation: Operation): void {
    if (this.#buffer.length > MOST_BUFFERED) this.#lost++;
    else this.#buffer += `${JSON.stringify(operation)}\n`;
  }

  flush(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  async #write(): Promise<void> {
    const text = this.#buffer;
    if (text === "") return;
    this.#buffer = "";
    try {
      // Looked for before there is one of our own, which is no earlier one.
      await this.#files();
      this.#own ??= await this.#create();
      const { size } = this.#own;
      const bytes = Buffer.from(text);
      // At its place, not at the end: what a full disk has taken of it is written over.
      for (let at = 0; at < bytes.length;)
        at += (await this.#own.file.write(bytes, at, bytes.length - at, size + at)).bytesWritten;
      await this.#own.file.datasync();
      this.#own.size += bytes.length;
    } catch {
      this.#buffer = text + this.#buffer;
    }
  }

  async #create(): Promise<{ name: string; file: FileHandle; size: number }> {
    await makeFolder(this.#directory);
    const time = String(Date.now()).padStart(15, "0");
    const name = `spool-${time}-${process.pid}-${randomBytes(3).toString("hex")}.jsonl`;
    return { name, file: await open(join(this.#directory, name), "wx"), size: 0 };
  }

  async #files(): Promise<string[]> {
    this.#earlier ??= (await readdir(this.#directory).catch(() => [])).filter((name) => NAME.test(name)).sort();
    return this.#earlier;
  }

  async next(): Promise<Chunk | null> {
    for (;;) {
      const [name] = await this.#files();
      if (name === undefined) break;
      const chunk = await this.#read(name);
      if (chunk) return chunk;
      await rm(join(this.#directory, name), { force: true });
      this.#earlier?.shift();
    }
    const own = this.#own;
    if (!own) return null;
    const chunk = await this.#read(own.name);
    if (!chunk && own.size > LARGE_FILE && this.#ledger.sent(own.name) >= own.size) await this.#removeOwn();
    return chunk;
  }

  async #read(name: string): Promise<Chunk | null> {
    const offset = this.#ledger.sent(name);
    const path = join(this.#directory, name);
    const bytes = await readFrom(path, offset, CHUNK_BYTES);
    const end = bytes.lastIndexOf("\n") + 1;
    // Nothing left but, perhaps, a line that was cut off.
    if (end === 0) return null;
    const lines = bytes.toString("utf8", 0, end).split("\n");
    const operations = lines.flatMap((line) => parse(line) ?? []);
    return { operations, done: async () => this.#ledger.setSent(name, offset + end) };
  }

  async *waiting(): AsyncGenerator<Operation> {
    await this.flush();
    for (const name of [...(await this.#files()), ...(this.#own ? [this.#own.name] : [])]) {
      const start = this.#ledger.sent(name);
      const lines = createInterface({ input: createReadStream(join(this.#directory, name), { start }) });
      for await (const line of lines) {
        const operation = parse(line);
        if (operation) yield operation;
      }
    }
  }

  async #removeOwn(): Promise<void> {
    const own = this.#own;
    this.#own = null;
    await own?.file.close();
    if (own) await rm(join(this.#directory, own.name), { force: true });
  }

  /** @throws MlbenchError `mlflow-spool` for what could not be written. */
  async close(): Promise<void> {
    await this.flush();
    const own = this.#own;
    if (own && this.#ledger.sent(own.name) >= own.size) await this.#removeOwn();
    else await own?.file.close();
    this.#own = null;
    if (this.#buffer !== "" || this.#lost > 0)
      throw new MlbenchError("mlflow-spool", `${this.#directory}: what MLflow has not got could not be written there`);
  }
}

/** Bytes of a file from a place on: at most so many, but a whole line at least. */
async function readFrom(path: string, offset: number, most: number): Promise<Buffer> {
  const file = await open(path, "r").catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new MlbenchError("mlflow-spool", `${path}: ${messageOf(error)}`, { cause: error });
  });
  if (!file) return Buffer.alloc(0);
  try {
    for (let length = most; ; length *= 2) {
      const bytes = Buffer.alloc(length);
      const { bytesRead } = await file.read(bytes, 0, length, offset);
      const found = bytes.subarray(0, bytesRead);
      if (bytesRead < length || found.includes("\n")) return found;
    }
  } finally {
    await file.close();
  }
}

function parse(line: string): Operation | null {
  if (line === "") return null;
  try {
    const parsed: unknown = JSON.parse(line);
    return typeof parsed === "object" && parsed !== null && "run" in parsed ? (parsed as Operation) : null;
  } catch {
    return null;
  }
}

/** Where a storage keeps no files: what there is no room for is lost, and counted. */
export class MemorySpool implements Spool {
  #waiting: { operation: Operation; size: number }[] = [];
  #size = 0;
  lost = 0;

  append(operation: Operation): void {
    const size = JSON.stringify(operation).length;
    if (this.#size + size > MOST_BUFFERED) {
      this.lost++;
      return;
    }
    this.#waiting.push({ operation, size });
    this.#size += size;
  }

  async flush(): Promise<void> {}

  async next(): Promise<Chunk | null> {
    const taken = this.#waiting.slice(0, 2000);
    if (taken.length === 0) return null;
    return {
      operations: taken.map(({ operation }) => operation),
      done: async () => {
        this.#waiting = this.#waiting.slice(taken.length);
        this.#size -= taken.reduce((sum, { size }) => sum + size, 0);
      },
    };
  }

  async *waiting(): AsyncGenerator<Operation> {
    for (const { operation } of this.#waiting) yield operation;
  }

  async close(): Promise<void> {}
}
