/** A tracker that runs a user's commands: one for each finished trial, one at the end of a call. */
import type { OptimizeEvent, Tracker } from "../../core/index.js";
import { MlbenchError } from "../../core/index.js";
import { HookProcess } from "./hook-process.js";
import type { HookJob } from "./protocol.js";

/** A command's words. */
export type Words = readonly [string, ...string[]];

/** What {@link CommandHooks} are told. */
export interface CommandHooksOptions {
  /** Run for each trial that has finished. */
  readonly onTrial: Words | null;
  /** Run at the end. */
  readonly onFinish: Words | null;
  /** Beside the environment of this process. */
  readonly env: Readonly<Record<string, string>>;
  /** Where output goes; null: nowhere. */
  readonly log: string | null;
  /** What a hook reads of an event. */
  readonly inputOf: (event: OptimizeEvent) => object;
  /** What the last hook reads of a call that failed. */
  readonly inputOfFailure: (error: unknown) => object;
  /** JSON of what a hook reads: numbers that are not finite included. */
  readonly stringify: (data: object) => string;
  /** Aborted: hooks for trials that have not run are dropped, and the last one is given {@link HURRIED_MS}. */
  readonly signal?: AbortSignal | undefined;
  /** Hears what is worth saying while hooks are waited for. */
  readonly onNote?: ((text: string) => void) | undefined;
  /** How long one may run. @default 30000 */
  readonly limitMs?: number | undefined;
  /** How long those for trials are waited for at the end of a call. @default 60000 */
  readonly outstandingMs?: number | undefined;
  /** Between SIGTERM and SIGKILL. @default 2000 */
  readonly termMs?: number | undefined;
}

const LIMIT_MS = 30_000;
const OUTSTANDING_MS = 60_000;
const TERM_MS = 2000;
/** What the last hook gets of a call that is to stop now. */
const HURRIED_MS = 5000;
/** What ending a hook takes at most: SIGTERM, SIGKILL, its output; and some. */
const ENDING_MS = 4000;

interface Queued {
  readonly job: HookJob;
  readonly settle: (problem: string | null) => void;
}

/**
 * Runs hooks one at a time, in the order of their events, each at most once: a process that is killed before a hook has
 * begun has not run it, and no later one does. What a hook does changes nothing: its failure is what the tracker throws.
 */
export class CommandHooks implements Tracker {
  readonly name = "hooks";
  readonly closingMs: number;
  readonly #options: CommandHooksOptions;
  readonly #process = new HookProcess();
  readonly #queue: Queued[] = [];
  #running: Promise<void> | null = null;
  #started = false;
  #finish: OptimizeEvent | null = null;
  #dropped = 0;

  constructor(options: CommandHooksOptions) {
    this.#options = options;
    const { limitMs = LIMIT_MS, outstandingMs = OUTSTANDING_MS } = options;
    this.closingMs = outstandingMs + limitMs + 2 * ENDING_MS;
    options.signal?.addEventListener("abort", this.#hurry, { once: true });
  }

  /** @throws MlbenchError `hook-failed`, when the trial's hook has run. */
  onEvent(event: OptimizeEvent): Promise<void> | undefined {
    const { onTrial } = this.#options;
    if (event.event === "start") this.#started = true;
    if (event.event === "finish") this.#finish = event;
    if (event.event !== "trial" || onTrial === null) return undefined;
    const { number, state } = event.trial;
    const env = { MLBENCH_HPO_EVENT: "trial", MLBENCH_HPO_TRIAL: String(number), MLBENCH_HPO_STATE: state };
    return this.#hook(onTrial, `--on-trial, trial ${number}`, this.#options.inputOf(event), env);
  }

  /**
   * Waits for the hooks of trials within a bound, then runs the last one.
   * @param failure what ended the call, where it did not finish
   * @throws MlbenchError `hook-failed` for the last hook, or for those that were dropped.
   */
  async close(failure?: unknown): Promise<void> {
    const { signal } = this.#options;
    try {
      if (signal?.aborted) this.#hurry();
      await this.#drained();
      signal?.removeEventListener("abort", this.#hurry);
      const dropped = this.#dropped;
      if (dropped > 0) this.#options.onNote?.(`${dropped} hooks of --on-trial were dropped`);
      const problems = dropped === 0 ? [] : [`${dropped} of --on-trial were dropped`];
      await this.#last(failure).catch((error: unknown) => problems.push((error as Error).message));
      if (problems.length > 0) throw new MlbenchError("hook-failed", problems.join("; "));
    } finally {
      this.#process.close();
    }
  }

  async #drained(): Promise<void> {
    if (!this.#running) return;
    const { outstandingMs = OUTSTANDING_MS, onNote } = this.#options;
    const left = this.#queue.length + 1;
    const noted = setTimeout(() => {
      const what = left === 1 ? "a hook" : `${left} hooks`;
      onNote?.(`waiting up to ${outstandingMs / 1000} s for ${what}; Ctrl-C twice drops them`);
    }, 1000);
    const bound = setTimeout(this.#hurry, outstandingMs);
    await this.#running;
    clearTimeout(noted);
    clearTimeout(bound);
  }

  async #last(failure: unknown): Promise<void> {
    const { onFinish, inputOf, inputOfFailure, signal } = this.#options;
    if (onFinish === null || !this.#started) return;
    const event = this.#finish;
    const result = event?.event === "finish" ? event.result : null;
    const env = {
      MLBENCH_HPO_EVENT: "finish",
      MLBENCH_HPO_STOPPED_BY: result?.stoppedBy ?? "error",
      MLBENCH_HPO_EXIT_CODE: String(result?.exitCode ?? 1),
    };
    const input = event ? inputOf(event) : inputOfFailure(failure);
    const limitMs = signal?.aborted ? HURRIED_MS : undefined;
    await this.#hook(onFinish, "--on-finish", input, env, limitMs);
  }

  /** Drops what waits and ends what runs. */
  readonly #hurry = (): void => {
    const waiting = this.#queue.splice(0);
    this.#dropped += waiting.length;
    for (const { settle } of waiting) settle(null);
    if (this.#running) this.#process.cancel();
  };

  /** Resolves when the hook has run, and rejects when something was wrong with it. */
  #hook(words: Words, title: string, input: object, env: Record<string, string>, limitMs?: number): Promise<void> {
    const { log, stringify } = this.#options;
    const job: HookJob = {
      ...{ words, log, title: `${title}: ${words.join(" ")}` },
      env: { ...this.#options.env, ...env },
      input: `${stringify(input)}\n`,
      limitMs: Math.min(limitMs ?? Infinity, this.#options.limitMs ?? LIMIT_MS),
      termMs: this.#options.termMs ?? TERM_MS,
    };
    return new Promise((resolve, reject) => {
      const settle = (problem: string | null): void => {
        if (problem === null) return resolve();
        const output = log === null ? "" : `; its output: ${log}`;
        reject(new MlbenchError("hook-failed", `${title}: ${words[0]}: ${problem}${output}`));
      };
      this.#queue.push({ job, settle });
      this.#running ??= this.#work().finally(() => {
        this.#running = null;
      });
    });
  }

  async #work(): Promise<void> {
    for (let next = this.#queue.shift(); next; next = this.#queue.shift())
      next.settle(await this.#process.run(next.job));
  }
}
