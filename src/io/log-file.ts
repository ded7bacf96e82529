/** A file that lines with their times are appended to, each as it comes. */
import { closeSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { withoutSecrets } from "../core/index.js";
import { cannotWrite } from "./atomic-write.js";
import { makeFolderSync } from "./make-folder.js";

/** Written at once and in order: what a process said before it was killed is there. */
export class LogFile {
  readonly #descriptor: number;

  /**
   * Opens the file to go on behind what it holds; folders on the way are made.
   * @throws UsageError `cannot-write` for a path that cannot hold a file, MlbenchError for a full disk and the like
   */
  constructor(readonly path: string) {
    try {
      makeFolderSync(dirname(path));
      this.#descriptor = openSync(path, "a");
    } catch (error) {
      throw cannotWrite(path, error);
    }
  }

  /**
   * Every line of a text behind the time, without colours and secrets in URLs: `2026-11-27T11:42:34.123Z trial 3 …`.
   * @throws MlbenchError `cannot-write`
   */
  write(text: string): void {
    const time = new Date().toISOString();
    const lines = Buffer.from(
      withoutSecrets(stripVTControlCharacters(text))
        .split("\n")
        .map((line) => `${time} ${line}`.trimEnd() + "\n")
        .join(""),
    );
    try {
      for (let at = 0; at < lines.length;) at += writeSync(this.#descriptor, lines, at);
    } catch (error) {
      throw cannotWrite(this.path, error);
    }
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}
