/** What a process and the host of its hooks tell each other. */

/** A hook to be run. */
export interface HookJob {
  /** The program and its arguments. */
  readonly words: readonly [string, ...string[]];
  /** What it reads. */
  readonly input: string;
  /** Beside the environment of the process. */
  readonly env: Readonly<Record<string, string>>;
  /** Where its output goes; null: nowhere. */
  readonly log: string | null;
  /** Its first line in the log. */
  readonly title: string;
  /** How long it may run, milliseconds. */
  readonly limitMs: number;
  /** Between SIGTERM and SIGKILL where it has to be ended, milliseconds. */
  readonly termMs: number;
}

/** To the host: one job after another, each after the answer to the last. */
export type ToHost = { readonly type: "run"; readonly job: HookJob } | { readonly type: "cancel" };

/** From the host: how the job ended; null as it should. */
export interface FromHost {
  readonly problem: string | null;
}
