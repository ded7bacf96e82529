/** What can be done with trials, and the command that does the same. */
import { api, messageOf } from "../api/client.js";
import type { ParamValue } from "../api/types.js";
import { announce } from "../components/announce.js";
import { pathOf } from "../paths.js";
import { server } from "../session.js";
import { commandLine } from "../shell-words.js";
import { studyCommand } from "../study-command.js";

/** Parameters by name. */
export type TrialParams = Readonly<Record<string, ParamValue>>;

/** What people say about a trial. */
export interface AnnotationChange {
  readonly note?: string;
  readonly tags?: readonly string[];
  readonly banned?: boolean;
}

const trialPath = (study: string, number: number): string => pathOf("studies", study, "trials", number);

/** `3 trials`, `trial 7` */
export const trialsInWords = (numbers: readonly number[]): string =>
  numbers.length === 1 ? `trial ${numbers[0] as number}` : `${numbers.length} trials`;

/** Does something with each of some trials, a few at a time, and says how it went. */
export async function forEach(
  numbers: readonly number[],
  said: string,
  work: (number: number) => Promise<unknown>,
): Promise<boolean> {
  const left = [...numbers];
  const problems: string[] = [];
  let done = 0;
  const next = async (): Promise<void> => {
    for (let number = left.shift(); number !== undefined; number = left.shift()) {
      try {
        await work(number);
        done++;
      } catch (error) {
        problems.push(`trial ${number}: ${messageOf(error)}`);
      }
    }
  };
  await Promise.all([next(), next(), next()]);
  if (problems.length > 0)
    announce(`${problems[0] as string}${problems.length > 1 ? `, and ${problems.length - 1} more` : ""}`, "problem");
  if (done > 0)
    announce(`${said} ${done === numbers.length ? trialsInWords(numbers) : `${done} of ${numbers.length} trials`}`);
  return problems.length === 0;
}

/** Changes what is said about a trial. */
export const annotate = (study: string, number: number, change: AnnotationChange): Promise<unknown> =>
  api.patch(trialPath(study, number), change);

/** Queues a failed trial's parameters again. */
export const retry = (study: string, number: number): Promise<{ readonly number: number }> =>
  api.post(`${trialPath(study, number)}/retry`);

/** Ends a trial that is waiting or running. */
export const stop = (study: string, number: number): Promise<unknown> => api.post(`${trialPath(study, number)}/stop`);

/** Queues parameters as a trial. */
export const enqueue = (study: string, params: TrialParams): Promise<{ readonly number: number }> =>
  api.post(`${pathOf("studies", study)}/trials`, { params });

const trialCommand = (verb: string, study: string, number: number, ...words: readonly string[]): string => {
  const storage = server.value?.storage;
  const place = storage === undefined ? [] : ["--storage", storage];
  return commandLine("trial", verb, number, ...words, "--study-name", study, ...place);
};

/** The same from the command line, one a line. */
export const commands = {
  ban: (study: string, numbers: readonly number[]) => lines(numbers, (n) => trialCommand("ban", study, n)),
  restore: (study: string, numbers: readonly number[]) => lines(numbers, (n) => trialCommand("restore", study, n)),
  retry: (study: string, numbers: readonly number[]) => lines(numbers, (n) => trialCommand("retry", study, n)),
  stop: (study: string, numbers: readonly number[]) => lines(numbers, (n) => trialCommand("stop", study, n)),
  again: (study: string, numbers: readonly number[]) =>
    lines(numbers, (n) => studyCommand("enqueue-trial", study, "--from-trial", n)),
  note: (study: string, number: number, text: string) => trialCommand("note", study, number, text),
  tag: (study: string, number: number, tags: readonly string[]) => trialCommand("tag", study, number, ...tags),
  enqueue: (study: string, params: TrialParams) =>
    studyCommand("enqueue-trial", study, "--params", JSON.stringify(params)),
} as const;

const MOST_LINES = 20;

function lines(numbers: readonly number[], command: (number: number) => string): string {
  const shown = numbers.slice(0, MOST_LINES).map(command);
  return [
    ...shown,
    ...(numbers.length > MOST_LINES ? [`# and so on for ${numbers.length - MOST_LINES} more`] : []),
  ].join("\n");
}
