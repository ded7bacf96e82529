import { MlbenchError, UsageError } from "../core/index.js";
import type { LockOwner } from "./storage.js";

/** Another live process writes the study. */
export class StudyLockedError extends MlbenchError {
  readonly owner: LockOwner;

  constructor(name: string, owner: LockOwner) {
    super(
      "study-locked",
      `study "${name}" is being written by process ${owner.pid} on ${owner.host} since ${owner.since}: ` +
        (owner.elsewhere
          ? `if it is gone for certain, which cannot be told from here, delete the file ${name}.lock`
          : "wait for it to end, or stop it"),
    );
    this.owner = owner;
  }
}

export function unknownStudy(name: string, known: readonly string[]): UsageError {
  const list = known.length === 0 ? "there are none yet" : `there are: ${known.join(", ")}`;
  return new UsageError("unknown-study", `unknown study "${name}": ${list}`);
}

export function studyExists(name: string): UsageError {
  return new UsageError("study-exists", `study "${name}" exists already: load it, or choose another name`);
}

export function writerClosed(name: string): MlbenchError {
  return new MlbenchError("writer-closed", `study "${name}" is closed for writing`);
}

const reserved = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])$/i;
const suffixes = /\.(json|jsonl|journal|lock|files|inbox|tmp|bak|damaged)$/i;

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
  if (reserved.test(name) || name.toLowerCase() === "presets") wrong("it is reserved");
  if (suffixes.test(name) || /\.journal\./i.test(name)) wrong("it ends like a file that stands beside a study's");
}
