/** Journals of Optuna, read and written. */
export { isJournalLine, JournalDamage, readJournal } from "./read-journal.js";
export type { JournalContent } from "./read-journal.js";
export type { OptunaStudy } from "./journal.js";
export { toRecords } from "./to-records.js";
export { fitsSpace } from "./study-space.js";
export { journalLines, journalNotes } from "./write-journal.js";
