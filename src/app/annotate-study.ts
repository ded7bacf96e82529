/** What people say about a study as a whole: its note, and that it is put away. */
import type { StudyAnnotation } from "../core/index.js";
import type { KnownKeys } from "../core/known-keys.js";
import { requireKnownKeys } from "../core/known-keys.js";
import type { StudyAddress } from "./address.js";
import { addressKeys, requireAddress } from "./address.js";
import { commandStudy } from "./command-study.js";

/** Which study is given a note. */
export interface NoteStudyOptions extends StudyAddress {
  /** In place of the one before; empty: none. */
  readonly note: string;
}

const noteKeys: KnownKeys<NoteStudyOptions> = { ...addressKeys, note: true };

/**
 * Puts a study away: lists leave it out, and it is neither optimized nor asked for trials until {@link unarchiveStudy}.
 * Resolves when that is durable.
 * @throws UsageError `unknown-study`, `unknown-option` | MlbenchError `being-optimized`.
 * @example
 * await archiveStudy({ name: "bowl", storage: "studies" });
 */
export function archiveStudy(options: StudyAddress): Promise<StudyAnnotation> {
  return setArchived("archiveStudy", options, true);
}

/**
 * Brings an archived study back; one that is not archived stays as it is.
 * @throws UsageError `unknown-study`, `unknown-option`.
 * @example
 * await unarchiveStudy({ name: "bowl", storage: "studies" });
 */
export function unarchiveStudy(options: StudyAddress): Promise<StudyAnnotation> {
  return setArchived("unarchiveStudy", options, false);
}

async function setArchived(where: string, options: StudyAddress, archived: boolean): Promise<StudyAnnotation> {
  requireKnownKeys(where, options, addressKeys);
  requireAddress(where, options);
  return commandStudy(options, { type: "annotate-study", change: { archived } });
}

/**
 * Keeps a text with a study, in place of the one before; also while a process optimizes it.
 * @throws UsageError `unknown-study`, `unknown-option`, `invalid-value`.
 * @example
 * await noteStudy({ name: "bowl", storage: "studies", note: "cell 3 was unplugged" });
 */
export async function noteStudy(options: NoteStudyOptions): Promise<StudyAnnotation> {
  requireKnownKeys("noteStudy", options, noteKeys);
  requireAddress("noteStudy", options, "{ name, storage, note }");
  const { note, ...address } = options;
  return commandStudy(address, { type: "annotate-study", change: { note } });
}
