/** The texts that a snapshot's records were read from: a fold need not write out anew what has not changed. */
import type { Trial } from "../../core/index.js";

/** Kept from a study's opening to its first fold: they take as much memory as the file does. */
export class RecordTexts {
  #trials: Trial[] = [];
  #texts: string[] = [];

  /** @param text one line of the file's present version, checked by the file's checksum. */
  keep(trial: Trial, text: string): void {
    this.#trials[trial.number] = trial;
    this.#texts[trial.number] = text;
  }

  /** The text of a record that is still the one that was read. */
  of(trial: Trial): string | undefined {
    return this.#trials[trial.number] === trial ? this.#texts[trial.number] : undefined;
  }

  clear(): void {
    this.#trials = [];
    this.#texts = [];
  }
}
