/** Which trial a request was answered with, so that the same request again gets the same answer. */
import type { StudyState, Trial } from "../core/index.js";
import { hashOfKey, isFinished } from "../core/index.js";

/** How long after a trial's end its keys are remembered. */
const REMEMBERED_MS = 24 * 60 * 60 * 1000;

/**
 * The keys that trials were asked for with. They stand in the trials' records, durable with the hand-out itself; here they
 * are found without a look at every record.
 */
export class AskKeys {
  /** Trial numbers by a key's hash; null until somebody asks with a key. */
  #numbers: Map<string, number> | null = null;
  /** Requests that are not answered yet, by key. */
  readonly #pending = new Map<string, Promise<unknown>>();

  /** Forgets what it found: another process may write the study meanwhile. */
  clear(): void {
    this.#numbers = null;
  }

  /** A trial was handed out for a key. */
  add(key: string, number: number): void {
    this.#numbers?.set(hashOfKey(key), number);
  }

  /** The trial that a key was answered with; null for a new key, and for one of a trial that ended long ago. */
  find(key: string, state: StudyState): Trial | null {
    const hash = hashOfKey(key);
    const number = (this.#numbers ??= numbersByKey(state)).get(hash);
    const trial = number === undefined ? undefined : state.trial(number);
    if (trial && !isForgotten(trial)) return trial;
    this.#numbers.delete(hash);
    return null;
  }

  /** Answers requests of one key together, where they come at the same time. */
  once<T>(key: string, answer: () => Promise<T>): Promise<T> {
    const pending = this.#pending.get(key) as Promise<T> | undefined;
    if (pending) return pending;
    const answered = answer().finally(() => this.#pending.delete(key));
    this.#pending.set(key, answered);
    return answered;
  }
}

function isForgotten(trial: Trial): boolean {
  if (!isFinished(trial) || trial.finished_at === null) return false;
  return Date.now() - Date.parse(trial.finished_at) > REMEMBERED_MS;
}

function numbersByKey({ trials }: StudyState): Map<string, number> {
  const numbers = new Map<string, number>();
  for (const { number, ask_keys } of trials) for (const hash of ask_keys ?? []) numbers.set(hash, number);
  return numbers;
}
