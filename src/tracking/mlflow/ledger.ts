/** What a server is known to have of a study: the ids of its runs, and how far each has got; kept in a file of lines. */
import { appendFileSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeFolderSync } from "../../io/make-folder.js";
import type { RunStatus } from "./client.js";
import type { Progress } from "./operations.js";

/** A run that the server has. */
export interface KnownRun extends Progress {
  readonly id: string;
  /** Where its files go. */
  readonly artifacts: string;
  /** As last set; null: not known. */
  readonly status: RunStatus | null;
}

type Line =
  | { readonly ledger: 1; readonly of: string }
  | ({ readonly run: string } & KnownRun)
  | { readonly forget: string }
  | { readonly sent: string; readonly offset: number }
  | { readonly uploaded: number };

const FILE = "ledger.jsonl";
/** A file with more superseded lines than this is written anew when it is opened. */
const SUPERSEDED_LINES = 5000;

/** Lines are written at once, without waiting for the disk: what a power cut costs is found again on the server. */
export class Ledger {
  readonly #runs = new Map<string, KnownRun>();
  /** Bytes of each file of the spool that were delivered. */
  readonly #sent = new Map<string, number>();
  readonly #path: string | null;
  readonly #of: string;
  #uploaded = -1;
  #begun = false;
  /** The last failure to write. */
  failure: Error | null = null;

  /**
   * @param directory null: in memory only
   * @param of what it is about: lines of another study, which this one was copied from, count for nothing
   */
  constructor(directory: string | null, of: string) {
    this.#path = directory === null ? null : join(directory, FILE);
    this.#of = of;
    if (directory === null) return;
    makeFolderSync(directory);
    this.#load(this.#path as string);
  }

  #load(path: string): void {
    let text: string;
    try {
      text = readFileSync(path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
      throw error;
    }
    const lines = text.split("\n").flatMap((line) => parse(line) ?? []);
    const first = lines[0];
    const own = first !== undefined && "ledger" in first && first.of === this.#of;
    if (own) for (const line of lines) this.#apply(line);
    this.#begun = own;
    const useless = lines.length - this.#runs.size - this.#sent.size;
    if (!own || useless > SUPERSEDED_LINES) this.#rewrite(path);
    // A line that was cut off must not spoil the next one.
    else if (!text.endsWith("\n")) this.#append("\n");
  }

  #rewrite(path: string): void {
    const lines: Line[] = [
      { ledger: 1, of: this.#of },
      ...[...this.#runs].map(([run, known]) => ({ run, ...known })),
      ...[...this.#sent].map(([sent, offset]) => ({ sent, offset })),
      ...(this.#uploaded < 0 ? [] : [{ uploaded: this.#uploaded }]),
    ];
    writeFileSync(`${path}.tmp`, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    renameSync(`${path}.tmp`, path);
    this.#begun = true;
  }

  #apply(line: Line): void {
    if ("run" in line) {
      const { run, ...known } = line;
      this.#runs.set(run, known);
    } else if ("forget" in line) {
      if (line.forget === "*") this.#runs.clear();
      else this.#runs.delete(line.forget);
    } else if ("sent" in line) this.#sent.set(line.sent, line.offset);
    else if ("uploaded" in line) this.#uploaded = line.uploaded;
  }

  #write(line: Line): void {
    this.#apply(line);
    if (!this.#begun) this.#append(`${JSON.stringify({ ledger: 1, of: this.#of })}\n`);
    this.#begun = true;
    this.#append(`${JSON.stringify(line)}\n`);
  }

  #append(text: string): void {
    if (this.#path === null) return;
    try {
      appendFileSync(this.#path, text);
      this.failure = null;
    } catch (error) {
      this.failure = error as Error;
    }
  }

  get(run: string): KnownRun | undefined {
    return this.#runs.get(run);
  }

  get runs(): ReadonlyMap<string, KnownRun> {
    return this.#runs;
  }

  set(run: string, known: KnownRun): void {
    const before = this.#runs.get(run);
    if (before && JSON.stringify(before) === JSON.stringify(known)) return;
    this.#write({ run, ...known });
  }

  /** The server no longer has a run; without a name: none of them. */
  forget(run = "*"): void {
    if (run === "*") this.#uploaded = -1;
    this.#write({ forget: run });
  }

  /** How much of a file of the spool was delivered. */
  sent(file: string): number {
    return this.#sent.get(file) ?? 0;
  }

  setSent(file: string, offset: number): void {
    this.#write({ sent: file, offset });
  }

  /** The revision of the study whose pictures and records were uploaded; -1: none. */
  get uploaded(): number {
    return this.#uploaded;
  }

  set uploaded(revision: number) {
    this.#write({ uploaded: revision });
  }
}

function parse(line: string): Line | null {
  if (line === "") return null;
  try {
    const parsed: unknown = JSON.parse(line);
    return typeof parsed === "object" && parsed !== null ? (parsed as Line) : null;
  } catch {
    return null;
  }
}
