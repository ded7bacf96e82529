/** Following a study's files: the events of its journal as they are written, across folds, writers and migrations. */
import { MlbenchError } from "../../core/index.js";
import type { StudyEvent, StudyState } from "../../core/index.js";
import { migratorFrom } from "../migrations/index.js";
import type { Migrator } from "../migrations/index.js";
import type { StudyChange } from "../storage.js";
import { studyDeleted } from "../study-errors.js";
import { wrongEvent } from "./event-check.js";
import { openIfThere } from "./file-system.js";
import type { FileStatus, FileSystem } from "./file-system.js";
import { isSealed, migratedEvent, parseSealed, sequenceOf } from "./journal-line.js";
import type { JournalRecord } from "./journal-line.js";
import type { StudyPaths } from "./paths.js";
import { identityIn, readHead } from "./snapshot-head.js";
import type { HeadIdentity } from "./snapshot-head.js";

const PIECE = 1 << 18;
/** What is read at first, into the same memory each time: mostly some lines were written, or none. */
const FIRST_PIECE = 1 << 14;
const NEWLINE = 10;
/** How many looks are taken at lines that are due before the study is read whole: its writer may have them in hand. */
const PATIENCE = 8;

/** What following needs. */
export interface TailSource {
  readonly system: FileSystem;
  readonly name: string;
  readonly paths: StudyPaths;
  /** The study read whole; its state has the number of the last event. */
  readonly load: () => Promise<StudyState>;
  /** Resolves when the files may have changed since it was last called, or `signal` is aborted. */
  readonly changed: () => Promise<void>;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The changes of a study after a revision. The journal is held open while it is read, so that what a fold drops from it
 * can still be read to the end before the journal in its place is opened; events that both hold are given once, by
 * their numbers. Where lines are nowhere to be had (the journal was folded before this began, or more than once while
 * its reader was busy), the study is read whole.
 */
export async function* followJournal(source: TailSource, fromRevision: number): AsyncGenerator<StudyChange> {
  const tail = new JournalTail(source, fromRevision);
  try {
    yield* tail.changes();
  } finally {
    await tail.close();
  }
}

class JournalTail {
  readonly #source: TailSource;
  readonly #snapshot: SnapshotWatch;
  /** The number of the last event given. */
  #revision: number;
  /** The highest number met in snapshot and journal: when it is below the last one given, the study is behind. */
  #newest = 0;
  #journal: OpenJournal | null = null;
  #patience = PATIENCE;

  constructor(source: TailSource, fromRevision: number) {
    this.#source = source;
    this.#snapshot = new SnapshotWatch(source);
    this.#revision = fromRevision;
  }

  async close(): Promise<void> {
    const journal = this.#journal;
    this.#journal = null;
    await journal?.close();
  }

  get #aborted(): boolean {
    return this.#source.signal?.aborted ?? false;
  }

  async *changes(): AsyncGenerator<StudyChange> {
    const { system, paths, changed } = this.#source;
    while (!this.#aborted) {
      yield* this.#drain();
      const head = await this.#snapshot.look();
      this.#newest = Math.max(this.#newest, head.revision);
      const there = await system.status(paths.journal);
      if (this.#journal && this.#journal.id !== there?.id) {
        // Another one has taken its place, or none: nothing more is written to this one.
        yield* this.#drain();
        await this.close();
      } else if (this.#journal && there && there.size < this.#journal.position) {
        // Something else has cut it: what was given no longer stands.
        await this.close();
        if (!this.#aborted) yield await this.#reset();
      } else if (!this.#journal && there) await this.#open(head);
      else if (this.#misses(head)) {
        if (!this.#aborted) yield await this.#reset();
      } else await changed();
    }
  }

  /** Whether lines are due that will not come. */
  #misses(head: HeadIdentity): boolean {
    const behind = head.revision > this.#revision;
    const ahead = this.#revision > this.#newest;
    if (behind || ahead) return (behind && !this.#journal) || this.#patience-- === 0;
    this.#patience = PATIENCE;
    return false;
  }

  async #reset(): Promise<StudyChange> {
    const { load, name } = this.#source;
    const state = await load().catch((error: unknown) => {
      throw error instanceof MlbenchError && error.code === "unknown-study" ? studyDeleted(name) : error;
    });
    this.#revision = this.#newest = state.revision;
    this.#patience = PATIENCE;
    return { reset: true, revision: state.revision, state };
  }

  /** Opens the journal, unless the study has been migrated meanwhile: its lines are then of one version or the other. */
  async #open({ version }: HeadIdentity): Promise<void> {
    const { system, paths } = this.#source;
    const journal = await OpenJournal.open(system, paths.journal, migratorFrom(version));
    if (journal && (await this.#snapshot.look()).version !== version) await journal.close();
    else this.#journal = journal;
  }

  /** Gives what the journal at hand holds and was not given yet. */
  async *#drain(): AsyncGenerator<StudyChange> {
    const journal = this.#journal;
    if (!journal) return;
    for await (const { seq, event } of journal.read(() => this.#revision)) {
      if (this.#aborted) return;
      if (seq > this.#revision + 1) yield await this.#reset();
      if (seq !== this.#revision + 1) continue;
      this.#revision = seq;
      yield { revision: seq, event };
    }
    this.#newest = Math.max(this.#newest, journal.newest);
  }
}

/** The head of a snapshot, read again when another has taken its place. */
class SnapshotWatch {
  readonly #source: TailSource;
  #seen: FileStatus | null = null;
  #head: HeadIdentity | null = null;
  #study: string | null = null;

  constructor(source: TailSource) {
    this.#source = source;
  }

  /** @throws MlbenchError `study-deleted`, also when another study has the name now. */
  async look(): Promise<HeadIdentity> {
    const { system, paths, name } = this.#source;
    const now = await system.status(paths.snapshot);
    const same = now !== null && this.#seen?.id === now.id && this.#seen.mtimeMs === now.mtimeMs;
    if (same && this.#head) return this.#head;
    const fd = await openIfThere(system, paths.snapshot);
    if (fd === null) throw studyDeleted(name);
    try {
      this.#seen = await system.status(fd);
      this.#head = identityIn(await readHead(system, fd));
    } finally {
      await system.close(fd);
    }
    this.#study ??= this.#head.study;
    if (this.#study !== this.#head.study) throw studyDeleted(name);
    return this.#head;
  }
}

/** A journal held open, and how far it has been read. */
class OpenJournal {
  readonly #system: FileSystem;
  readonly #fd: number;
  readonly #migrator: Migrator;
  readonly #first = Buffer.allocUnsafeSlow(FIRST_PIECE);
  readonly id: string;
  /** Behind the last line that was good. */
  position = 0;
  /** The highest number up to there. */
  newest = 0;

  private constructor(system: FileSystem, fd: number, id: string, migrator: Migrator) {
    this.#system = system;
    this.#fd = fd;
    this.id = id;
    this.#migrator = migrator;
  }

  static async open(system: FileSystem, path: string, migrator: Migrator): Promise<OpenJournal | null> {
    const fd = await openIfThere(system, path);
    if (fd === null) return null;
    const status = await system.status(fd);
    return new OpenJournal(system, fd, status?.id ?? "", migrator);
  }

  close(): Promise<void> {
    return this.#system.close(this.#fd);
  }

  /** Null for a line whose event cannot be: reading the study whole tells what is wrong. */
  #recordOf(line: Buffer): JournalRecord | null {
    const record = parseSealed(line);
    const event = record && migratedEvent(record.event, this.#migrator);
    return record && event && wrongEvent(event) === null ? { seq: record.seq, event } : null;
  }

  /**
   * The events of the good lines from `position` to the end, those up to `known()` left out. Lines that are none are
   * passed over when a good one follows (its number tells whether something is missing) and otherwise looked at again
   * next time: a line may be in the middle of being written.
   */
  async *read(known: () => number): AsyncGenerator<{ readonly seq: number; readonly event: StudyEvent }> {
    for (let piece = this.#first; ;) {
      const start = this.position;
      const size = piece.length;
      const count = await this.#system.read(this.#fd, piece, start);
      const atEnd = count < size;
      const bytes = piece.subarray(0, count);
      let from = 0;
      while (from < count) {
        const newline = bytes.indexOf(NEWLINE, from);
        if (newline === -1 && !atEnd) break;
        const line = bytes.subarray(from, newline === -1 ? count : newline);
        from = newline === -1 ? count : newline + 1;
        const seq = sequenceOf(line);
        const record = seq > known() && isSealed(line) ? this.#recordOf(line) : null;
        // A last line without its newline has to be whole; what is known already only needs its number.
        if (!record && (newline === -1 || !(seq <= known()))) continue;
        this.position = start + from;
        this.newest = Math.max(this.newest, seq);
        if (record) yield record;
      }
      if (atEnd) return;
      piece = Buffer.allocUnsafe(this.position === start ? Math.max(PIECE, size * 2) : PIECE);
    }
  }
}
