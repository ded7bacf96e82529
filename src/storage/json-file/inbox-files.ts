/** The files of a study's inbox: commands, taken commands, answers. */
import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { mkdir, open, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { errorCode } from "./file-system.js";
import { readJson, writeJson } from "../../core/plain-json.js";
import type { ProcessIdentity } from "./process-identity.js";

/** What a command file holds. */
export interface CommandFile {
  readonly command: unknown;
  readonly sender: ProcessIdentity;
}

/** What an answer file holds. */
export type AnswerFile =
  | { readonly answer: unknown }
  | { readonly error: { readonly code: string; readonly message: string; readonly exitCode: number } };

const COMMAND = ".command.json";
const TAKEN = ".taken.json";
const ANSWER = ".answer.json";

/** A pipe that is named like a command is none, and is not waited for. */
const READ = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** Ids sort in the order of sending, as far as clocks tell. */
export function newCommandId(): string {
  return `${Date.now().toString().padStart(14, "0")}-${process.pid}-${randomBytes(4).toString("hex")}`;
}

/** Milliseconds since 1970, by the sender's clock. */
export function sentAt(id: string): number {
  return Number(id.split("-")[0]);
}

/**
 * The files of one inbox: `ID.command.json` from the sender, renamed to `ID.taken.json` by the owner before it acts, and
 * `ID.answer.json` back. Each appears whole, by renaming.
 */
export class InboxFiles {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  #path(id: string, kind: string): string {
    return join(this.directory, id + kind);
  }

  async #place(id: string, kind: string, content: unknown): Promise<void> {
    const temp = this.#path(id, `${kind}.${randomBytes(4).toString("hex")}.tmp`);
    await writeFile(temp, writeJson(content));
    await rename(temp, this.#path(id, kind));
  }

  async #read(id: string, kind: string): Promise<unknown> {
    try {
      const file = await open(this.#path(id, kind), READ);
      try {
        return (await file.stat()).isFile() ? readJson(await file.readFile("utf8")) : undefined;
      } finally {
        await file.close();
      }
    } catch (error) {
      if (errorCode(error) === "ENOENT") return undefined;
      throw error;
    }
  }

  async #idsOf(kind: string): Promise<string[]> {
    const files = await readdir(this.directory, { withFileTypes: true }).catch((error: unknown) => {
      if (errorCode(error) === "ENOENT") return [];
      throw error;
    });
    return files
      .filter((file) => file.isFile() && file.name.endsWith(kind))
      .map(({ name }) => name.slice(0, -kind.length))
      .sort();
  }

  async make(): Promise<void> {
    await mkdir(this.directory, { recursive: true });
  }

  async putCommand(id: string, command: CommandFile): Promise<void> {
    await this.make();
    await this.#place(id, COMMAND, command);
  }

  /** Commands that nobody has taken, in order. */
  commands(): Promise<string[]> {
    return this.#idsOf(COMMAND);
  }

  /** Commands whose taker went away, when asked by the next owner. */
  taken(): Promise<string[]> {
    return this.#idsOf(TAKEN);
  }

  answers(): Promise<string[]> {
    return this.#idsOf(ANSWER);
  }

  /** Makes a command this owner's; null when its sender took it back in the meantime. */
  async take(id: string): Promise<CommandFile | null> {
    try {
      await rename(this.#path(id, COMMAND), this.#path(id, TAKEN));
    } catch (error) {
      if (errorCode(error) === "ENOENT") return null;
      throw error;
    }
    return (await this.#read(id, TAKEN)) as CommandFile;
  }

  /** Takes back a command that nobody has taken; false when someone has. */
  async withdraw(id: string): Promise<boolean> {
    try {
      await rename(this.#path(id, COMMAND), this.#path(id, ".withdrawn.tmp"));
    } catch (error) {
      if (errorCode(error) === "ENOENT") return false;
      throw error;
    }
    await rm(this.#path(id, ".withdrawn.tmp"), { force: true });
    return true;
  }

  async answer(id: string, answer: AnswerFile): Promise<void> {
    await this.#place(id, ANSWER, answer);
    await rm(this.#path(id, TAKEN), { force: true });
  }

  /** The answer, removed as it is read; undefined when there is none yet. */
  async takeAnswer(id: string): Promise<AnswerFile | undefined> {
    const answer = await this.#read(id, ANSWER);
    if (answer !== undefined) await rm(this.#path(id, ANSWER), { force: true });
    return answer as AnswerFile | undefined;
  }

  async drop(id: string): Promise<void> {
    for (const kind of [COMMAND, TAKEN, ANSWER]) await rm(this.#path(id, kind), { force: true });
  }
}
