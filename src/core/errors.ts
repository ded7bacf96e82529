/** The errors that are told by code and one line; every code stands in docs/reference/errors.md. */

const brand = Symbol.for("mlbench-hpo.error");

/**
 * Every error that a user can cause. `code` is stable and listed in docs/reference/errors.md; `exitCode` is what the
 * command line ends with: 2 for a mistake in what was asked, 1 for a failure while doing it.
 */
export class MlbenchError extends Error {
  readonly code: string;
  readonly exitCode: number;

  /** True for the errors of another copy of this package as well: a plug-in may have thrown them. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (this !== MlbenchError) return Function.prototype[Symbol.hasInstance].call(this, value);
    return value instanceof Error && brand in value;
  }

  constructor(code: string, message: string, options: { exitCode?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    Object.defineProperty(this, brand, { value: true });
    this.name = "MlbenchError";
    this.code = code;
    this.exitCode = options.exitCode ?? 1;
  }
}

/**
 * A mistake in what was asked for: shown as one line, exit code 2.
 * @example
 * throw new UsageError("no-table", "my_dataset: no table.csv in data/: download it first");
 */
export class UsageError extends MlbenchError {
  constructor(code: string, message: string, options: { cause?: unknown } = {}) {
    super(code, message, { ...options, exitCode: 2 });
    this.name = "UsageError";
  }
}

/**
 * The error for a number that no trial of a study has.
 * @param size how many trials it has
 */
export function unknownTrial(study: string, number: number, size: number): UsageError {
  const known = size === 0 ? "it has none" : size === 1 ? "it has trial 0" : `it has trials 0 to ${size - 1}`;
  return new UsageError("unknown-trial", `study "${study}" has no trial ${number}: ${known}`);
}

/**
 * Thrown by an objective to end its trial as pruned. Recognised by `error.name === "TrialPruned"`, because a class does
 * not survive a thread or process boundary.
 * @example
 * const objective: Objective = async (trial) => {
 *   trial.report(0.5, 1);
 *   if (await trial.shouldPrune()) throw new TrialPruned();
 *   return 0.5;
 * };
 */
export class TrialPruned extends Error {
  constructor(message = "trial pruned") {
    super(message);
    this.name = "TrialPruned";
  }
}

export function isTrialPruned(error: unknown): boolean {
  return error instanceof Error && error.name === "TrialPruned";
}

/** A text on one line: a message of several, such as another program's stack, would break the lines around it. */
export function oneLine(text: string): string {
  return text.replaceAll(/\s*[\r\n\u2028\u2029]\s*/gu, " ").trim();
}

/** The message of anything thrown; of what has none, what it is as JSON. Never throws. */
export function messageOf(error: unknown): string {
  try {
    if (typeof error !== "object" || error === null) return String(error);
    const { message } = error as { message?: unknown };
    return typeof message === "string" ? message : (JSON.stringify(error) ?? NO_MESSAGE);
  } catch {
    return NO_MESSAGE;
  }
}

const NO_MESSAGE = "something that does not say what it is";
