import { applyEvent, createStudyState, MlbenchError } from "../core/index.js";
import type { StudyEvent, StudyHeader, StudyState } from "../core/index.js";
import type { LockOwner, RepairReport, StorageFinding, StudyInspection, StudyStorage, StudyWriter } from "./storage.js";
import { requireStudyName, studyExists, StudyLockedError, unknownStudy, writerClosed } from "./study-errors.js";

interface Entry {
  state: StudyState;
  writer: MemoryWriter | null;
}

/** Studies that live as long as this object: for tests and for `createStudy({ storage: "memory" })`. */
export class MemoryStorage implements StudyStorage {
  readonly #studies = new Map<string, Entry>();

  async create(header: StudyHeader): Promise<StudyWriter> {
    requireStudyName(header.name);
    if (this.#studies.has(header.name)) throw studyExists(header.name);
    this.#studies.set(header.name, { state: createStudyState(header), writer: null });
    return this.openWriter(header.name);
  }

  async openWriter(name: string): Promise<StudyWriter> {
    const entry = this.#entry(name);
    if (entry.writer) throw new StudyLockedError(name, entry.writer.owner);
    entry.writer = new MemoryWriter(name, entry);
    return entry.writer;
  }

  async read(name: string): Promise<StudyState> {
    return this.#entry(name).state;
  }

  async inspect(name: string): Promise<StudyInspection> {
    const { state, writer } = this.#entry(name);
    return { state, findings: [], owner: writer?.owner ?? null };
  }

  async list(): Promise<string[]> {
    return [...this.#studies.keys()].sort();
  }

  async delete(name: string): Promise<void> {
    const { writer } = this.#entry(name);
    if (writer) throw new StudyLockedError(name, writer.owner);
    this.#studies.delete(name);
  }

  fileOf(): null {
    return null;
  }

  directoryOf(): null {
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

type Handler = (command: unknown) => Promise<unknown>;

class MemoryWriter implements StudyWriter {
  readonly owner: LockOwner = { pid: process.pid, host: "this process", since: new Date().toISOString() };
  readonly findings = [];
  readonly #name: string;
  readonly #entry: Entry;
  #handler: Handler | null = null;
  #waiting: (() => void)[] = [];
  #queue: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(name: string, entry: Entry) {
    this.#name = name;
    this.#entry = entry;
  }

  get state(): StudyState {
    return this.#entry.state;
  }

  async append(...events: StudyEvent[]): Promise<void> {
    if (this.#closed) throw writerClosed(this.#name);
    this.#entry.state = events.reduce(applyEvent, this.#entry.state);
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
