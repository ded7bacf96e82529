/** Commands as a POSIX shell takes them. */

/** A word as it is typed: quoted where a shell would take it for more than a word. */
export const shellWord = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

/** A command of ours from its words; those that are null or false are left out. */
export const commandLine = (...words: readonly (string | number | null | false | undefined)[]): string =>
  [
    "mlbench-hpo",
    ...words.flatMap((word) => (word === null || word === false || word === undefined ? [] : [String(word)])),
  ]
    .map(shellWord)
    .join(" ");
