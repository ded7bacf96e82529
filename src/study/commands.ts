import type { Params, SearchSpace, Trial } from "../core/index.js";
import { decodeNumber, MlbenchError } from "../core/index.js";
import type { Study, TellResult } from "./study.js";

/** What another process may ask of the one that writes a study; plain data. */
export type StudyCommand =
  | { readonly type: "ask"; readonly space?: SearchSpace }
  | { readonly type: "tell"; readonly number: number; readonly result: TellResult }
  | { readonly type: "enqueue"; readonly params: Params; readonly userAttrs?: Readonly<Record<string, unknown>> }
  | { readonly type: "set-user-attr"; readonly key: string; readonly value: unknown; readonly trial?: number }
  | { readonly type: "stop" };

/** What each command is answered with, once it is durable. */
export interface CommandAnswers {
  ask: { readonly number: number; readonly params: Params; readonly seed: number };
  tell: Trial;
  enqueue: Trial;
  "set-user-attr": null;
  stop: null;
}

/** Carries out a command on an open study. */
export async function handleCommand<C extends StudyCommand>(
  study: Study,
  command: C,
): Promise<CommandAnswers[C["type"]]>;
export async function handleCommand(study: Study, command: unknown): Promise<unknown>;
export async function handleCommand(study: Study, given: unknown): Promise<unknown> {
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
