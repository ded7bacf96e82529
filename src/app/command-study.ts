/** Commands of a program to a study, whichever process writes it. */
import type { KnownKeys } from "../core/known-keys.js";
import { requireKnownKeys } from "../core/known-keys.js";
import { MlbenchError, UsageError } from "../core/index.js";
import { briefWork } from "../storage/lock-owner.js";
import type { StudyStorage } from "../storage/storage.js";
import type { CommandAnswers, StudyCommand } from "../study/commands.js";
import { askKeys, batchKeys, reportKeys, shareKeys } from "../study/commands.js";
import { handleCommand } from "../study/handle-command.js";
import { Study } from "../study/study.js";
import type { StudyTarget } from "./address.js";
import { locate } from "./address.js";
import { openStudyToWrite } from "./study.js";

type Keys = { readonly [T in StudyCommand["type"]]: KnownKeys<Extract<StudyCommand, { readonly type: T }>> };

const numbered = { type: true, number: true } as const;
const commandKeys: Keys = {
  ask: { type: true, ...askKeys },
  tell: { ...numbered, result: true },
  report: { ...numbered, ...reportKeys, ...batchKeys },
  heartbeat: { ...numbered, lease: true },
  enqueue: { type: true, params: true, userAttrs: true },
  retry: numbered,
  annotate: { ...numbered, change: true },
  "annotate-study": { type: true, change: true },
  "stop-trial": numbered,
  "set-user-attr": { type: true, key: true, value: true, trial: true },
  pause: { type: true },
  resume: { type: true },
  stop: { type: true },
  cancel: { type: true },
  "set-share": { type: true, ...shareKeys },
};

/**
 * Carries out a write command: through the inbox of the process that writes the study, or by opening it.
 * @throws what the command throws; MlbenchError `not-optimizing` for `stop` when nobody optimizes the study.
 */
async function carryOut<C extends StudyCommand>(
  storage: StudyStorage,
  name: string,
  command: C,
): Promise<CommandAnswers[C["type"]]> {
  if (storage.service) return (await storage.send(name, command)) as CommandAnswers[C["type"]];
  for (let attempt = 1; ; attempt++) {
    const owner = await storage.ownerOf(name);
    // One that has the study for a moment only is not asked, but waited for.
    if (owner && !briefWork.has(owner.work ?? ""))
      try {
        return (await storage.send(name, command)) as CommandAnswers[C["type"]];
      } catch (error) {
        if (!(error instanceof MlbenchError) || error.code !== "no-owner") throw error;
      }
    let study: Study;
    try {
      study = await openStudyToWrite(storage, name, { work: "command" });
    } catch (error) {
      // An owner came between looking and opening.
      if (!(error instanceof MlbenchError) || error.code !== "study-locked" || attempt >= 5) throw error;
      continue;
    }
    try {
      return await handleCommand(study, command);
    } finally {
      await study.close();
    }
  }
}

/** What says that another process may be the one to ask. */
const ELSEWHERE = new Set(["study-locked", "not-optimizing", "no-run"]);

/**
 * Gives a study a write command: to the open study if this process may write it, else through the inbox of the process
 * that does, else by opening it. So a program annotates, leases, pauses or stops a study that a command line optimizes.
 * @returns the command's answer, once its effect is durable
 * @throws UsageError `invalid-option`, `unknown-option`, `no-run` and what the command throws; MlbenchError `not-optimizing` for
 * `pause`, `resume`, `stop` and `cancel` when nobody optimizes the study, `owner-busy` when its process does not answer.
 * @example
 * const trial = await commandStudy({ name: "nasa", storage: "studies" }, { type: "ask", lease: 60 });
 */
export async function commandStudy<C extends StudyCommand>(
  target: StudyTarget,
  command: C,
): Promise<CommandAnswers[C["type"]]> {
  requireCommand(command);
  if (target instanceof Study)
    try {
      return await handleCommand(target, command);
    } catch (error) {
      if (!(error instanceof MlbenchError) || !ELSEWHERE.has(error.code)) throw error;
    }
  const { storage, name } = await locate("commandStudy", target);
  return carryOut(storage, name, command);
}

/** @throws UsageError `invalid-option`, `unknown-option` for what is no command. */
export function requireCommand(command: StudyCommand): void {
  const given: unknown = command;
  if (typeof given !== "object" || given === null)
    throw new UsageError(
      "invalid-option",
      `commandStudy: expected a command, got ${given === null ? "null" : typeof given}`,
    );
  const keys = Object.hasOwn(commandKeys, command.type) ? commandKeys[command.type] : null;
  if (!keys) throw new UsageError("invalid-option", `commandStudy: there is no command "${String(command.type)}"`);
  requireKnownKeys(`commandStudy "${command.type}"`, command, keys);
}
