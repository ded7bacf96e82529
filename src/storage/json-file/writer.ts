/** The one writer of a study's files: events to the journal, the journal folded into snapshots. */
import { Low } from "lowdb";

import { applyEvent, MlbenchError } from "../../core/index.js";
import type { StudyEvent, StudyState } from "../../core/index.js";
import type { StorageFinding, StudyWriter } from "../storage.js";
import { writerClosed } from "../study-errors.js";
import { wrongEvent } from "./event-check.js";
import type { Fence } from "./fence.js";
import type { FileSystem } from "./file-system.js";
import { removeIfThere } from "./file-system.js";
import { InboxReceiver } from "./inbox.js";
import type { CommandHandler } from "./inbox.js";
import { Journal } from "./journal.js";
import { journalLine } from "./journal-line.js";
import type { Lock } from "./lock.js";
import type { StudyPaths } from "./paths.js";
import { SnapshotAdapter } from "./snapshot-adapter.js";
import type { StudyDocument } from "./study-document.js";

export interface WriterStart {
  readonly name: string;
  readonly paths: StudyPaths;
  readonly system: FileSystem;
  readonly lock: Pick<Lock, "release">;
  /** Tells whether the files are still this process's. @default they are */
  readonly fence?: Fence;
  readonly document: StudyDocument;
  readonly state: StudyState;
  readonly lastSeq: number;
  readonly snapshotBytes: number;
  /** Where the journal's next line goes. */
  readonly journalEnd: number;
  /** Whether the last line there lacks its newline. */
  readonly needsNewline: boolean;
  readonly findings: readonly StorageFinding[];
  /**
   * What has to be done to the files before the first write, giving the snapshot's size in bytes after it; the journal
   * is then empty. Null: nothing.
   */
  readonly prepare: (() => Promise<number>) | null;
  /** A journal smaller than this is never folded before the end, in bytes. */
  readonly foldAbove: number;
  readonly onClosed: () => void;
}

/** Events go to the journal; when that outgrows the snapshot, and at the end, it is folded into a new one. */
export class JsonFileWriter implements StudyWriter {
  readonly findings: readonly StorageFinding[];
  readonly #start: WriterStart;
  readonly #journal: Journal;
  readonly #adapter: SnapshotAdapter;
  readonly #low: Low<StudyDocument>;
  #state: StudyState;
  #prefix: string;
  /** Milliseconds since 1970: when the last event was appended; null before the first. */
  #lastAppend: number | null = null;
  #prepare: (() => Promise<number>) | null;
  #preparing: Promise<void> | null = null;
  /** The journal's length at which it is folded. */
  #foldAt: number;
  /** The revision of the snapshot on disk. */
  #folded: number;
  #folding: Promise<void> | null = null;
  #receiver: InboxReceiver | null = null;
  #closing: Promise<void> | null = null;

  constructor(start: WriterStart) {
    const { system, paths, fence, journalEnd: end } = start;
    this.#start = start;
    this.findings = start.findings;
    this.#state = start.state;
    this.#folded = start.document.revision;
    this.#prefix = start.needsNewline ? "\n" : "";
    this.#prepare = start.prepare;
    const prepare = (): Promise<void> => this.#prepared();
    this.#journal = new Journal(system, { path: paths.journal, tempPath: paths.journalTemp, end, prepare, fence });
    this.#adapter = new SnapshotAdapter(system, paths, fence);
    // Commands in the inbox are another's to answer then.
    fence?.onLost(() => void this.#receiver?.stop());
    this.#low = new Low(this.#adapter, start.document);
    this.#foldAt = Math.max(start.foldAbove, start.snapshotBytes);
  }

  get state(): StudyState {
    return this.#state;
  }

  get revision(): number {
    return this.#state.revision;
  }

  async append(...events: StudyEvent[]): Promise<void> {
    if (this.#closing) throw writerClosed(this.#start.name);
    const awaited = events.some(({ type }) => type !== "trial-report");
    if (awaited && this.#journal.failure) throw this.#journal.failure;
    let state = this.#state;
    let lines = this.#prefix;
    for (const event of events) {
      // What could not be read back is not written either.
      const wrong = wrongEvent(event);
      if (wrong !== null) throw new MlbenchError("invalid-event", wrong);
      state = applyEvent(state, event);
      lines += journalLine(state.revision, event);
    }
    if (events.length === 0) return;
    this.#state = state;
    this.#prefix = "";
    this.#lastAppend = Date.now();
    this.#journal.add(lines);
    if (this.#journal.end > this.#foldAt) this.#foldInBackground();
    if (awaited) await this.#journal.synced();
  }

  async flush(): Promise<void> {
    await this.#journal.synced();
  }

  async retry(): Promise<void> {
    await this.#journal.retry();
  }

  receive(handler: CommandHandler): () => Promise<void> {
    const { name, paths } = this.#start;
    const receiver = new InboxReceiver(name, paths.inbox, handler);
    this.#receiver = receiver;
    return () => receiver.stop();
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    const { system, paths, lock, fence, lastSeq, onClosed } = this.#start;
    try {
      await this.#receiver?.stop();
      await this.#folding;
      // Opened and not written to: files of an older version stay as they are.
      if (this.#prepare && this.revision === lastSeq) return;
      const unwritten = await this.#lastSync();
      if (fence?.lost) throw fence.lost;
      const folded = await this.#foldAtEnd();
      // A disk without room leaves the journal, and nothing is lost; a folder that is gone leaves nothing.
      await fence?.look();
      // A journal that cannot be removed only holds lines which the snapshot's revision says to skip.
      if (folded) await removeIfThere(system, paths.journal).catch(() => {});
      else if (unwritten) throw unwritten;
    } finally {
      await this.#journal.close();
      lock.release();
      onClosed();
    }
  }

  /** Makes the journal durable; a failure is given back, because a fold may still save what it could not take. */
  async #lastSync(): Promise<MlbenchError | null> {
    try {
      await (this.#journal.failure ? this.#journal.retry() : this.#journal.synced());
      return null;
    } catch (error) {
      return error as MlbenchError;
    }
  }

  /** Brings the files to where they can be written to; at once where they are. */
  #prepared(): Promise<void> {
    const prepare = this.#prepare;
    if (!prepare) return Promise.resolve();
    return (this.#preparing ??= (async () => {
      try {
        const bytes = await prepare();
        this.#folded = this.#start.lastSeq;
        this.#foldAt = Math.max(this.#start.foldAbove, bytes);
        this.#prepare = null;
      } finally {
        this.#preparing = null;
      }
    })());
  }

  /** False when the disk refuses: the journal then stays, and nothing is lost. */
  async #foldAtEnd(): Promise<boolean> {
    if (this.#folded === this.revision) return true;
    try {
      await this.#prepared();
      await this.#writeSnapshot();
      return true;
    } catch {
      return false;
    }
  }

  async #writeSnapshot(): Promise<void> {
    const { revision } = this;
    const { extra, lastActivity: before, texts } = this.#start.document;
    const lastActivity = this.#lastAppend === null ? before : new Date(this.#lastAppend).toISOString();
    this.#low.data = { revision, state: this.#state, extra, lastActivity, ...(texts && { texts }) };
    await this.#low.write();
    texts?.clear();
    this.#folded = revision;
  }

  #foldInBackground(): void {
    this.#folding ??= this.#fold().finally(() => {
      this.#folding = null;
    });
  }

  async #fold(): Promise<void> {
    try {
      await this.#prepared();
      const boundary = this.#journal.end;
      await this.#writeSnapshot();
      await this.#journal.dropBefore(boundary);
      this.#foldAt = Math.max(this.#start.foldAbove, this.#adapter.bytes);
    } catch {
      // No room for a second copy, say. The journal has everything; the fold is tried again when it has grown.
      this.#foldAt = Math.ceil(this.#journal.end * 1.5);
    }
  }
}
