/** A command as it is typed, as the words that a POSIX shell would run, and back; no shell is asked, and nothing is expanded. */
import { UsageError } from "./errors.js";

/** What means something to a shell, and nothing without one. */
const OPERATOR = /[|&;<>()`]/;
/** What a backslash takes its meaning from within double quotes (POSIX 2.2.3). */
const ESCAPED_IN_QUOTES = /["\\$`]/;

/**
 * Splits a command into words: at blanks, with single quotes, double quotes and backslashes as POSIX has them (2.2).
 * Variables, patterns and `~` stay as they are written.
 * @param option where it was given, for messages: `--on-trial`
 * @throws UsageError `invalid-words` for no word, an open quote, or an operator (`|`, `>`, `;`, …), which needs a shell.
 * @example
 * commandWords("--on-trial", "notify-send 'trial done' --urgency=low"); // ["notify-send", "trial done", "--urgency=low"]
 */
export function commandWords(option: string, text: string): [string, ...string[]] {
  const refuse = (what: string): never => {
    throw new UsageError("invalid-words", `${option} ${text}: ${what}`);
  };
  const words: string[] = [];
  // null between words: quotes begin an empty one.
  let word: string | null = null;
  let at = 0;
  const next = (): string => text[at++] ?? "";
  while (at < text.length) {
    const c = next();
    if (/\s/.test(c)) {
      if (word !== null) words.push(word);
      word = null;
    } else if (c === "'") {
      const end = text.indexOf("'", at);
      if (end < 0) refuse("a ' is not closed");
      word = (word ?? "") + text.slice(at, end);
      at = end + 1;
    } else if (c === '"') {
      word ??= "";
      for (let inner = next(); inner !== '"'; inner = next()) {
        if (inner === "") refuse('a " is not closed');
        const escaped = inner === "\\" && at < text.length ? next() : null;
        if (escaped === null) word += inner;
        else if (escaped !== "\n") word += ESCAPED_IN_QUOTES.test(escaped) ? escaped : `\\${escaped}`;
      }
    } else if (c === "\\") {
      if (at >= text.length) refuse("nothing follows the last \\");
      const escaped = next();
      if (escaped !== "\n") word = (word ?? "") + escaped;
    } else if (OPERATOR.test(c))
      refuse(`${c} needs a shell, and none is asked: quote it, or run one with sh -c 'COMMAND'`);
    else word = (word ?? "") + c;
  }
  if (word !== null) words.push(word);
  const [first, ...rest] = words;
  if (first === undefined || first === "") return refuse("expected a command");
  return [first, ...rest];
}

/** A word as a shell takes it for just that. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** Words as a line that a shell takes for just these. */
export function shellLine(words: readonly string[]): string {
  return words.map(shellWord).join(" ");
}
