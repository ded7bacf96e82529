/** What importances are found from, in whichever form a caller has a study. */
import { requireKnownKeys, UsageError } from "../core/index.js";
import type { Annotation, KnownKeys, SearchSpace, StudyHeader, StudyObjective, Trial } from "../core/index.js";
import { trialInSpace } from "../search-space/earlier-spaces.js";

/** Records with the space they were drawn from: what `importances` needs of a study. */
export interface ImportanceRecords {
  readonly trials: readonly Trial[];
  /** Parameters that trials suggested without declaring them are found in the records. @default none declared */
  readonly space?: SearchSpace;
  /** @default one that is minimized, called `value` */
  readonly objectives?: readonly StudyObjective[];
  /** Banned trials are left out. @default none */
  readonly annotations?: ReadonlyMap<number, Annotation>;
}

/** A study, open or as `readStudy` reads it. */
export interface ImportanceStudy {
  readonly header: Pick<StudyHeader, "objectives" | "space"> &
    Partial<Pick<StudyHeader, "settings" | "task" | "earlier_spaces">>;
  readonly trials: readonly Trial[];
  readonly annotations?: ReadonlyMap<number, Annotation>;
  readonly state?: { readonly annotations: ReadonlyMap<number, Annotation> };
}

const recordKeys: KnownKeys<ImportanceRecords> = { trials: true, space: true, objectives: true, annotations: true };

/** What is asked about, whichever way a caller has it. */
export interface StudyFacts extends Required<ImportanceRecords> {
  /** The metric that trials report. */
  readonly reported: string | undefined;
  /** Numbers of the trials of earlier spaces that are none of the space of now. */
  readonly outside: ReadonlySet<number>;
}

/** @throws UsageError `invalid-option`, `unknown-option` for what is no study. */
export function factsOf(source: ImportanceRecords | ImportanceStudy): StudyFacts {
  const given: unknown = source;
  if (typeof given !== "object" || given === null || !("trials" in given) || !Array.isArray(given.trials))
    throw new UsageError("invalid-option", "importances: expected a study, or { trials, space, objectives }");
  if ("header" in source) {
    const { header, trials: all, annotations = source.state?.annotations ?? new Map<number, Annotation>() } = source;
    const { objectives, space, settings } = header;
    const outside = new Set<number>();
    // What an earlier space had and this one has not says nothing of this one.
    const trials = all.map((trial) => {
      const told = trialInSpace(header, trial);
      if (!told) outside.add(trial.number);
      return told ?? trial;
    });
    const reported = (settings?.prune_by ?? objectives[0])?.metric;
    return { trials, space, objectives, annotations, reported, outside };
  }
  requireKnownKeys("importances", source, recordKeys);
  const { trials, space = {}, objectives = [{ metric: "value", direction: "minimize" }] } = source;
  const annotations = source.annotations ?? new Map<number, Annotation>();
  return { trials, space, objectives, annotations, reported: objectives[0]?.metric, outside: new Set() };
}
