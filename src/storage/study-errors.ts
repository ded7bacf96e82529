/** Errors that every storage has in common, and the rule for a study's name. */
import { MlbenchError, UsageError } from "../core/index.js";
import { ownerInWords } from "./lock-owner.js";
import type { LockOwner } from "./lock-owner.js";

/** Someone else writes the study; what can be done about it is the storage's to say. */
export class StudyLockedError extends MlbenchError {
  readonly owner: LockOwner;

  constructor(message: string, owner: LockOwner) {
    super("study-locked", message);
    this.owner = owner;
  }
}

/** @param advice what can be done about it. */
export function studyLocked(name: string, owner: LockOwner, advice: string): StudyLockedError {
  return new StudyLockedError(
    `study "${name}" is being written by ${ownerInWords(owner)} since ${owner.since}: ${advice}`,
    owner,
  );
}

/** What can be done about an owner that lives. */
export function waitOrStop({ url }: LockOwner): string {
  return url === undefined ? "wait for it to end, or stop it" : "use it there, or stop the service";
}

export function unknownStudy(name: string, known: readonly string[]): UsageError {
  const list = known.length === 0 ? "there are none yet" : `there are: ${known.join(", ")}`;
  return new UsageError("unknown-study", `unknown study "${name}": ${list}`);
}

export function studyExists(name: string): UsageError {
  return new UsageError("study-exists", `study "${name}" exists already: load it, or choose another name`);
}

/** The end of following a study that is no longer there. */
export function studyDeleted(name: string): MlbenchError {
  return new MlbenchError("study-deleted", `study "${name}" was deleted while it was followed`);
}

export function writerClosed(name: string): MlbenchError {
  return new MlbenchError("writer-closed", `study "${name}" is closed for writing`);
}

/** Windows takes them for devices whatever follows their first dot. */
const devices = /^(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³]) *(\.|$)/i;
const suffixes = /\.(json|jsonl|journal|lock|files|inbox|tmp|bak|damaged)$/i;
/** What stands in the names of files beside a study's, behind the study's own. */
const beside = /\.(journal|lock|json|jsonl)\./i;

/** Whether a file of this name would be a device where Windows reads it: `CON`, `nul.txt`. */
export function isDeviceName(name: string): boolean {
  return devices.test(name);
}

/**
 * A name that is a file name everywhere and collides with no file beside a study's.
 * @throws UsageError `invalid-study-name`.
 */
export function requireStudyName(name: string): void {
  const wrong = (why: string): never => {
    throw new UsageError(
      "invalid-study-name",
      `invalid study name ${JSON.stringify(name)}: ${why}; letters, digits, "-", "_" and "." inside are fine (lstm-dummy)`,
    );
  };
  if (name === "") wrong("it is empty");
  if (Buffer.byteLength(name) > 120) wrong("it is longer than 120 bytes");
  if (!/^[\p{L}\p{N}\p{M}._-]+$/u.test(name)) wrong("it holds a character that not every file system takes");
  if (/^[.-]|\.$/.test(name)) wrong('it may not begin with "." or "-", nor end with "."');
  if (isDeviceName(name) || name.toLowerCase() === "presets") wrong("it is reserved");
  if (suffixes.test(name) || beside.test(name)) wrong("it reads like a file that stands beside a study's");
}

/** Whether {@link requireStudyName} lets it pass. */
export function isStudyName(name: string): boolean {
  try {
    requireStudyName(name);
    return true;
  } catch {
    return false;
  }
}
