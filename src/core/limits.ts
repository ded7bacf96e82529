/** How large the texts and values may be that a study keeps: every process that reads it holds all of them. */
import { UsageError } from "./errors.js";

/** Kept of a failure's message or a prune reason, characters. */
const MESSAGE_LENGTH = 4096;

/** The longest name (of a parameter, metric, constraint, tag or attribute), characters. */
const NAME_LENGTH = 1000;

/** The longest text that a parameter can be, characters: a choice may name a set of many columns. */
export const CHOICE_LENGTH = 10_000;

/** The longest note, characters. */
export const NOTE_LENGTH = 65_536;

/** Room for the word that a message was cut: a cut one is not cut again. */
const CUT_ROOM = 60;

/** A message as a record keeps it: its beginning, and a word that there was more. */
export function keptMessage(text: string): string {
  return text.length <= MESSAGE_LENGTH + CUT_ROOM
    ? text
    : `${text.slice(0, MESSAGE_LENGTH)}… (cut: ${text.length} characters)`;
}

/**
 * Refuses a text that is longer than what a study keeps.
 * @param what it is, for the message: `a tag`
 * @throws UsageError `invalid-value`.
 */
export function requireShort(what: string, text: string, longest = NAME_LENGTH): void {
  if (text.length > longest)
    throw new UsageError(
      "invalid-value",
      `${what} of ${text.length} characters ("${text.slice(0, 20)}…"): at most ${longest} are kept`,
    );
}
