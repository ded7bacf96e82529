/** The studies of a storage in brief, and word of which of them came, changed or went, whoever did it. */
import { watch } from "node:fs";
import type { FSWatcher } from "node:fs";
import type { StudyStorage, StudySummary, SummaryEntry } from "../storage/storage.js";
import type { ListChange } from "./host.js";

/** How the list is kept. */
export interface StudyListOptions {
  readonly storage: StudyStorage;
  /** A study's summary where it is known without a look at its files. */
  readonly known: (name: string) => StudySummary | undefined;
  /** Word is given at most so often, in milliseconds. */
  readonly restMs: number;
  /** All studies are looked at so often, in milliseconds, while somebody listens. */
  readonly pollMs: number;
}

type Listener = (change: ListChange) => void;

/** What stands behind a study's name in the names of its files. */
const BEHIND_NAME = /\.(journal|lock|jsonl?|files|inbox)(\.|$)/i;

/** What tells two summaries of a study apart. */
function stampOf({ summary, error }: SummaryEntry): string {
  if (!summary) return `error ${error.message}`;
  const { revision, created_at, owner, last_activity_at } = summary;
  return JSON.stringify([revision, created_at, last_activity_at, owner?.pid, owner?.host, owner?.since]);
}

/** Listens while somebody listens to it: to the folder, where there is one, and by a look at everything now and then. */
export class StudyList {
  readonly #options: StudyListOptions;
  readonly #listeners = new Set<Listener>();
  /** As they were last told of. */
  #stamps = new Map<string, string>();
  /** Studies whose files changed, or whose run did, since the last look. */
  #touched = new Set<string>();
  #told = new Set<string>();
  #watcher: FSWatcher | null = null;
  #timer: NodeJS.Timeout | null = null;
  #looking = false;
  #lastFull = -Infinity;
  /** Resolves when it is known how the studies stood as listening began. */
  begun: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: StudyListOptions) {
    this.#options = options;
  }

  /** All studies by name, as they are now. */
  async entries(): Promise<SummaryEntry[]> {
    const { storage, known } = this.#options;
    return storage.summaries({ known });
  }

  subscribe(listener: Listener): () => void {
    const own: Listener = (change) => {
      listener(change);
    };
    this.#listeners.add(own);
    if (this.#listeners.size === 1) this.begun = this.#begin();
    return () => {
      this.#listeners.delete(own);
      if (this.#listeners.size === 0) this.#rest();
    };
  }

  /** Something about a study's run, or about who has it open here, is different. */
  touch(name: string): void {
    if (this.#listeners.size > 0) {
      this.#touched.add(name);
      this.#told.add(name);
    }
  }

  async #begin(): Promise<void> {
    this.#stamps = new Map();
    const entries = await this.entries().catch(() => []);
    if (this.#closed || this.#listeners.size === 0 || this.#timer) return;
    for (const entry of entries) this.#stamps.set(entry.name, stampOf(entry));
    this.#lastFull = performance.now();
    this.#watchFolder();
    this.#timer = setInterval(() => void this.#look(), this.#options.restMs).unref();
  }

  #watchFolder(): void {
    const directory = this.#options.storage.baseDirectory("any");
    if (directory === null) return;
    try {
      this.#watcher = watch(directory, { persistent: false }, (_event, file) => {
        const end = file === null ? -1 : file.search(BEHIND_NAME);
        if (file !== null && end > 0) this.#touched.add(file.slice(0, end));
      });
      this.#watcher.on("error", () => this.#watcher?.close());
    } catch {
      // Folders cannot be watched here, or it is not there yet: the look at everything finds what changed.
      this.#watcher = null;
    }
  }

  #rest(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
    this.#watcher?.close();
    this.#watcher = null;
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      const due = performance.now() - this.#lastFull >= this.#options.pollMs;
      const change = due ? await this.#lookAtAll() : await this.#lookAtTouched();
      if (change.changed.length > 0 || change.removed.length > 0) this.#tell(change);
    } catch {
      // The next look may succeed.
    } finally {
      this.#looking = false;
    }
  }

  #takeTouched(): { touched: ReadonlySet<string>; told: ReadonlySet<string> } {
    const taken = { touched: this.#touched, told: this.#told };
    this.#touched = new Set();
    this.#told = new Set();
    return taken;
  }

  async #lookAtAll(): Promise<ListChange> {
    const { told } = this.#takeTouched();
    this.#lastFull = performance.now();
    const stamps = new Map((await this.entries()).map((entry) => [entry.name, stampOf(entry)]));
    const before = this.#stamps;
    this.#stamps = stamps;
    return {
      changed: [...stamps].flatMap(([name, stamp]) => (before.get(name) !== stamp || told.has(name) ? [name] : [])),
      removed: [...before.keys()].filter((name) => !stamps.has(name)),
    };
  }

  async #lookAtTouched(): Promise<ListChange> {
    const { touched, told } = this.#takeTouched();
    const changed: string[] = [];
    const removed: string[] = [];
    for (const name of touched) {
      const stamp = await this.#stampOf(name);
      const before = this.#stamps.get(name);
      if (stamp === null) {
        if (this.#stamps.delete(name)) removed.push(name);
      } else if (stamp !== before || told.has(name)) {
        this.#stamps.set(name, stamp);
        changed.push(name);
      }
    }
    return { changed, removed };
  }

  /** Null for what is no study, or none any more. */
  async #stampOf(name: string): Promise<string | null> {
    const { storage, known } = this.#options;
    if (!(await storage.exists(name))) return null;
    const [entry] = await storage.summaries({ known, names: [name] });
    return entry ? stampOf(entry) : null;
  }

  #tell(change: ListChange): void {
    for (const listener of [...this.#listeners])
      try {
        listener(change);
      } catch {
        // A listener's own affair.
      }
  }

  close(): void {
    this.#closed = true;
    this.#listeners.clear();
    this.#rest();
  }
}
