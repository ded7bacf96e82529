/** A user's regular expression over a program's lines, under a limit of time: one that backtracks for ever hangs nothing. */
import { createContext, Script } from "node:vm";
import { messageOf, UsageError } from "../core/index.js";

/** Characters of a line that are looked at. */
export const MOST_OF_MATCHED = 8192;

/** A match's groups by name. */
export type Groups = Readonly<Record<string, string | undefined>>;

/** Python has its own way to name a group. */
function inOurWords(pattern: string): string {
  return pattern.replaceAll("(?P<", "(?<");
}

/**
 * A pattern as a regular expression.
 * @param option where it was given, for messages: `--report-pattern`
 * @param names the names of the groups of which it needs one beside `step`: `value`, or a study's metric
 * @throws UsageError `invalid-option`.
 */
export function compilePattern(pattern: string, option: string, names: readonly string[]): RegExp {
  let compiled: RegExp;
  try {
    compiled = new RegExp(inOurWords(pattern));
  } catch (error) {
    const why = messageOf(error).replace(/^Invalid regular expression: /, "");
    throw new UsageError("invalid-option", `${option} ${pattern}: no regular expression: ${why}`);
  }
  const groups = [...inOurWords(pattern).matchAll(/\(\?<([\p{ID_Start}$_][\p{ID_Continue}$]*)>/gu)].map(
    ([, name]) => name,
  );
  if (names.some((name) => groups.includes(name))) return compiled;
  throw new UsageError(
    "invalid-option",
    `${option} ${pattern}: name what is read with a group, as in 'epoch (?<step>\\d+).* loss (?<value>\\S+)'`,
  );
}

/** The pattern takes too long. */
export class SlowPattern extends Error {
  constructor(pattern: string, limitMs: number) {
    super(
      `--report-pattern ${pattern}: took more than ${limitMs / 1000} s for what the program printed at once: an expression in ` +
        "which one repetition stands in another, as in (a+)+, may take for ever",
    );
    this.name = "SlowPattern";
  }
}

const script = new Script("match()");

/** Matches lines as they come. */
export class PatternMatcher {
  readonly #pattern: string;
  readonly #limitMs: number;
  readonly #context: { match: () => void };
  #lines: readonly string[] = [];
  #found: (Groups | null)[] = [];

  /** @param limitMs what all lines that came at once may take, milliseconds */
  constructor(pattern: RegExp, limitMs: number) {
    this.#pattern = pattern.source;
    this.#limitMs = limitMs;
    const match = (): void => {
      for (const line of this.#lines) {
        const groups = pattern.exec(line.length > MOST_OF_MATCHED ? line.slice(0, MOST_OF_MATCHED) : line)?.groups;
        this.#found.push(groups ?? null);
      }
    };
    this.#context = createContext({ match }) as { match: () => void };
  }

  /** The groups of each line; null where it does not match. @throws SlowPattern. */
  match(lines: readonly string[]): readonly (Groups | null)[] {
    this.#lines = lines;
    this.#found = [];
    try {
      script.runInContext(this.#context, { timeout: this.#limitMs });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ERR_SCRIPT_EXECUTION_TIMEOUT")
        throw new SlowPattern(this.#pattern, this.#limitMs);
      throw error;
    }
    return this.#found;
  }
}
