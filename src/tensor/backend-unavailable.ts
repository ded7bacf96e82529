/** The error for a backend that does not run here. */
import { UsageError } from "../core/errors.js";
import type { BackendName } from "../core/run.js";

/** Why a backend is not there, and what helps. */
export interface BackendLack {
  readonly why: string;
  readonly remedy: string;
}

/** A backend that is not there or does not start; what is lacking stands apart from the advice to take another one. */
export class BackendUnavailable extends UsageError {
  /**
   * @param lack null for a backend that is there and does not start, for whatever reason
   * @param instead a backend that runs anywhere
   */
  constructor(
    readonly backend: BackendName,
    readonly lack: BackendLack | null,
    instead: BackendName,
    options: ErrorOptions = {},
  ) {
    const what = lack ? `is not available: ${lack.why}; ${lack.remedy}, or` : "does not start here:";
    super("backend-unavailable", `backend "${backend}" ${what} use --backend ${instead}`, options);
  }
}
