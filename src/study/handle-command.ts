/** Carries out commands on an open study. */
import type { Params, SearchSpace, Trial } from "../core/index.js";
import { decodeNumber, MlbenchError } from "../core/index.js";
import type { CommandAnswers, StudyCommand, TellResult } from "./commands.js";

/** What commands act on: a study, as far as they need to know one. */
export interface CommandTarget {
  ask(space?: SearchSpace): Promise<{ readonly number: number; readonly params: Params; readonly seed: number }>;
  tell(number: number, result: TellResult): Promise<Trial>;
  enqueueTrial(params: Params, options?: { userAttrs?: Readonly<Record<string, unknown>> }): Promise<Trial>;
  setUserAttr(key: string, value: unknown, trial?: number): Promise<void>;
  requestStop(): void;
}

/** Carries out a command on an open study. */
export async function handleCommand<C extends StudyCommand>(
  study: CommandTarget,
  command: C,
): Promise<CommandAnswers[C["type"]]>;
export async function handleCommand(study: CommandTarget, command: unknown): Promise<unknown>;
export async function handleCommand(study: CommandTarget, given: unknown): Promise<unknown> {
  const command = given as StudyCommand;
  switch (command.type) {
    case "ask": {
      const { number, params, seed } = await study.ask(command.space);
      return { number, params, seed };
    }
    case "tell":
      return study.tell(command.number, { ...command.result, value: decodeNumber(command.result.value) });
    case "enqueue":
      return study.enqueueTrial(command.params, command.userAttrs ? { userAttrs: command.userAttrs } : {});
    case "set-user-attr":
      await study.setUserAttr(command.key, command.value, command.trial);
      return null;
    case "stop":
      study.requestStop();
      return null;
    default:
      throw new MlbenchError("unknown-command", `unknown command ${JSON.stringify(given)}`);
  }
}
