/** The log of a study's hooks: what each of them printed, within bounds. */
import { appendFileSync, mkdirSync, renameSync, statSync } from "node:fs";
import { dirname } from "node:path";

/** Bytes kept of one hook's output. */
const MOST_OF_ONE = 64 * 1024;
/** Bytes at which a log begins anew; the one before is kept as `hooks.log.1`. */
const MOST_OF_ALL = 1024 * 1024;

/** One hook's part of the log. A log that cannot be written is a remark, and no more. */
export class HookLog {
  readonly #file: string | null;
  readonly #started = performance.now();
  #kept = 0;
  #dropped = 0;
  #endsLine = true;
  #problem: string | null = null;

  constructor(file: string | null, title: string) {
    this.#file = file;
    if (file === null) return;
    this.#try(() => {
      mkdirSync(dirname(file), { recursive: true });
      if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > MOST_OF_ALL) renameSync(file, `${file}.1`);
    });
    this.#append(`${new Date().toISOString()} ${title}\n`);
  }

  /** Why nothing could be written; null where it could. */
  get problem(): string | null {
    return this.#problem;
  }

  write(bytes: Buffer): void {
    const kept = bytes.subarray(0, MOST_OF_ONE - this.#kept);
    this.#kept += kept.length;
    this.#dropped += bytes.length - kept.length;
    if (kept.length === 0) return;
    this.#append(kept);
    this.#endsLine = kept.at(-1) === 0x0a;
  }

  end(how: string): void {
    const seconds = ((performance.now() - this.#started) / 1000).toFixed(1);
    const dropped = this.#dropped > 0 ? `, ${this.#dropped} more bytes of output` : "";
    this.#append(`${this.#endsLine ? "" : "\n"}${new Date().toISOString()} ${how} after ${seconds} s${dropped}\n`);
  }

  #append(text: string | Buffer): void {
    const file = this.#file;
    if (file !== null && this.#problem === null) this.#try(() => appendFileSync(file, text));
  }

  #try(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#problem = `its output cannot be written: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
}
