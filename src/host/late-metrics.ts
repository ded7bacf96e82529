/** What trials that another process runs have reported besides their values, read from their files a little later. */
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { parseReport } from "../app/epoch-log.js";
import type { Metrics } from "../core/index.js";
import { EPOCHS_FILE } from "../executors/trial-files.js";
import type { KeptReport } from "../study/report-keeper.js";

/** Which report of which trial. */
export type ReportOf = readonly [number: number, attempt: number, step: number];

/** A process writes its reports so often, in milliseconds; a little longer after one was heard of, it is in the file. */
const LOOK_MS = 250;
/** So often it is looked for one report: it may have had its value alone, or its writer no room on the disk. */
const LOOKS = 6;
/** So many reports are kept in mind, and looked for. */
const REMEMBERED = 5_000;
/** As much of a file is read at once: of one that was never looked at, its end. */
const MOST_BYTES = 1024 * 1024;

/** What is to be found of a trial. */
interface Wanted {
  readonly reports: Map<string, ReportOf>;
  looks: number;
}

/** What it stands on. */
export interface LateMetricsOptions {
  /** Where a trial keeps its files; null: nowhere. */
  readonly directoryOf: (number: number) => string | null;
  /** Metrics that were asked for have been found: those of these reports. */
  readonly onFound: (reports: readonly ReportOf[]) => void;
  /** For tests. @default 250 */
  readonly lookMs?: number;
}

/** The metrics of one study's reports, as somebody asks for them. */
export class LateMetrics {
  readonly #options: Required<LateMetricsOptions>;
  readonly #known = new Map<string, Metrics>();
  readonly #wanted = new Map<number, Wanted>();
  /** Up to where each trial's file has been read. */
  readonly #read = new Map<number, number>();
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(options: LateMetricsOptions) {
    this.#options = { lookMs: LOOK_MS, ...options };
  }

  /** Those that are known; else they are looked for, and told of when they are found. */
  of(...report: ReportOf): Metrics | undefined {
    const key = report.join(".");
    const known = this.#known.get(key);
    const [number] = report;
    if (known || this.#closed || this.#options.directoryOf(number) === null) return known;
    const wanted = this.#wanted.get(number) ?? { reports: new Map<string, ReportOf>(), looks: 0 };
    this.#wanted.set(number, wanted);
    // Of many that come at once the first ones: the others are no news.
    if (wanted.reports.size < REMEMBERED) wanted.reports.set(key, report);
    wanted.looks = 0;
    this.#lookSoon();
    return undefined;
  }

  #lookSoon(): void {
    this.#timer ??= setTimeout(() => void this.#look(), this.#options.lookMs).unref();
  }

  async #look(): Promise<void> {
    const found: ReportOf[] = [];
    for (const [number, wanted] of [...this.#wanted]) {
      for (const { attempt, step, metrics } of await this.#linesOf(number)) {
        const key = `${number}.${attempt}.${step}`;
        this.#remember(key, metrics);
        const report = wanted.reports.get(key);
        if (report && wanted.reports.delete(key)) found.push(report);
      }
      wanted.looks += 1;
      if (wanted.reports.size === 0 || wanted.looks >= LOOKS) this.#wanted.delete(number);
    }
    this.#timer = null;
    if (this.#closed) return;
    if (this.#wanted.size > 0) this.#lookSoon();
    if (found.length > 0) this.#options.onFound(found);
  }

  #remember(key: string, metrics: Metrics): void {
    this.#known.set(key, metrics);
    if (this.#known.size <= REMEMBERED) return;
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
  }

  /** What was added to a trial's file since the last look, whole lines alone. Never rejects. */
  async #linesOf(number: number): Promise<KeptReport[]> {
    const directory = this.#options.directoryOf(number);
    if (directory === null) return [];
    try {
      const file = await open(join(directory, EPOCHS_FILE), "r");
      try {
        return await this.#newOf(number, file);
      } finally {
        await file.close();
      }
    } catch {
      // There is none yet, or none that can be read.
      return [];
    }
  }

  async #newOf(number: number, file: FileHandle): Promise<KeptReport[]> {
    const { size } = await file.stat();
    const before = this.#read.get(number);
    // Of a study that was made anew the files are others.
    const start = before === undefined || before > size ? Math.max(0, size - MOST_BYTES) : before;
    const bytes = Buffer.alloc(Math.min(MOST_BYTES, size - start));
    const { bytesRead } = await file.read(bytes, 0, bytes.length, start);
    const end = bytes.subarray(0, bytesRead).lastIndexOf("\n") + 1;
    this.#read.set(number, start + end);
    return bytes
      .toString("utf8", 0, end)
      .split("\n")
      .flatMap((line) => (line === "" ? [] : (parseReport(line) ?? [])));
  }

  /** Looks no further. */
  close(): void {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
  }
}
