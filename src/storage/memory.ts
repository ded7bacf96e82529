/** Studies in memory. */
import { randomUUID } from "node:crypto";
import { applyEvent, createStudyState, defined, MlbenchError, toPlainData } from "../core/index.js";
import type { StudyEvent, StudyHeader, StudyState } from "../core/index.js";
import { EventFeed } from "./event-feed.js";
import type {
  FollowOptions,
  LockOwner,
  RepairReport,
  StorageFinding,
  StudyChange,
  StudyInspection,
  StudyStorage,
  StudySummary,
  StudyWriter,
  SummariesOptions,
  SummaryEntry,
  WriterOptions,
} from "./storage.js";
import { storedEvent } from "./stored-event.js";
import {
  requireStudyName,
  studyDeleted,
  studyExists,
  studyLocked,
  unknownStudy,
  waitOrStop,
  writerClosed,
} from "./study-errors.js";
import { headerInBrief, trialsInBrief } from "./study-summary.js";

interface Entry {
  state: StudyState;
  writer: MemoryWriter | null;
  /** ISO 8601, UTC. */
  lastActivity: string;
  readonly feed: EventFeed;
}

/**
 * Studies that live as long as this object: for tests and for `createStudy({ storage: "memory" })`.
 * @example
 * const storage = new MemoryStorage();
 * await createStudy({ name: "a", storage, space: { x: float(0, 1) } });
 */
export class MemoryStorage implements StudyStorage {
  readonly #studies = new Map<string, Entry>();
  /** Tells this object's studies from those of every other. */
  readonly #id = randomUUID();

  async create(header: StudyHeader): Promise<StudyWriter> {
    requireStudyName(header.name);
    if (this.#studies.has(header.name)) throw studyExists(header.name);
    this.#add(createStudyState(header), new Date().toISOString());
    return this.openWriter(header.name);
  }

  async openWriter(name: string, { url, work }: WriterOptions = {}): Promise<StudyWriter> {
    const entry = this.#entry(name);
    if (entry.writer) throw locked(name, entry.writer);
    entry.writer = new MemoryWriter(name, entry, defined({ url, work }));
    return entry.writer;
  }

  async read(name: string): Promise<StudyState> {
    return this.#entry(name).state;
  }

  async inspect(name: string): Promise<StudyInspection> {
    const { state, writer } = this.#entry(name);
    return { state, findings: [], owner: writer?.owner ?? null };
  }

  async exists(name: string): Promise<boolean> {
    return this.#studies.has(name);
  }

  async list(): Promise<string[]> {
    return [...this.#studies.keys()].sort();
  }

  async summary(name: string): Promise<StudySummary> {
    const { state, writer, lastActivity } = this.#entry(name);
    return {
      ...headerInBrief(state.header),
      ...trialsInBrief(state),
      last_activity_at: lastActivity,
      revision: state.revision,
      owner: writer?.owner ?? null,
      location: this.location(name),
    };
  }

  async summaries({ names, known }: SummariesOptions = {}): Promise<SummaryEntry[]> {
    const wanted = names && new Set(names);
    const all = (await this.list()).filter((name) => !wanted || wanted.has(name));
    return Promise.all(
      all.map(async (name) => {
        const summary = known?.(name) ?? (await this.summary(name));
        return { name, location: summary.location, summary, error: null };
      }),
    );
  }

  async *follow(name: string, fromRevision: number, { signal }: FollowOptions = {}): AsyncGenerator<StudyChange> {
    const entry = this.#entry(name);
    yield* entry.feed.follow(fromRevision, () => entry.state, signal);
  }

  async delete(name: string): Promise<void> {
    const { writer, feed } = this.#entry(name);
    if (writer) throw locked(name, writer);
    this.#studies.delete(name);
    feed.end(studyDeleted(name));
  }

  async createFrom(from: StudyState): Promise<void> {
    const { name } = from.header;
    requireStudyName(name);
    if (this.#studies.has(name)) throw studyExists(name);
    this.#add(createStudyState(from.header, from.trials, from), new Date().toISOString());
  }

  async rename(name: string, to: string): Promise<void> {
    const { state, writer, lastActivity, feed } = this.#entry(name);
    requireStudyName(to);
    if (this.#studies.has(to)) throw studyExists(to);
    if (writer) throw locked(name, writer);
    this.#studies.delete(name);
    feed.end(studyDeleted(name));
    this.#add(createStudyState({ ...state.header, name: to }, state.trials, state), lastActivity);
  }

  #add(state: StudyState, lastActivity: string): void {
    const feed = new EventFeed(state.revision);
    this.#studies.set(state.header.name, { state, writer: null, lastActivity, feed });
  }

  identity(name: string): string {
    return `memory:${this.#id}/${name}`;
  }

  location(name: string): string {
    return `memory:${name}`;
  }

  baseDirectory(): null {
    return null;
  }

  artifacts(): null {
    return null;
  }

  async ownerOf(name: string): Promise<LockOwner | null> {
    return this.#entry(name).writer?.owner ?? null;
  }

  async send(name: string, command: unknown): Promise<unknown> {
    const { writer } = this.#entry(name);
    if (!writer) throw new MlbenchError("no-owner", `nobody is writing study "${name}"`);
    return writer.deliver(structuredClone(command));
  }

  async diagnose(name: string): Promise<StorageFinding[]> {
    this.#entry(name);
    return [];
  }

  async repair(name: string): Promise<RepairReport> {
    this.#entry(name);
    return { findings: [], actions: [], backups: [] };
  }

  #entry(name: string): Entry {
    requireStudyName(name);
    const entry = this.#studies.get(name);
    if (!entry) throw unknownStudy(name, [...this.#studies.keys()].sort());
    return entry;
  }
}

function locked(name: string, { owner }: MemoryWriter): Error {
  return studyLocked(name, owner, waitOrStop(owner));
}

type Handler = (command: unknown) => Promise<unknown>;

class MemoryWriter implements StudyWriter {
  readonly owner: LockOwner;
  readonly findings = [];
  readonly #name: string;
  readonly #entry: Entry;
  #handler: Handler | null = null;
  #waiting: (() => void)[] = [];
  #queue: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(name: string, entry: Entry, owner: Pick<LockOwner, "url" | "work">) {
    this.owner = { pid: process.pid, host: "this process", since: new Date().toISOString(), ...owner };
    this.#name = name;
    this.#entry = entry;
  }

  get state(): StudyState {
    return this.#entry.state;
  }

  get revision(): number {
    return this.state.revision;
  }

  async append(...events: StudyEvent[]): Promise<void> {
    if (this.#closed) throw writerClosed(this.#name);
    const entry = this.#entry;
    const state = events.reduce(applyEvent, entry.state);
    const kept = events.map((event) => toPlainData(storedEvent(event), "an event"));
    entry.state = state;
    entry.lastActivity = new Date().toISOString();
    entry.feed.push(kept);
  }

  async flush(): Promise<void> {}

  async retry(): Promise<void> {}

  /** Runs one command after those before it; waits for a handler when there is none yet. */
  async deliver(command: unknown): Promise<unknown> {
    const turn = this.#queue.then(async () => {
      if (!this.#handler && !this.#closed) await new Promise<void>((resolve) => this.#waiting.push(resolve));
      if (!this.#handler) throw new MlbenchError("no-owner", `nobody is writing study "${this.#name}"`);
      return structuredClone(await this.#handler(command));
    });
    this.#queue = turn.catch(() => {});
    return turn;
  }

  receive(handler: Handler): () => Promise<void> {
    this.#handler = handler;
    this.#wake();
    return async () => {
      this.#handler = null;
    };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#handler = null;
    this.#wake();
    await this.#queue;
    this.#entry.writer = null;
  }

  #wake(): void {
    for (const resume of this.#waiting.splice(0)) resume();
  }
}
