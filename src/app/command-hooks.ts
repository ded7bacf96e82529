/** Hooks of a study: a user's commands, run when a trial has finished and when a call is over. */
import { dirname, resolve } from "node:path";
import type { KnownKeys, OptimizeEvent, Tracker } from "../core/index.js";
import { MlbenchError, messageOf, requireKnownKeys, stringifyJson, UsageError } from "../core/index.js";
import { commandWords } from "../core/command-words.js";
import type { StudyStorage } from "../storage/storage.js";
import type { Study } from "../study/study.js";
import { CommandHooks } from "../tracking/hooks/index.js";
import type { Words } from "../tracking/hooks/index.js";
import { locate } from "./address.js";
import { baselinesOf } from "./views/baselines.js";
import { eventData } from "./views/event-json.js";

/** A command: a line split like a POSIX shell's words, or the words themselves. No shell is asked. */
export type HookCommand = string | readonly string[];

/** What {@link commandHooks} runs, and when it gives up. */
export interface HooksOptions {
  /** Run for each finished trial once it is durable, in the order of finishing. */
  readonly onTrial?: HookCommand | undefined;
  /** Run at the end of a call that began, however it ended. */
  readonly onFinish?: HookCommand | undefined;
  /** Aborted: hooks for trials that have not run are dropped, and the last one has 5 s. */
  readonly signal?: AbortSignal | undefined;
  /** Hears that hooks are being waited for. */
  readonly onNote?: ((text: string) => void) | undefined;
}

const keys: KnownKeys<HooksOptions> = { onTrial: true, onFinish: true, signal: true, onNote: true };

/** The log of a study's hooks, in the folder of its trials' files. */
export const HOOKS_LOG = "hooks.log";

/**
 * A tracker that runs commands for a study. Each reads one JSON line on stdin (the event as `optimize --format json` tells
 * it; of a trial its record as well) and `MLBENCH_HPO_*` in its environment, is ended after 30 s, and runs at most once;
 * they run one after another, in the order of the events. What one does changes no trial: its failure is told like that of
 * any subscriber. At the end of a call those for trials are waited for up to 60 s; what is left then is dropped.
 * @throws UsageError `invalid-words`, `unknown-option`.
 * @example
 * const study = await createStudy({ storage: "studies", space: { x: float(-5, 5) } });
 * const hooks = await commandHooks(study, { onTrial: "node notify.mjs", onFinish: ["mail", "-s", "done", "me"] });
 * await study.optimize((trial) => trial.params.x ** 2, { trials: 40, trackers: [hooks] });
 */
export async function commandHooks(study: Study, options: HooksOptions): Promise<Tracker> {
  requireKnownKeys("commandHooks", options, keys);
  const { storage, name } = await locate("commandHooks", study);
  const { signal, onNote } = options;
  const file = storage.location(name);
  return new CommandHooks({
    ...{ signal, onNote, env: environmentOf(storage, name), log: logOf(storage, name), stringify: stringifyJson },
    onTrial: wordsOf("onTrial", options.onTrial),
    onFinish: wordsOf("onFinish", options.onFinish),
    inputOf: (event) => inputOf(event, study, file),
    inputOfFailure: (error) => ({
      ...{ event: "finish", study: name, file, finished: study.state.counted, best: null, stopped_by: null },
      error: { code: error instanceof MlbenchError ? error.code : null, message: messageOf(error) },
    }),
  });
}

function wordsOf(option: string, given: HookCommand | undefined): Words | null {
  if (given === undefined) return null;
  if (typeof given === "string") return commandWords(`commandHooks: ${option}`, given);
  const [first, ...rest] = given;
  if (first === undefined || first === "" || given.some((word) => typeof word !== "string"))
    throw new UsageError("invalid-words", `commandHooks: ${option}: expected a command's words`);
  return [first, ...rest];
}

function inputOf(event: OptimizeEvent, study: Study, file: string): object {
  const { header } = study;
  const { objectives } = header;
  const data = eventData(event, { objectives, file, baselines: (best) => baselinesOf(header, best) });
  if (event.event !== "trial") return data ?? {};
  return { ...data, study: header.name, file, record: event.trial };
}

/** Where a hook finds the study: `mlbench-hpo` run by it looks there by itself. */
function environmentOf(storage: StudyStorage, name: string): Record<string, string> {
  const folder = storage.baseDirectory(name);
  return {
    MLBENCH_HPO_STUDY: name,
    ...(folder === null
      ? {}
      : { MLBENCH_HPO_STUDY_FILE: resolve(storage.location(name)), MLBENCH_HPO_STORAGE: folder }),
  };
}

function logOf(storage: StudyStorage, name: string): string | null {
  const first = storage.artifacts(name)?.directory(0);
  return first === undefined ? null : resolve(dirname(first), HOOKS_LOG);
}
