/** Trial records with what people say about them: notes, tags, bans. */
import type { Annotation, Trial } from "../../core/index.js";

/** A record as it is shown, with its annotation where it has one. */
export interface AnnotatedTrial extends Trial {
  readonly annotation?: Annotation;
}

/** The records with their annotations; those without any are the same objects. */
export function annotated(
  trials: readonly Trial[],
  annotations: ReadonlyMap<number, Annotation>,
): readonly AnnotatedTrial[] {
  if (annotations.size === 0) return trials;
  return trials.map((trial) => {
    const annotation = annotations.get(trial.number);
    return annotation ? { ...trial, annotation } : trial;
  });
}
