/** Errors as plain data: a class does not survive the way from a thread. */
import { messageOf, MlbenchError, UsageError } from "../core/index.js";
import type { Difference } from "../core/index.js";

/** What an error says. */
export interface ErrorData {
  /** Null for one that is none of ours. */
  readonly code: string | null;
  readonly message: string;
  readonly exitCode: number;
  /** How a study that exists differs from the one asked for. */
  readonly differences?: readonly Difference[];
}

/** What an error says, as plain data. */
export function errorData(error: unknown): ErrorData {
  const message = messageOf(error);
  if (!(error instanceof MlbenchError)) return { code: null, message, exitCode: 1 };
  const { code, exitCode } = error;
  const { differences } = error as { readonly differences?: readonly Difference[] };
  return { code, message, exitCode, ...(differences ? { differences } : {}) };
}

/** The error that says so. */
export function errorOf({ code, message, exitCode, differences }: ErrorData): Error {
  if (code === null) return new Error(message);
  const error = exitCode === 2 ? new UsageError(code, message) : new MlbenchError(code, message, { exitCode });
  return differences ? Object.assign(error, { differences }) : error;
}
