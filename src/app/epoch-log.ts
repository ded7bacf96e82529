/** What trials report besides their value, kept with each trial's own files: writing and reading `epochs.jsonl`. */
import { mkdir, open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { decodeNumber, stringifyJson } from "../core/index.js";
import type { Metrics } from "../core/index.js";
import { EPOCHS_FILE } from "../executors/trial-files.js";
import type { KeptReport, ReportKeeper } from "../study/report-keeper.js";

/** How long a report may wait to be written, and how much may wait. */
const INTERVAL_MS = 200;
const BUFFER_CHARACTERS = 64 * 1024;
/** So many reports are kept in mind for those who follow the study: they hear of a report a little after it was made. */
const REMEMBERED = 5_000;

/**
 * Keeps every report that has more than its value, a line each, in the trial's own file. Written now and then, at a
 * trial's end and at the call's end; what goes wrong with the disk costs lines of these files and nothing else.
 */
export class EpochLog implements ReportKeeper {
  readonly #directoryOf: (number: number) => string | null;
  /** What is to be written, by trial. */
  readonly #pending = new Map<number, string>();
  /** The trials whose file is known to end with a whole line. */
  readonly #whole = new Set<number>();
  /** The metrics of the last reports, by trial, attempt and step. */
  readonly #remembered = new Map<string, Metrics>();
  #writing: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | null = null;

  /** @param directoryOf where a trial keeps its files; null: nowhere, and nothing is written. */
  constructor(directoryOf: (number: number) => string | null) {
    this.#directoryOf = directoryOf;
  }

  /** A report with its value alone is kept in the trial's record only. */
  record(number: number, { attempt, step, value, metrics }: KeptReport): void {
    if (Object.keys(metrics).length === 0) return;
    this.#remember(keyOf(number, attempt, step), metrics);
    if (this.#directoryOf(number) === null) return;
    const text = `${this.#pending.get(number) ?? ""}${stringifyJson({ attempt, step, value, metrics })}\n`;
    this.#pending.set(number, text);
    if (text.length >= BUFFER_CHARACTERS) void this.#write(number);
    else this.#timer ??= setTimeout(() => void this.#writeAll(), INTERVAL_MS).unref();
  }

  /** The metrics of a report that was made lately; undefined where it had none. */
  metricsOf(number: number, attempt: number, step: number): Metrics | undefined {
    return this.#remembered.get(keyOf(number, attempt, step));
  }

  #remember(key: string, metrics: Metrics): void {
    this.#remembered.set(key, metrics);
    if (this.#remembered.size <= REMEMBERED) return;
    const [oldest] = this.#remembered.keys();
    if (oldest !== undefined) this.#remembered.delete(oldest);
  }

  async end(number: number): Promise<void> {
    await this.#write(number);
    this.#whole.delete(number);
  }

  async close(): Promise<void> {
    await this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    for (const number of [...this.#pending.keys()]) void this.#write(number);
    await this.#writing;
  }

  #write(number: number): Promise<void> {
    const text = this.#pending.get(number);
    this.#pending.delete(number);
    if (text !== undefined) this.#writing = this.#writing.then(() => this.#append(number, text));
    return this.#writing;
  }

  /** Never rejects: a full disk is told by what has to be durable. */
  async #append(number: number, text: string): Promise<void> {
    const directory = this.#directoryOf(number) as string;
    try {
      await mkdir(directory, { recursive: true });
      const whole = this.#whole.delete(number);
      await appendLines(join(directory, EPOCHS_FILE), text, whole);
      this.#whole.add(number);
    } catch {
      // The lines are lost; the next ones are tried again.
    }
  }
}

const keyOf = (number: number, attempt: number, step: number): string => `${number}.${attempt}.${step}`;

/** Appends to a file; a last line that was cut off, by a crash or a full disk, is ended first. */
async function appendLines(path: string, text: string, whole: boolean): Promise<void> {
  const file = await open(path, "a+");
  try {
    const { size } = whole ? { size: 0 } : await file.stat();
    const last = Buffer.alloc(1, "\n");
    if (size > 0) await file.read(last, 0, 1, size - 1);
    await file.appendFile(last.toString() === "\n" ? text : `\n${text}`);
  } finally {
    await file.close();
  }
}

/**
 * The reports with metrics of one attempt at a trial, in order; none where nothing was kept. Lines that were cut off are
 * left out.
 * @param directory the trial's own
 * @param attempt the record's. @default the last one that reported
 * @example
 * const study = await loadStudy({ name: "tuned", storage: "studies" });
 * const directory = study.directoryOf(3); // null in memory
 * if (directory !== null) (await readEpochs(directory)).map(({ step, metrics }) => [step, metrics]);
 */
export async function readEpochs(directory: string, attempt?: number): Promise<KeptReport[]> {
  let text: string;
  try {
    text = await readFile(join(directory, EPOCHS_FILE), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  const records = text.split("\n").flatMap((line) => parseReport(line) ?? []);
  const wanted = attempt ?? records.reduce((last, record) => Math.max(last, record.attempt), 0);
  return records.filter((record) => record.attempt === wanted);
}

/** A line of such a file; null for what is none, or only a part of one. */
export function parseReport(line: string): KeptReport | null {
  try {
    const { attempt, step, value, metrics } = JSON.parse(line) as KeptReport;
    const numbers = Object.entries(metrics).map(([name, number]) => [name, decodeNumber(number)] as const);
    const decoded = decodeNumber(value);
    if (decoded === undefined || numbers.some(([, number]) => number === undefined)) return null;
    return { attempt, step, value: decoded, metrics: Object.fromEntries(numbers) as Metrics };
  } catch {
    return null;
  }
}
