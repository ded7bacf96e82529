/** A study in figures: states, best trials, time, what was pruned and what failed. */
import {
  bestOfStudy,
  comparableTrials,
  defined,
  directionsOf,
  frontOfStudy,
  frontVolume,
  isFinished,
} from "../../core/index.js";
import type {
  Annotation,
  CommandSettings,
  ComponentSpec,
  CopiedFrom,
  Direction,
  Folds,
  FrontVolume,
  MadeBy,
  Metrics,
  Params,
  SearchEnd,
  StudyHeader,
  StudyObjective,
  StudyPrior,
  StudyRun,
  StudySettings,
  StudyState,
  StudyTask,
  Trial,
  TrialCounts,
  TrialPart,
} from "../../core/index.js";
import { chooseSampler } from "../../samplers/auto/choice.js";
import type { SamplerChoice } from "../../samplers/auto/choice.js";
import { trialsInSpace } from "../../search-space/earlier-spaces.js";
import { baselinesOf } from "./baselines.js";
import { earlierTrials } from "./space-history.js";
import type { EarlierTrials } from "./space-history.js";
import { costOfStudy, costOfTrial } from "./study-cost.js";
import type { StudyCost } from "./study-cost.js";
import type { LockOwner, StorageFinding } from "../../storage/storage.js";

export { heldInWords, ownerInWords, pageOf } from "../../storage/lock-owner.js";

/** What is said of a study's best trial. */
export interface BestTrialSummary {
  readonly number: number;
  readonly value: number | null;
  /** Sample standard deviation over the parts of a cross-validated trial; null without. */
  readonly spread: number | null;
  /** Null for a trial that trained once. */
  readonly parts: readonly TrialPart[] | null;
  readonly params: Params;
  readonly metrics: { readonly best?: Metrics; readonly last?: Metrics };
  /** How long it took; null where its record does not say. */
  readonly seconds: number | null;
  /** The weights that it trained; null of an objective, and in records of earlier versions. */
  readonly parameters: number | null;
  /** The line that it ran, as a shell takes it; absent where the study is over no program. */
  readonly command_line?: string;
}

/** What is said of the trials of another study that a study begins from. */
export interface PriorSummary extends Omit<StudyPrior, "trials"> {
  /** How many of its trials fit. */
  readonly trials: number;
}

/** What a dry run of the pruner would have done. */
export interface DryRunSummary {
  /** How many trials it would have ended early. */
  readonly pruned: number;
  /** Reports that would not have been made. */
  readonly steps_saved: number;
  /** Whether the best trial is among them; null in studies with several objectives. */
  readonly best_pruned: boolean | null;
}

/** A study in figures. Key names are those of `show --format json`. */
export interface StudyOverview extends StudyCost {
  readonly name: string;
  /** Where it is kept, for people: its file, or `memory:NAME`. */
  readonly file: string;
  readonly objectives: readonly StudyObjective[];
  readonly created_at: string;
  readonly seed: number;
  readonly task: StudyTask;
  /** The program that trials run; absent where there is none. */
  readonly command?: CommandSettings;
  readonly sampler: ComponentSpec;
  /** Whom the sampler "auto" asks next, and why; null for any other sampler. */
  readonly sampler_choice: SamplerChoice | null;
  readonly pruner: ComponentSpec;
  /** What each trial is cross-validated over; null: one split. */
  readonly folds: Folds | null;
  /** How many seeds each trial, or each of its folds, trains under. */
  readonly seeds: number;
  /** How many there are, in whatever state. */
  readonly trials: number;
  readonly counts: TrialCounts;
  /** How many trials failed, by class. */
  readonly failures: Readonly<Record<string, number>>;
  /** Of all trials together. */
  readonly trial_seconds: number;
  /** Of the complete and the pruned trials; null before there is one. */
  readonly pruned_share: number | null;
  /** Reports of all trials together. */
  readonly steps: number;
  /** Only where the pruner is run dry. */
  readonly dry_run?: DryRunSummary;
  /** Null where no feasible trial is complete, and in studies with several objectives. */
  readonly best: BestTrialSummary | null;
  /** The baselines on the best trial's windows, or on all trials'; null where they were not scored. */
  readonly baselines: Metrics | null;
  /** The numbers of the Pareto front; only in studies with several objectives. */
  readonly front?: readonly number[];
  /** The front's hypervolume; null without a feasible complete trial. Only in studies with several objectives. */
  readonly hypervolume?: FrontVolume | null;
  /** What people say of trials, by number; trials without a note, a tag or a ban are absent. */
  readonly annotations: Readonly<Record<string, Annotation>>;
  readonly user_attrs: Readonly<Record<string, unknown>>;
  /** What people say about the study; empty: nothing. */
  readonly note: string;
  /** ISO 8601, UTC: since when it is archived; null: it is not. */
  readonly archived_at: string | null;
  /** The study that it was copied from; null: it is no copy. */
  readonly copied_from: CopiedFrom | null;
  /** The study whose best trials the sampler begins from; null: none. */
  readonly from: PriorSummary | null;
  /** Null: no terminator. */
  readonly terminator: StudySettings["terminator"] | null;
  /** The end that the terminator last put to the search; null: none. */
  readonly ended: SearchEnd | null;
  /** What a service was last asked to run of it, and how that ended; null: nothing. */
  readonly run: StudyRun | null;
  /** What has become of the trials of earlier spaces; null where the space never changed. */
  readonly earlier_trials: EarlierTrials | null;
  /** Null in studies of earlier versions. */
  readonly made_by: MadeBy | null;
  /** Who writes the study now. */
  readonly owner: LockOwner | null;
  /** What is amiss with its files. */
  readonly findings: readonly StorageFinding[];
}

/** What a study's state does not say: where it is kept, who writes it, and what is amiss with its files. */
export interface StudyPlace extends Pick<StudyOverview, "file" | "owner" | "findings"> {
  /** The line that a trial runs; absent where a study is over no program. */
  readonly commandLine?: (trial: Pick<Trial, "number" | "params">) => string;
}

/**
 * The figures of a study's state.
 * @param reference the point up to which the hypervolume is taken, one number an objective. @default one behind the front
 */
export function overviewOf(
  state: StudyState,
  { file, owner, findings, commandLine }: StudyPlace,
  reference?: readonly number[],
): StudyOverview {
  const { header, trials, counts } = state;
  const judged = counts.complete + counts.pruned;
  return {
    ...{ name: header.name, file, objectives: header.objectives, created_at: header.created_at },
    ...{
      seed: header.seed,
      task: header.task,
      ...defined({ command: header.settings.command }),
      sampler: header.sampler,
      sampler_choice: samplerChoiceOf(header, trials),
    },
    pruner: header.pruner,
    ...{ folds: header.settings.folds ?? null, seeds: header.settings.seeds ?? 1 },
    ...{ trials: trials.length, counts, failures: failuresOf(state) },
    trial_seconds: trials.reduce((sum, trial) => sum + (trial.seconds ?? 0), 0),
    pruned_share: judged === 0 ? null : counts.pruned / judged,
    steps: trials.reduce((sum, trial) => sum + trial.intermediate.length, 0),
    ...(header.settings.dry_run_pruner ? { dry_run: dryRunOf(state) } : {}),
    ...bestOf(state, reference, commandLine),
    ...costOfStudy(header, comparableTrials(state), reference),
    baselines: baselinesOf(header, bestOfStudy(state)),
    annotations: Object.fromEntries(state.annotations),
    ...{ user_attrs: header.user_attrs, note: header.note ?? "", archived_at: header.archived_at ?? null },
    ...{ from: priorOf(header), terminator: header.settings.terminator ?? null, ended: header.ended ?? null },
    ...{ run: header.run ?? null, earlier_trials: earlierTrials(state) },
    ...{ copied_from: header.copied_from ?? null, made_by: header.made_by ?? null, owner, findings },
  };
}

/** Whom the sampler "auto" asks next; null for any other, and where the space is not declared: such draws go a group at a time. */
export function samplerChoiceOf(
  header: Pick<StudyHeader, "sampler" | "space" | "objectives" | "task" | "earlier_spaces">,
  trials: readonly Trial[],
): SamplerChoice | null {
  const { sampler, space } = header;
  if (sampler.name !== "auto" || Object.keys(space).length === 0) return null;
  const directions = directionsOf(header);
  const told = trialsInSpace(header, trials);
  return chooseSampler(space, { direction: directions[0] as Direction, directions, trials: told });
}

function priorOf({ settings: { from } }: StudyHeader): PriorSummary | null {
  return from ? { ...from, trials: from.trials.length } : null;
}

/** The first decision to prune would have been the last report. */
function dryRunOf(state: StudyState): DryRunSummary {
  const ends = new Map<number, number>();
  for (const { number, user_attrs } of state.trials) {
    const decisions = user_attrs["dry_run_decisions"];
    const end = Array.isArray(decisions) ? (decisions as { prune: boolean }[]).findIndex(({ prune }) => prune) : -1;
    if (end >= 0) ends.set(number, end + 1);
  }
  const saved = [...ends].map(([number, end]) => (state.trial(number)?.intermediate.length ?? end) - end);
  const best = state.header.objectives.length > 1 ? null : bestOfStudy(state);
  return {
    pruned: ends.size,
    steps_saved: saved.reduce((sum, steps) => sum + steps, 0),
    best_pruned: best && ends.has(best.number),
  };
}

function failuresOf({ trials }: StudyState): Record<string, number> {
  const failures: Record<string, number> = {};
  for (const { failure } of trials.filter(isFinished))
    if (failure) failures[failure.class] = (failures[failure.class] ?? 0) + 1;
  return failures;
}

function bestOf(
  state: StudyState,
  reference: readonly number[] | undefined,
  commandLine: StudyPlace["commandLine"],
): Pick<StudyOverview, "best" | "front" | "hypervolume"> {
  if (state.header.objectives.length > 1) {
    const front = frontOfStudy(state).map(({ number }) => number);
    const hypervolume = frontVolume(comparableTrials(state), directionsOf(state.header), reference);
    return { best: null, front, hypervolume };
  }
  const best = bestOfStudy(state);
  if (!best) return { best: null };
  const { number, value = null, spread, parts, params, metrics } = best;
  const line = defined({ command_line: commandLine?.(best) });
  return { best: { number, value, spread, parts, params, metrics, ...costOfTrial(best), ...line } };
}
