/** Writing a journal: lines in order, group commit, one fdatasync for many appends. */
import type { MlbenchError } from "../../core/index.js";
import { diskError } from "./disk-errors.js";
import { die, failPoint, isFailPoint } from "./fail-point.js";
import type { Fence } from "./fence.js";
import { errorCode, openNew, writeFully } from "./file-system.js";
import type { FileSystem } from "./file-system.js";

/** Reports that nobody waits for are durable after this long at the latest (the contract says 200 ms). */
const SYNC_AFTER_MS = 120;
const COPY_PIECE = 1 << 20;
/** Queued lines are written in pieces of about so many characters. */
const WRITE_PIECE = 1 << 20;

interface Waiter {
  resolve(): void;
  reject(error: MlbenchError): void;
}

export interface JournalPlace {
  readonly path: string;
  readonly tempPath: string;
  /** Where the next line goes; whatever stands behind is cut off before. */
  readonly end: number;
  /** Runs before the file is first touched, and again at the next attempt when it fails. @default nothing to do */
  readonly prepare?: () => Promise<void>;
  /** Tells whether the files are still this process's. @default they are */
  readonly fence?: Fence | undefined;
}

/**
 * The append side of a journal with group commit: everything that is queued while a write or fdatasync is under way goes
 * with the next. Both run in the thread pool, at most one at a time, so that lines stay in order and the main thread
 * never waits. What is written but not synced is kept: after a failure it is written again from the last synced byte,
 * because a failed fdatasync leaves open what reached the disk.
 */
export class Journal {
  readonly #system: FileSystem;
  readonly #path: string;
  readonly #tempPath: string;
  readonly #prepare: () => Promise<void>;
  readonly #fence: Fence | undefined;
  #fd: number | null = null;
  /** Bytes of the file known to be on the disk. */
  #synced: number;
  /** Written after `#synced`. */
  #unsynced: Buffer[] = [];
  /** Queued as text, not yet written. */
  #queued: string[] = [];
  #queuedBytes = 0;
  #unsyncedBytes = 0;
  #waiters: Waiter[] = [];
  #jobs: (() => Promise<void>)[] = [];
  #failure: MlbenchError | null = null;
  #pump: Promise<void> | null = null;
  #timer: NodeJS.Timeout | undefined;
  #syncDue = false;
  /** The file is new under its name: until its folder is synced, a power cut could take it away. */
  #nameDue = false;

  constructor(system: FileSystem, { path, tempPath, end, prepare = async () => {}, fence }: JournalPlace) {
    this.#system = system;
    this.#path = path;
    this.#tempPath = tempPath;
    this.#prepare = prepare;
    this.#synced = end;
    this.#fence = fence;
    fence?.watch(() => this.#isInPlace());
  }

  /** Where the next line will begin, queued ones counted. */
  get end(): number {
    return this.#synced + this.#unsyncedBytes + this.#queuedBytes;
  }

  get failure(): MlbenchError | null {
    return this.#failure;
  }

  /** Queues whole lines without waiting for them. */
  add(lines: string): void {
    this.#queued.push(lines);
    this.#queuedBytes += Buffer.byteLength(lines);
    if (this.#failure) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#syncDue = true;
      this.#start();
    }, SYNC_AFTER_MS);
    // Now, not when the event loop comes round: an objective may go on computing for minutes without leaving it.
    this.#start();
  }

  /** Settles when everything added so far is durable. */
  synced(): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#queuedBytes === 0 && this.#unsyncedBytes === 0 && !this.#nameDue) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      this.#start();
    });
  }

  /** Writes again what could not be written. */
  async retry(): Promise<void> {
    await this.#pump;
    if (this.#fence?.lost) throw this.#fence.lost;
    this.#failure = null;
    await this.synced();
  }

  /**
   * Drops the bytes before `boundary`, which a snapshot now holds: the rest moves to a new file that takes the old one's
   * place, so that a reader of the old one is not disturbed.
   */
  dropBefore(boundary: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#jobs.push(async () => {
        try {
          resolve(await this.#dropBefore(boundary));
        } catch (error) {
          reject(diskError("writing", this.#tempPath, error));
        }
      });
      this.#start();
    });
  }

  /** Closes the file; what is pending should have been waited for. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#pump;
    if (this.#fd !== null) await this.#system.close(this.#fd);
    this.#fd = null;
  }

  #start(): void {
    this.#pump ??= this.#run();
  }

  async #run(): Promise<void> {
    // A microtask later, so that what one turn of the event loop appends goes out as one write.
    await Promise.resolve();
    while (this.#hasWork()) {
      const job = this.#jobs.shift();
      if (job) {
        await job();
        continue;
      }
      const waiters = this.#waiters.splice(0);
      try {
        // Before writing, lest a process that stood still writes over its successor's lines; and before acknowledging.
        if (this.#fence?.isDue) await this.#fence.look();
        await this.#write();
        if (waiters.length > 0 || this.#syncDue) await this.#sync();
        if (waiters.length > 0 && this.#fence?.isDue) await this.#fence.look();
        failPoint("journal-synced");
        for (const waiter of waiters) waiter.resolve();
      } catch (error) {
        this.#fail(diskError("writing", this.#path, error), waiters);
      }
    }
    // In the same turn as the check above: work that comes later starts another run.
    this.#pump = null;
  }

  #hasWork(): boolean {
    if (this.#jobs.length > 0) return true;
    return this.#failure === null && (this.#queuedBytes > 0 || this.#waiters.length > 0 || this.#syncDue);
  }

  #fail(error: MlbenchError, waiters: readonly Waiter[]): void {
    this.#failure = error;
    this.#syncDue = false;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    // What is in the file after the last sync is uncertain: the next attempt writes it all again.
    this.#queued.unshift(...this.#unsynced.map((bytes) => bytes.toString("utf8")));
    this.#queuedBytes += this.#unsyncedBytes;
    this.#unsynced = [];
    this.#unsyncedBytes = 0;
    if (this.#fd !== null) this.#system.close(this.#fd).catch(() => {});
    this.#fd = null;
    for (const waiter of [...waiters, ...this.#waiters.splice(0)]) waiter.reject(error);
  }

  /** The file, cut to what is known to be good. */
  async #file(): Promise<number> {
    if (this.#fd !== null) return this.#fd;
    await this.#prepare();
    const existing = await this.#system.open(this.#path, "r+").catch((error: unknown) => {
      if (errorCode(error) === "ENOENT") return null;
      throw error;
    });
    const fd = existing ?? (await this.#system.open(this.#path, "wx+"));
    this.#fd = fd;
    const size = await this.#system.size(fd);
    if (size < this.#synced) throw new Error(`it was cut to ${size} of ${this.#synced} bytes by something else`);
    if (size > this.#synced) {
      await this.#system.truncate(fd, this.#synced);
      await this.#system.datasync(fd);
    }
    if (existing === null) this.#nameDue = true;
    return fd;
  }

  /** Writes what is queued now, piece by piece: very many lines at once do not hold up the process. */
  async #write(): Promise<void> {
    const fd = await this.#file();
    for (let left = this.#queued.length; left > 0;) {
      const taken = this.#takePiece(left);
      left -= taken.count;
      const { bytes, position } = taken;
      if (isFailPoint("journal-write")) {
        await writeFully(this.#system, fd, bytes.subarray(0, bytes.length >> 1), position);
        die();
      }
      await writeFully(this.#system, fd, bytes, position);
      failPoint("journal-written");
    }
  }

  /** Moves queued lines, of the first `most`, to those written. */
  #takePiece(most: number): { readonly count: number; readonly bytes: Buffer; readonly position: number } {
    let [count, length] = [0, 0];
    while (count < most && length < WRITE_PIECE) length += (this.#queued[count++] as string).length;
    const bytes = Buffer.from(this.#queued.splice(0, count).join(""));
    const position = this.#synced + this.#unsyncedBytes;
    this.#queuedBytes -= bytes.length;
    this.#unsynced.push(bytes);
    this.#unsyncedBytes += bytes.length;
    return { count, bytes, position };
  }

  async #sync(): Promise<void> {
    this.#syncDue = false;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const covered = this.#unsyncedBytes;
    const pieces = this.#unsynced.length;
    await this.#system.datasync(await this.#file());
    if (this.#nameDue) await this.#system.syncDirectoryOf(this.#path);
    this.#nameDue = false;
    this.#synced += covered;
    this.#unsyncedBytes -= covered;
    this.#unsynced.splice(0, pieces);
  }

  /** Null while the open file, if there is one, is what stands at its path. */
  async #isInPlace(): Promise<string | null> {
    const fd = this.#fd;
    if (fd === null) return null;
    const there = await this.#system.status(this.#path);
    if (fd !== this.#fd) return null;
    return there?.id === (await this.#system.status(fd))?.id ? null : "its journal is gone or another's";
  }

  async #dropBefore(boundary: number): Promise<void> {
    if (this.#failure) throw this.#failure;
    try {
      await this.#fence?.check();
      await this.#write();
    } catch (error) {
      this.#fail(diskError("writing", this.#path, error), []);
      throw error;
    }
    const from = await this.#file();
    const end = this.#synced + this.#unsyncedBytes;
    const to = await openNew(this.#system, this.#tempPath, "wx+");
    try {
      await this.#copy(from, boundary, end, to);
      await this.#system.datasync(to);
      failPoint("fold-journal-written");
      await this.#fence?.look();
      await this.#system.rename(this.#tempPath, this.#path);
    } catch (error) {
      await this.#system.close(to);
      throw error;
    }
    failPoint("fold-journal-renamed");
    // From here on the old file is nobody's: the next sync also makes the new one's name durable.
    this.#nameDue = true;
    this.#syncDue = true;
    this.#fd = to;
    this.#synced = end - boundary;
    this.#unsynced = [];
    this.#unsyncedBytes = 0;
    await this.#system.close(from);
  }

  async #copy(from: number, start: number, end: number, to: number): Promise<void> {
    for (let at = start; at < end;) {
      const piece = Buffer.allocUnsafe(Math.min(COPY_PIECE, end - at));
      const count = await this.#system.read(from, piece, at);
      if (count === 0) throw new Error("the journal ends early");
      await writeFully(this.#system, to, piece.subarray(0, count), at - start);
      at += count;
    }
  }
}
