/** Trial records with what stands beside them: notes, tags, bans, and the baselines on their windows. */
import type { Annotation, Metrics, StudyHeader, Trial } from "../../core/index.js";
import { baselinesOf } from "./baselines.js";

/** A record as it is shown, with its annotation where it has one. */
export interface AnnotatedTrial extends Trial {
  readonly annotation?: Annotation;
}

/** A record beside the baselines on the same windows, where they were scored. */
export interface ComparedTrial extends AnnotatedTrial {
  readonly baselines?: Metrics;
}

/** The records with the baselines on their windows; those without any are the same objects. */
export function compared(trials: readonly AnnotatedTrial[], header: StudyHeader): readonly ComparedTrial[] {
  return trials.map((trial) => {
    const baselines = baselinesOf(header, trial);
    return baselines ? { ...trial, baselines } : trial;
  });
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
