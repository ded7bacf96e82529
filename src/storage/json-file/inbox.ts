/** Commands to the process that writes a study: the sender's side and the owner's. */
import { watch } from "node:fs";
import type { FSWatcher } from "node:fs";
import { rmdir } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";

import { messageOf, MlbenchError, UsageError } from "../../core/index.js";
import { failPoint } from "./fail-point.js";
import { InboxFiles, newCommandId, sentAt } from "./inbox-files.js";
import type { AnswerFile } from "./inbox-files.js";
import { judge, realProcessView } from "./process-identity.js";
import type { ProcessIdentity } from "./process-identity.js";

/** How often the folder is looked at, besides what `fs.watch` says (it says nothing on some file systems). */
const OWNER_POLL_MS = 250;
const SENDER_POLL_MS = 25;
/** An owner that lives but does not answer is given up on after this long, if the command is still untouched. */
const PATIENCE_MS = 60_000;

export type CommandHandler = (command: unknown) => Promise<unknown>;

function ownerDied(name: string): MlbenchError {
  return new MlbenchError(
    "owner-died",
    `the process writing study "${name}" ended while it had this command in hand: look whether it was carried out, and send it again if not`,
  );
}

function fromAnswer(answer: AnswerFile): unknown {
  if (!("error" in answer)) return answer.answer;
  const { code, message, exitCode } = answer.error;
  throw exitCode === 2 ? new UsageError(code, message) : new MlbenchError(code, message, { exitCode });
}

/**
 * Hands a command to the owner and waits for its answer.
 * @param isOwned tells whether anyone holds the study's lock now.
 * @throws MlbenchError `no-owner` (nothing was done), `owner-died`, `owner-busy`, or the owner's own error.
 */
export async function sendCommand(
  name: string,
  directory: string,
  command: unknown,
  isOwned: () => boolean,
): Promise<unknown> {
  const noOwner = new MlbenchError("no-owner", `nobody is writing study "${name}"`);
  if (!isOwned()) throw noOwner;
  const files = new InboxFiles(directory);
  const id = newCommandId();
  await putWhileOwned(files, id, command, isOwned, noOwner);
  try {
    return fromAnswer(await answerTo(name, files, id, isOwned, noOwner));
  } finally {
    if (!isOwned()) await rmdir(directory).catch(() => {});
  }
}

async function answerTo(
  name: string,
  files: InboxFiles,
  id: string,
  isOwned: () => boolean,
  noOwner: MlbenchError,
): Promise<AnswerFile> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const answer = await files.takeAnswer(id);
    if (answer) return answer;
    const late = performance.now() > deadline;
    if (!isOwned() || late) {
      if (await files.withdraw(id)) throw isOwned() ? busy(name) : noOwner;
      if (!isOwned()) {
        // The owner may have answered as its last act.
        const last = await files.takeAnswer(id);
        if (last) return last;
        await files.drop(id);
        throw ownerDied(name);
      }
    }
    await delay(SENDER_POLL_MS);
  }
}

function busy(name: string): MlbenchError {
  return new MlbenchError("owner-busy", `the process writing study "${name}" takes no commands; nothing was done`);
}

/** A closing owner removes an empty inbox, perhaps between our making it and writing into it. */
async function putWhileOwned(
  files: InboxFiles,
  id: string,
  command: unknown,
  isOwned: () => boolean,
  noOwner: MlbenchError,
): Promise<void> {
  for (let attempt = 1; ; attempt++)
    try {
      return await files.putCommand(id, { command, sender: realProcessView.self });
    } catch (error) {
      if (!isOwned()) throw noOwner;
      if (attempt === 5) throw error;
    }
}

/** The owner's side: takes commands one at a time, in the order of their ids. */
export class InboxReceiver {
  readonly #files: InboxFiles;
  readonly #handler: CommandHandler;
  readonly #name: string;
  #watcher: FSWatcher | null = null;
  readonly #timer: NodeJS.Timeout;
  #working: Promise<void> | null = null;
  #again = false;
  #stopped = false;
  /** Answers that could not be written: tried again with the next poll. */
  readonly #unanswered = new Map<string, AnswerFile>();

  constructor(name: string, directory: string, handler: CommandHandler) {
    this.#name = name;
    this.#files = new InboxFiles(directory);
    this.#handler = handler;
    this.#working = this.#prepare().finally(() => this.#done());
    // Neither keeps a process alive that has nothing else to do.
    this.#timer = setInterval(() => this.#look(), OWNER_POLL_MS).unref();
  }

  /** Resolves when the command under way is answered. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    this.#watcher?.close();
    await this.#working;
    await rmdir(this.#files.directory).catch(() => {});
  }

  #look(): void {
    if (this.#stopped) return;
    if (this.#working) this.#again = true;
    else this.#working = this.#takeAll().finally(() => this.#done());
  }

  #done(): void {
    this.#working = null;
    if (this.#again) {
      this.#again = false;
      this.#look();
    }
  }

  /** What an earlier owner left: commands in its hand, commands of senders that are gone, answers nobody fetched. */
  async #prepare(): Promise<void> {
    try {
      await this.#files.make();
      this.#watcher = watch(this.#files.directory, { persistent: false }, () => this.#look());
      this.#watcher.on("error", () => this.#watcher?.close());
      for (const id of await this.#files.taken()) await this.#files.answer(id, errorAnswer(ownerDied(this.#name)));
      const old = Date.now() - PATIENCE_MS;
      for (const id of await this.#files.answers()) if (!(sentAt(id) > old)) await this.#files.drop(id);
    } catch {
      // Without an inbox (a full disk, say) the study goes on; the poll below tries again.
    }
    await this.#takeAll(true);
  }

  async #takeAll(first = false): Promise<void> {
    try {
      for (const [id, answer] of this.#unanswered) await this.#answer(id, answer);
      for (const id of await this.#files.commands()) {
        if (this.#stopped) return;
        await this.#takeOne(id, first);
      }
    } catch {
      // Looked at again with the next poll.
    }
  }

  async #takeOne(id: string, first: boolean): Promise<void> {
    const file = await this.#files.take(id);
    if (!file) return;
    // A command sent to an earlier owner by someone who no longer waits was never acknowledged: it lapses.
    if (first && isGone(file.sender, id)) return this.#files.drop(id);
    failPoint("inbox-taken");
    const answer = await this.#handler(file.command).then(
      (value): AnswerFile => ({ answer: value ?? null }),
      (error: unknown) => errorAnswer(error),
    );
    failPoint("inbox-done");
    await this.#answer(id, answer);
  }

  async #answer(id: string, answer: AnswerFile): Promise<void> {
    this.#unanswered.set(id, answer);
    await this.#files.answer(id, answer);
    this.#unanswered.delete(id);
  }
}

/** Its id says when the command was sent: then its sender lived. */
function isGone(sender: ProcessIdentity, id: string): boolean {
  return judge(sender, sentAt(id), realProcessView) === "gone";
}

function errorAnswer(error: unknown): AnswerFile {
  const known = error instanceof MlbenchError ? error : null;
  return {
    error: { code: known?.code ?? "failed", message: messageOf(error), exitCode: known?.exitCode ?? 1 },
  };
}
