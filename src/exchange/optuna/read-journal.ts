/** A journal file of Optuna, line by line. */
import { NotARecord, OptunaJournal } from "./journal.js";
import type { OptunaStudy } from "./journal.js";
import { parsePythonJson } from "../../core/python-json.js";

/** What a journal holds, and what is to be said of the file. */
export interface JournalContent {
  readonly studies: readonly OptunaStudy[];
  /** What was passed over, in words. */
  readonly notes: readonly string[];
}

/** A line that is no record of Optuna's, though it is not the last. */
export class JournalDamage extends Error {
  constructor(
    /** From 1. */
    readonly line: number,
    readonly what: string,
  ) {
    super(`line ${line}: ${what}`);
  }
}

/** Whether a text is the first line of a journal. */
export function isJournalLine(line: string): boolean {
  try {
    const parsed = parsePythonJson(line) as { readonly op_code?: unknown } | null;
    return typeof parsed?.op_code === "number";
  } catch {
    return false;
  }
}

/** What starts a record: a writer that died leaves a part of one, on whose line the next writer goes on. */
const START = '{"op_code"';

/** The record behind the remains of another one, with which it shares its line; null where there is none. */
function behindRemains(line: string): unknown {
  for (let at = line.indexOf(START, 1); at !== -1; at = line.indexOf(START, at + 1))
    try {
      return parsePythonJson(line.slice(at));
    } catch {
      // The remains of several.
    }
  return null;
}

/**
 * The studies of a journal, replayed as Optuna does.
 * @param lines without their ends
 * @throws {@link JournalDamage}
 */
export async function readJournal(lines: AsyncIterable<string>): Promise<JournalContent> {
  const journal = new OptunaJournal();
  const notes: string[] = [];
  let number = 0;
  // Read, and perhaps in vain: only what comes after it tells whether it is the last one.
  let damaged: JournalDamage | null = null;
  for await (const line of lines) {
    if (damaged) throw damaged;
    number += 1;
    if (line.trim() === "") continue;
    try {
      journal.apply(parsePythonJson(line));
    } catch (error) {
      const record = error instanceof SyntaxError ? behindRemains(line) : null;
      if (record !== null) {
        journal.apply(record);
        notes.push(`line ${number}: the remains of a record that was cut short, left out`);
      } else if (error instanceof SyntaxError) damaged = new JournalDamage(number, "it is no JSON");
      else if (error instanceof NotARecord) throw new JournalDamage(number, error.message);
      else throw error;
    }
  }
  if (damaged) notes.push(`line ${number}: the last record was cut short, left out`);
  return { studies: journal.studies, notes };
}
