/** The studies that this process has open for writing: opened when there is something to write, given up a while later. */
import { hostname } from "node:os";
import { defined, MlbenchError } from "../core/index.js";
import type { StudyHeader, Trial } from "../core/index.js";
import { openStudyToWrite } from "../app/study.js";
import type { LockOwner, StudyStorage } from "../storage/storage.js";
import type { Study } from "../study/study.js";
import type { HostedRun } from "./hosted-run.js";

/** A study that is open for writing here. */
export interface OpenStudy {
  readonly name: string;
  readonly study: Study;
  readonly header: StudyHeader;
  /** This process, as the study's lock names it. */
  readonly owner: LockOwner;
  /** Its run: that of now, or the last one since it was opened. */
  run: HostedRun | null;
  /** The trials that are out under a lease. */
  leased(): Trial[];
  /** Puts off its being given up, as a write does. */
  touch(): void;
}

/** How studies are opened, and when they are given up. */
export interface OpenStudiesOptions {
  readonly storage: StudyStorage;
  /** Where the service takes commands; stands in the locks. */
  readonly url: () => string | undefined;
  /** A study is given up so long after its last write, in milliseconds. */
  readonly idleMs: number;
  /** A study was opened or given up. */
  readonly onChange: (name: string) => void;
  /** What went wrong with giving one up: it is told to nobody else. */
  readonly onProblem: (name: string, error: unknown) => void;
}

class Entry implements OpenStudy {
  readonly name: string;
  readonly study: Study;
  run: HostedRun | null = null;
  /** How many are at work with it. */
  users = 0;
  closing: Promise<void> | null = null;
  readonly #openedAt = new Date().toISOString();
  readonly #url: () => string | undefined;
  #touchedAt = performance.now();
  #seen: number;

  constructor(name: string, study: Study, url: () => string | undefined) {
    this.name = name;
    this.study = study;
    this.#url = url;
    this.#seen = study.state.revision;
  }

  get header(): StudyHeader {
    return this.study.header;
  }

  get owner(): LockOwner {
    const url = this.#url();
    return { pid: process.pid, host: hostname(), since: this.#openedAt, work: "serve", ...defined({ url }) };
  }

  touch(): void {
    this.#touchedAt = performance.now();
  }

  leased(): Trial[] {
    const { state } = this.study;
    return state.unfinished.flatMap((number) => {
      const trial = state.trial(number);
      return trial?.state === "running" && trial.lease ? [trial] : [];
    });
  }

  /** Whether somebody is at work with it, or a trial of it is under way. */
  get inUse(): boolean {
    return this.users > 0 || (this.run?.live ?? false) || this.leased().length > 0;
  }

  /** Milliseconds since something was last written, or was going to be. */
  get idleMs(): number {
    const { revision } = this.study.state;
    if (revision !== this.#seen || this.inUse) this.touch();
    this.#seen = revision;
    return performance.now() - this.#touchedAt;
  }
}

/** One writer a study, shared by all of this process who write. */
export class OpenStudies {
  readonly #options: OpenStudiesOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #opening = new Map<string, Promise<Entry>>();
  readonly #timer: NodeJS.Timeout;
  #closed = false;

  constructor(options: OpenStudiesOptions) {
    this.#options = options;
    this.#timer = setInterval(
      () => {
        this.#closeIdle();
      },
      Math.max(20, Math.min(5_000, options.idleMs / 4)),
    ).unref();
  }

  /** Those that are open now. */
  get all(): readonly OpenStudy[] {
    return [...this.#entries.values()].filter((entry) => !entry.closing);
  }

  /** One that is open now. */
  get(name: string): OpenStudy | undefined {
    const entry = this.#entries.get(name);
    return entry?.closing ? undefined : entry;
  }

  /**
   * Does something with a study that is open for writing, and stays so meanwhile: opened now where it is not.
   * @throws UsageError `unknown-study` | MlbenchError `study-locked`, `study-damaged`, `host-closing`; what `work` throws.
   */
  async use<T>(name: string, work: (open: OpenStudy) => Promise<T>): Promise<T> {
    const entry = await this.#open(name);
    try {
      return await work(entry);
    } finally {
      entry.users -= 1;
      entry.touch();
    }
  }

  /** The entry, with one user more. */
  async #open(name: string): Promise<Entry> {
    for (;;) {
      const entry = this.#entries.get(name);
      if (entry && !entry.closing) {
        entry.users += 1;
        return entry;
      }
      if (entry?.closing) await entry.closing;
      else {
        const opening = this.#opening.get(name) ?? this.#openNow(name);
        this.#opening.set(name, opening);
        await opening.finally(() => this.#opening.delete(name));
      }
    }
  }

  async #openNow(name: string): Promise<Entry> {
    // Nobody would give its lock up again.
    if (this.#closed) throw hostClosing();
    const { storage, url, onChange } = this.#options;
    const study = await openStudyToWrite(storage, name, { work: "serve", url: url(), staysOpen: true });
    const entry = new Entry(name, study, url);
    this.#entries.set(name, entry);
    onChange(name);
    return entry;
  }

  #closeIdle(): void {
    for (const entry of this.#entries.values())
      if (!entry.closing && entry.idleMs >= this.#options.idleMs && !entry.inUse) void this.#give(entry);
  }

  /** Folds a study and gives up its lock, whoever is at work with it. Never rejects. */
  async close(name: string): Promise<void> {
    await this.#opening.get(name)?.catch(() => undefined);
    const entry = this.#entries.get(name);
    if (entry) await this.#give(entry);
  }

  #give(entry: Entry): Promise<void> {
    entry.closing ??= entry.study
      .close()
      .catch((error: unknown) => {
        this.#options.onProblem(entry.name, error);
      })
      .then(() => {
        this.#entries.delete(entry.name);
        this.#options.onChange(entry.name);
      });
    return entry.closing;
  }

  /** Gives all of them up. Never rejects. */
  async closeAll(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await Promise.allSettled(this.#opening.values());
    await Promise.all([...this.#entries.values()].map((entry) => this.#give(entry)));
  }
}

/** What is refused once the service is ending. */
export function hostClosing(): MlbenchError {
  return new MlbenchError("host-closing", "the service is ending: it takes nothing further");
}
