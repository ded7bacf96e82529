/** The commands that another process may give to the one that writes a study, and their answers. */
import type { Params, SearchSpace, Trial } from "../core/index.js";

/** How a trial handed out by `ask` ended. */
export interface TellResult {
  /** The objective value; NaN is treated as the study's `on_nan` rule says. */
  readonly value?: number | undefined;
  /** @default "complete" when there is a value */
  readonly state?: "complete" | "pruned" | "failed" | undefined;
  /** Why it failed. */
  readonly message?: string | undefined;
}

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
