/** Annotations: what people say about a trial or a study, checked and merged. */
import type { Annotation, StudyAnnotation, StudyHeader } from "../core/index.js";
import { NOTE_LENGTH, requireShort, UsageError } from "../core/index.js";
import { requireKnownKeys } from "../core/known-keys.js";
import { annotationKeys, studyAnnotationKeys } from "./commands.js";
import type { AnnotationChange, StudyAnnotationChange } from "./commands.js";

const NONE: Annotation = { note: "", tags: [], banned: false };

/** What stood before with what is changed. @throws UsageError `unknown-option`, `invalid-value`. */
export function mergedAnnotation(before: Annotation = NONE, change: AnnotationChange): Annotation {
  requireKnownKeys("study.annotate", change, annotationKeys);
  const { note = before.note, tags = before.tags, banned = before.banned } = change;
  if (typeof note !== "string") throw invalid("note must be a text");
  if (!Array.isArray(tags) || !tags.every((tag) => typeof tag === "string" && tag !== ""))
    throw invalid("tags must be a list of texts");
  requireShort("a note", note, NOTE_LENGTH);
  for (const tag of tags as readonly string[]) requireShort("a tag", tag);
  if (typeof banned !== "boolean") throw invalid("banned must be true or false");
  return { note, tags: [...new Set(tags)], banned };
}

/**
 * What is said about a study with what is changed. One that is archived already keeps the time.
 * @param now ISO 8601, UTC
 * @throws UsageError `unknown-option`, `invalid-value`.
 */
export function mergedStudyAnnotation(
  before: Pick<StudyHeader, "note" | "archived_at">,
  change: StudyAnnotationChange,
  now: string,
): StudyAnnotation {
  requireKnownKeys("study.annotateStudy", change, studyAnnotationKeys);
  const { note = before.note ?? "", archived = before.archived_at !== undefined } = change;
  if (typeof note !== "string") throw invalid("note must be a text");
  requireShort("a note", note, NOTE_LENGTH);
  if (typeof archived !== "boolean") throw invalid("archived must be true or false");
  return { note, archived_at: archived ? (before.archived_at ?? now) : null };
}

function invalid(what: string): UsageError {
  return new UsageError("invalid-value", `an annotation's ${what}`);
}

/** Refuses a study that was put away. @throws UsageError `study-archived`. */
export function requireActive({ name, archived_at }: StudyHeader): void {
  if (archived_at === undefined) return;
  throw new UsageError(
    "study-archived",
    `study "${name}" is archived: \`mlbench-hpo study unarchive ${name}\` brings it back`,
  );
}
