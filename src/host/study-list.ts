/** The studies of a storage in brief, and word of which of them came, changed or went, whoever did it. */
import { watch } from "node:fs";
import type { FSWatcher } from "node:fs";
import { briefWork } from "../storage/lock-owner.js";
import type { StudyStorage, StudySummary, SummaryEntry } from "../storage/storage.js";
import type { ListChange } from "./host.js";

/** How the list is kept. */
export interface StudyListOptions {
  readonly storage: StudyStorage;
  /** A study's summary where it is known without a look at its files. */
  readonly known: (name: string) => StudySummary | undefined;
  /**
   * Has a study followed that another process is at work with, which would otherwise be read whole at each look: from then on it
   * is `known`, and `heard` is called upon its events. @returns what ends it
   */
  readonly follow?: (name: string) => Promise<() => void>;
  /** Word is given at most so often, in milliseconds; of what happens after a while of quiet nearly at once. */
  readonly restMs: number;
  /**
   * Studies that a process is at work with are looked at so often, in milliseconds, while somebody listens, and so are all
   * where the folder does not tell what changes: up to {@link RAREST} times more seldom where it does.
   */
  readonly pollMs: number;
}

type Listener = (change: ListChange) => void;

/** What stands behind a study's name in the names of its files. */
const BEHIND_NAME = /\.(journal|lock|jsonl?|files|inbox)(\.|$)/i;

/** Milliseconds between word of a change and the look at it: one write touches several files. */
const SETTLED = 20;
/** Studies that are followed for the list at most; others are read. */
const MOST_FOLLOWED = 16;
/** How many times `pollMs` there may be between two looks at everything. */
const RAREST = 12;

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
  /** Studies that a process was at work with when they were last looked at. */
  readonly #owned = new Set<string>();
  /** What ends the following of those that are followed for the list. */
  readonly #followed = new Map<string, () => void>();
  readonly #beginning = new Set<string>();
  readonly #refused = new Set<string>();
  #watcher: FSWatcher | null = null;
  #timer: NodeJS.Timeout | null = null;
  #due = Infinity;
  #looking = false;
  #ready = false;
  #lastLook = -Infinity;
  #nextPoll = Infinity;
  /** Polls since the last look at everything, and how many there are between two. */
  #polls = 0;
  #rarity = 1;
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
    if (this.#listeners.size === 0) return;
    this.#told.add(name);
    this.#touch(name);
  }

  /** Something may have happened to a study: it is looked at. */
  heard(name: string): void {
    if (this.#listeners.size > 0) this.#touch(name);
  }

  #touch(name: string): void {
    this.#touched.add(name);
    this.#schedule();
  }

  /** Has the next look taken when it is due. */
  #schedule(): void {
    if (!this.#ready || this.#looking) return;
    const now = performance.now();
    const soon = this.#touched.size > 0 ? Math.max(now + SETTLED, this.#lastLook + this.#options.restMs) : Infinity;
    const due = Math.min(soon, this.#nextPoll);
    if (this.#timer && this.#due <= due) return;
    if (this.#timer) clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => void this.#look(), due - now).unref();
  }

  async #begin(): Promise<void> {
    // What happens from here on is heard of.
    this.#watchFolder();
    const entries = await this.entries().catch(() => []);
    if (this.#closed || this.#listeners.size === 0 || this.#ready) return;
    this.#takeStamps(entries);
    this.#ready = true;
    this.#nextPoll = performance.now() + this.#options.pollMs;
    [this.#polls, this.#rarity] = [0, 1];
    this.#schedule();
  }

  #takeStamps(entries: readonly SummaryEntry[]): void {
    this.#stamps = new Map();
    this.#owned.clear();
    for (const entry of entries) this.#takeStamp(entry.name, entry);
  }

  /** @returns whether it is another one than before */
  #takeStamp(name: string, entry: SummaryEntry): boolean {
    const stamp = stampOf(entry);
    if (entry.summary?.owner) this.#owned.add(name);
    else this.#owned.delete(name);
    const isNew = this.#stamps.get(name) !== stamp;
    this.#stamps.set(name, stamp);
    return isNew;
  }

  #watchFolder(): void {
    const directory = this.#options.storage.baseDirectory("any");
    if (directory === null || this.#watcher) return;
    try {
      this.#watcher = watch(directory, { persistent: false }, (_event, file) => {
        const end = file === null ? -1 : file.search(BEHIND_NAME);
        if (file !== null && end > 0) this.#touch(file.slice(0, end));
      });
      this.#watcher.on("error", () => this.#watcher?.close());
    } catch {
      // Folders cannot be watched here, or it is not there yet: the look at everything finds what changed.
      this.#watcher = null;
    }
  }

  #rest(): void {
    if (this.#timer) clearTimeout(this.#timer);
    [this.#timer, this.#ready] = [null, false];
    this.#watcher?.close();
    this.#watcher = null;
    for (const names of [this.#touched, this.#told, this.#owned, this.#refused]) names.clear();
    for (const end of this.#followed.values()) end();
    this.#followed.clear();
  }

  async #look(): Promise<void> {
    this.#timer = null;
    this.#looking = true;
    this.#lastLook = performance.now();
    try {
      const change = await (this.#isAllDue() ? this.#lookAtAll() : this.#lookAtTouched());
      if (this.#ready && (change.changed.length > 0 || change.removed.length > 0)) this.#tell(change);
    } catch {
      // The next look may succeed.
    } finally {
      this.#looking = false;
      this.#schedule();
    }
  }

  /** Whether all studies are to be looked at; where only a poll is due, those whose process may be gone are. */
  #isAllDue(): boolean {
    if (this.#lastLook < this.#nextPoll) return false;
    this.#nextPoll = this.#lastLook + this.#options.pollMs;
    this.#polls += 1;
    if (this.#polls >= this.#rarity) return true;
    for (const name of this.#owned) this.#touched.add(name);
    return false;
  }

  #takeTouched(): { touched: ReadonlySet<string>; told: ReadonlySet<string> } {
    const taken = { touched: this.#touched, told: this.#told };
    this.#touched = new Set();
    this.#told = new Set();
    return taken;
  }

  async #lookAtAll(): Promise<ListChange> {
    const { touched, told } = this.#takeTouched();
    this.#polls = 0;
    this.#refused.clear();
    for (const [name, end] of this.#followed)
      if (!this.#options.known(name)?.owner) {
        this.#followed.delete(name);
        end();
      }
    const entries = await this.entries();
    const before = this.#stamps;
    this.#takeStamps(entries);
    const isNew = (name: string): boolean => before.get(name) !== this.#stamps.get(name);
    const changed = entries.flatMap(({ name }) => (isNew(name) ? [name] : []));
    const removed = [...before.keys()].filter((name) => !this.#stamps.has(name));
    const isTold = this.#watcher !== null && [...changed, ...removed].every((name) => touched.has(name));
    this.#rarity = isTold ? Math.min(RAREST, 2 * this.#rarity) : 1;
    const also = [...told].filter((name) => this.#stamps.has(name) && !isNew(name));
    return { changed: [...changed, ...also], removed };
  }

  async #lookAtTouched(): Promise<ListChange> {
    const { touched, told } = this.#takeTouched();
    const changed: string[] = [];
    const removed: string[] = [];
    for (const name of touched) {
      if (await this.#isToBeFollowed(name)) {
        // It is looked at when it is.
        if (told.has(name)) this.#told.add(name);
        continue;
      }
      const entry = await this.#entryOf(name);
      if (entry === null) {
        this.#owned.delete(name);
        if (this.#stamps.delete(name)) removed.push(name);
      } else if (this.#takeStamp(name, entry) || told.has(name)) changed.push(name);
    }
    return { changed, removed };
  }

  /** Whether a study is going to be known without a look at its files, which would read all of it. */
  async #isToBeFollowed(name: string): Promise<boolean> {
    const { follow, known } = this.#options;
    if (this.#beginning.has(name)) return true;
    const isFull = this.#followed.size + this.#beginning.size >= MOST_FOLLOWED;
    if (!follow || isFull || this.#refused.has(name) || known(name) || !(await this.#isAtWork(name))) return false;
    this.#beginning.add(name);
    void follow(name)
      .then(
        (end) => {
          if (!this.#ready) return end();
          this.#followed.get(name)?.();
          this.#followed.set(name, end);
        },
        () => this.#refused.add(name),
      )
      .finally(() => {
        this.#beginning.delete(name);
        this.heard(name);
      });
    return true;
  }

  /** Whether a process has a study for longer than a moment. */
  async #isAtWork(name: string): Promise<boolean> {
    const owner = await this.#options.storage.ownerOf(name).catch(() => null);
    return owner !== null && !briefWork.has(owner.work ?? "");
  }

  /** Null for what is no study, or none any more. */
  async #entryOf(name: string): Promise<SummaryEntry | null> {
    const { storage, known } = this.#options;
    if (!(await storage.exists(name))) return null;
    return (await storage.summaries({ known, names: [name] }))[0] ?? null;
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
