/** Failed disk operations in the user's words. */
import { messageOf, MlbenchError } from "../../core/index.js";
import { errorCode } from "./file-system.js";

const advice: Readonly<Record<string, string>> = {
  EACCES: "permission denied: make the folder writable, or choose another with --storage",
  EPERM: "permission denied: make the folder writable, or choose another with --storage",
  EROFS: "the file system is read-only: choose another folder with --storage",
  ENOTDIR: "a part of the path is a file, not a folder",
  ESPIPE: "it is no file, but a pipe or a device",
  EMFILE: "too many open files",
};

/** A failed write, in the user's words. `storage-full` can be retried when there is room again. */
export function diskError(doing: string, path: string, error: unknown): MlbenchError {
  if (error instanceof MlbenchError) return error;
  const code = errorCode(error) ?? "";
  if (code === "ENOSPC" || code === "EDQUOT")
    return new MlbenchError(
      "storage-full",
      `the disk is full: ${doing} ${path} failed; nothing acknowledged is lost: make room and start again`,
      { cause: error },
    );
  return new MlbenchError("storage-failed", `${doing} ${path} failed: ${advice[code] ?? messageOf(error)}`, {
    cause: error,
  });
}
