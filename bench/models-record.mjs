/** The record of `models`: a line of JSON for each result, whole or not there, whenever the process is killed. */
import { closeSync, existsSync, fdatasyncSync, openSync, readFileSync, writeSync } from "node:fs";

/** Lines as they stand in a file; what is no JSON was being written when somebody was killed. */
function linesOf(file) {
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .split("\n")
    .flatMap((line) => {
      try {
        const value = JSON.parse(line);
        return typeof value === "object" && value !== null ? [value] : [];
      } catch {
        return [];
      }
    });
}

/** Results under one name of settings; others' stay in the file, unread. */
export class ModelsRecord {
  #file;
  #name;
  #results = new Map();
  #call = Date.now();
  #started = performance.now();
  /** Lines of other settings. */
  others = 0;
  /** Seconds that earlier calls took. */
  earlier = 0;

  constructor(path, { name, settings }, machine) {
    this.#name = name;
    const calls = new Map();
    for (const line of linesOf(path)) {
      if (line.settings !== name) this.others++;
      else if (line.key) {
        this.#results.set(line.key, line);
        calls.set(line.call, Math.max(calls.get(line.call) ?? 0, line.at));
      }
    }
    this.earlier = [...calls.values()].reduce((sum, seconds) => sum + seconds, 0);
    const torn = existsSync(path) && !/(^|\n)$/.test(readFileSync(path, "utf8"));
    this.#file = openSync(path, "a");
    if (torn) writeSync(this.#file, "\n");
    this.#write({ described: settings, ...machine });
  }

  #write(line) {
    const text = `${JSON.stringify({ settings: this.#name, call: this.#call, ...line })}\n`;
    writeSync(this.#file, text);
    fdatasyncSync(this.#file);
  }

  get(key) {
    return this.#results.get(key);
  }

  /** Seconds of this call. */
  get now() {
    return (performance.now() - this.#started) / 1000;
  }

  /** Keeps a result; a failed one is tried again by the next call. */
  add(key, job, result) {
    const line = { key, at: this.now, ...job, ...result };
    this.#write(line);
    this.#results.set(key, line);
  }

  close() {
    closeSync(this.#file);
  }
}
