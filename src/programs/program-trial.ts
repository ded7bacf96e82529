/** One run of a program: what it prints is read and answered, and its end is waited for, or seen to. */
import { setTimeout as delay } from "node:timers/promises";
import type { TrialOutcome } from "../core/index.js";
import type { ReportAnswer, RunHooks, StopReason, TrialJob } from "../executors/executor.js";
import { PROGRAM_TERM_MS, stoppedOutcome, TrialCancelled } from "../executors/protocol.js";
import { Lines } from "./lines.js";
import type { OutputLog } from "./output-log.js";
import type { Said, TakenReport } from "./outcome.js";
import { failedProgram, outcomeOfEnd } from "./outcome.js";
import type { ProgramEnd, ProgramStart } from "./process.js";
import { ProgramProcess } from "./process.js";
import { ReportFile } from "./report-file.js";
import type { Read, Told } from "./report-lines.js";
import { readJsonLine, readMatch } from "./report-lines.js";
import type { PatternMatcher } from "./report-pattern.js";
import { SlowPattern } from "./report-pattern.js";

/** How long is waited for what, milliseconds. */
export interface ProgramTimes {
  /** From the answer `prune` to SIGTERM. @default 10000 */
  readonly afterPruneMs: number;
  /** From SIGTERM to SIGKILL. @default 10000 */
  readonly termMs: number;
  /** For the output of a program that has ended: something that it left behind may hold the pipe. @default 500 */
  readonly outputMs: number;
  /** Between two looks at the file of reports. @default 50 */
  readonly pollMs: number;
  /** For a pattern to be matched with what came at once: a well-behaved one takes microseconds. @default 2000 */
  readonly matchMs: number;
}

export const usualTimes: ProgramTimes = {
  ...{ afterPruneMs: 10_000, termMs: PROGRAM_TERM_MS, outputMs: 500, pollMs: 50, matchMs: 2000 },
};

/** Reports that may wait to be answered; a program that prints more is read no further meanwhile. */
const MOST_WAITING = 256;
/** The most that is waited for output after the end, as a multiple of `outputMs`: what was left behind may print for ever. */
const MOST_OF_REST = 60;
/** Bytes of answers that nobody reads. */
const MOST_UNREAD = 64 * 1024;
/** Bytes of the ends of a program's outputs that a failure may tell. */
const END_BYTES = 8192;

/** What a run is made of. */
export interface ProgramRun {
  readonly job: TrialJob;
  readonly start: ProgramStart;
  readonly read: Read;
  readonly matcher: PatternMatcher | null;
  readonly hooks: Pick<RunHooks, "onReport" | "signal">;
  readonly log: OutputLog;
  /** The file of reports. */
  readonly reports: string;
  readonly times: ProgramTimes;
}

/** A program under way, to its trial's outcome. */
export class ProgramTrial {
  readonly #run: ProgramRun;
  readonly #times: ProgramTimes;
  readonly #file: ReportFile;
  readonly #process: ProgramProcess;
  readonly #startedAt = performance.now();
  readonly #waiting: Told[] = [];
  #answering: Promise<void> | null = null;
  readonly #taken: TakenReport[] = [];
  #lastStep = -1;
  #matches = 0;
  #result: Said["result"] = null;
  #odd: { count: number; first: string } | null = null;
  #ends = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };
  #lastOutput = performance.now();
  #isPruned = false;
  #hasEnded = false;
  /** Whether it is ended from outside. */
  #isStopped = false;
  #hookFailure: { readonly error: unknown } | null = null;
  #slow: SlowPattern | null = null;
  readonly #timers: NodeJS.Timeout[] = [];

  constructor(run: ProgramRun) {
    this.#run = run;
    this.#times = run.times;
    this.#file = new ReportFile(run.reports);
    this.#process = new ProgramProcess(run.start);
  }

  /** @throws what a hook threw. */
  async run(): Promise<TrialOutcome> {
    const { signal } = this.#run.hooks;
    const onAbort = (): void => {
      this.#stop();
    };
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      const flush = this.#readOutputs();
      const end = await this.#process.ended;
      this.#hasEnded = true;
      await this.#outputsOver();
      flush();
      await this.#answered();
      return this.#outcome(end);
    } finally {
      signal.removeEventListener("abort", onAbort);
      for (const timer of this.#timers) clearTimeout(timer);
      this.#process.close();
    }
  }

  /** Reads on as output comes. @returns takes in what has no end of line, and the rest of the file */
  #readOutputs(): () => void {
    const { matcher, log } = this.#run;
    const readers = (["stdout", "stderr"] as const).map((name) => {
      const stream = this.#process[name];
      const reader = new LineReader(matcher === null, (lines) => this.#read(lines, name === "stdout"));
      stream.on("data", (bytes: Buffer) => {
        this.#lastOutput = performance.now();
        this.#ends[name] = Buffer.concat([this.#ends[name], bytes]).subarray(-END_BYTES);
        log.write(bytes);
        if (name === "stdout" || matcher) reader.write(bytes);
      });
      return reader;
    });
    const file = new LineReader(matcher === null, (lines) => this.#read(lines, true));
    const follow = (): number => {
      const bytes = this.#waiting.length < MOST_WAITING ? this.#file.read() : null;
      if (bytes) file.write(bytes);
      return bytes?.length ?? 0;
    };
    this.#timers.push(setInterval(follow, this.#times.pollMs));
    this.#followFile = follow;
    return () => {
      for (const reader of [...readers, file]) reader.end();
    };
  }

  /** Reads on in the file of reports; how much, bytes. */
  #followFile: () => number = () => 0;

  /** Lines that came at once, in their order. */
  #read(lines: readonly string[], withJson: boolean): void {
    const { matcher, read } = this.#run;
    const json = lines.map((line) => (withJson ? readJsonLine(line, read) : null));
    const others = matcher ? this.#matched(lines.filter((_, i) => json[i] === null)) : [];
    let next = 0;
    for (const told of json) {
      const said = told ?? others[next++] ?? null;
      if (said) this.#waiting.push(said);
    }
    if (this.#waiting.length > 0) this.#answering ??= this.#answerAll();
    if (this.#waiting.length > MOST_WAITING) for (const stream of this.#outputs()) stream.pause();
  }

  #outputs() {
    return [this.#process.stdout, this.#process.stderr];
  }

  #matched(lines: readonly string[]): readonly (Told | null)[] {
    if (this.#slow) return [];
    try {
      const groups = this.#run.matcher?.match(lines) ?? [];
      return groups.map((found) => (found ? readMatch(found, ++this.#matches, this.#run.read) : null));
    } catch (error) {
      if (!(error instanceof SlowPattern)) throw error;
      this.#slow = error;
      this.#run.log.note(error.message);
      this.#terminate();
      return [];
    }
  }

  async #answerAll(): Promise<void> {
    // What came at once has been read before the first answer.
    await Promise.resolve();
    for (let told = this.#waiting.shift(); told; told = this.#waiting.shift()) {
      if (this.#isStopped) break;
      if (told.kind === "result") this.#result = told;
      else this.#answer(told.kind === "odd" ? this.#passOver(told.why) : await this.#report(told));
      if (this.#waiting.length < MOST_WAITING / 4) for (const stream of this.#outputs()) stream.resume();
    }
    this.#waiting.length = 0;
    for (const stream of this.#outputs()) stream.resume();
    this.#answering = null;
  }

  /** What looks like a report and is none: said in the log, at first. */
  #passOver(why: string): ReportAnswer {
    this.#odd = { count: (this.#odd?.count ?? 0) + 1, first: this.#odd?.first ?? why };
    if (this.#odd.count === 1) this.#run.log.note(`left out: ${why}; further ones are not told`);
    return this.#isPruned ? "prune" : "continue";
  }

  async #report({ step, value, numbers }: Extract<Told, { kind: "report" }>): Promise<ReportAnswer> {
    // What comes after counts for nothing: it should have ended.
    if (this.#isPruned) return "prune";
    if (step <= this.#lastStep) return this.#passOver(`step ${step} after step ${this.#lastStep}: steps must rise`);
    this.#lastStep = step;
    this.#taken.push({ step, numbers });
    const { reported } = this.#run.read;
    const more = Object.keys(numbers).some((name) => name !== reported);
    try {
      return await this.#run.hooks.onReport(step, value, more ? numbers : undefined);
    } catch (error) {
      if (!(error instanceof TrialCancelled)) this.#hookFailure ??= { error };
      return "stop";
    }
  }

  #answer(answer: ReportAnswer): void {
    if (answer === "stop") {
      this.#stop(true);
      return;
    }
    if (answer === "prune" && !this.#isPruned) {
      this.#isPruned = true;
      this.#later(this.#times.afterPruneMs, () => {
        this.#run.log.note("pruned, and did not end by itself: SIGTERM");
        this.#terminate();
      });
    }
    const { stdin } = this.#process;
    // A program need not read what it is answered.
    if (answer === "prune" || stdin.writableLength < MOST_UNREAD) stdin.write(`${answer}\n`);
  }

  #later(ms: number, act: () => void): void {
    this.#timers.push(setTimeout(act, ms));
  }

  /** @param evenEnded whether it makes no difference that the program has ended by itself */
  #stop(evenEnded = false): void {
    if (this.#isStopped || (this.#hasEnded && !evenEnded)) return;
    this.#isStopped = true;
    this.#terminate();
  }

  #terminate(): void {
    if (this.#hasEnded) return;
    this.#process.signal("SIGTERM");
    this.#later(this.#times.termMs, () => {
      this.#run.log.note("did not end at SIGTERM: SIGKILL");
      this.#process.signal("SIGKILL");
    });
  }

  /** Waits for the rest of its output, but not for ever for what it left behind. */
  async #outputsOver(): Promise<void> {
    const isOver = (): boolean => this.#outputs().every((stream) => stream.readableEnded || stream.destroyed);
    const over = Promise.all(
      this.#outputs().map((stream) => new Promise((resolve) => stream.once("end", resolve).once("close", resolve))),
    );
    const { outputMs } = this.#times;
    const latest = performance.now() + MOST_OF_REST * outputMs;
    for (let asked = false; !isOver() && performance.now() < latest;) {
      await Promise.race([over, delay(outputMs)]);
      // A timer may come before bytes that have long been there.
      await new Promise((resolve) => setImmediate(resolve));
      if (isOver() || this.#answering || performance.now() - this.#lastOutput < outputMs) continue;
      if (asked) break;
      asked = true;
      this.#process.signal("SIGTERM");
    }
    // What was there at its end, and not what something that it left behind goes on to write.
    for (let { left } = this.#file; left > 0;) {
      const read = this.#followFile();
      if (read === 0 && !this.#answering) break;
      left -= read;
      await this.#answered();
    }
  }

  async #answered(): Promise<void> {
    while (this.#answering) await this.#answering;
  }

  #outcome(end: ProgramEnd): TrialOutcome {
    if (this.#hookFailure) throw this.#hookFailure.error;
    if (this.#isStopped) {
      const { reason } = this.#run.hooks.signal as { readonly reason?: StopReason };
      return stoppedOutcome(reason ?? "cancel", (performance.now() - this.#startedAt) / 1000);
    }
    if (this.#slow) return failedProgram(this.#slow.message);
    if (this.#isPruned) return { state: "pruned", metrics: {} };
    const said: Said = {
      ...{ reports: this.#taken, result: this.#result, odd: this.#odd, hasPattern: this.#run.matcher !== null },
      ...{ stdout: this.#ends.stdout.toString("utf8"), stderr: this.#ends.stderr.toString("utf8") },
    };
    return outcomeOfEnd(end, said, this.#run.job);
  }
}

/** Hands on the lines of a chunk at once. */
class LineReader {
  readonly #lines: Lines;
  readonly #onLines: (lines: readonly string[]) => void;
  #batch: string[] = [];

  constructor(objectsOnly: boolean, onLines: (lines: readonly string[]) => void) {
    this.#onLines = onLines;
    this.#lines = new Lines((line) => this.#batch.push(line), objectsOnly);
  }

  write(bytes: Buffer): void {
    this.#lines.write(bytes);
    this.#hand();
  }

  end(): void {
    this.#lines.end();
    this.#hand();
  }

  #hand(): void {
    const lines = this.#batch;
    if (lines.length === 0) return;
    this.#batch = [];
    this.#onLines(lines);
  }
}
