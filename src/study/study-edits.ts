/** Changes to a study's records that its users ask for: trials queued, repeated, given up; notes and attributes. */
import type {
  Annotation,
  Params,
  ScoredBaselines,
  SpaceReplacement,
  StudyAnnotation,
  StudyRun,
  Trial,
} from "../core/index.js";
import { isBanned, MlbenchError, toAttribute, toAttributes, UsageError } from "../core/index.js";
import { checkParams } from "../search-space/check-params.js";
import { withForcedParents } from "../search-space/forced-parents.js";
import { mergedAnnotation, mergedStudyAnnotation } from "./annotation.js";
import { now } from "./clock.js";
import type { AnnotationChange, StudyAnnotationChange } from "./commands.js";
import { EXTERNAL } from "./new-trial.js";
import type { OutsideTrials } from "./outside-trials.js";
import { STOPPED_ON_REQUEST } from "./running-trial.js";
import type { StudyLog } from "./study-log.js";
import type { QueuedTrial, TrialDispatcher } from "./trial-dispatcher.js";

/** What edits need of the study's running call, if there is one. */
export interface EditHooks {
  /** A trial waits from now on. */
  onWaiting(): void;
  /** A trial was banned, or is so no more. */
  onBansChanged(number: number, durable: Promise<void>): void;
  /** Ends a trial that runs in the call; false where it is none of the call's. */
  stopTrial(number: number): boolean;
}

/** Each opens the study for writing, and resolves when its change is durable. */
export class StudyEdits {
  readonly #log: StudyLog;
  readonly #dispatcher: TrialDispatcher;
  readonly #outside: OutsideTrials;
  readonly #hooks: EditHooks;

  constructor(log: StudyLog, dispatcher: TrialDispatcher, outside: OutsideTrials, hooks: EditHooks) {
    this.#log = log;
    this.#dispatcher = dispatcher;
    this.#outside = outside;
    this.#hooks = hooks;
  }

  async enqueue(params: Params, userAttrs: Readonly<Record<string, unknown>>): Promise<Trial> {
    const attributes = toAttributes(userAttrs);
    await this.#log.open();
    const { space } = this.#log.header;
    checkParams(params, space);
    return this.#queued(await this.#dispatcher.enqueue(withForcedParents(params, space), attributes));
  }

  async retry(number: number): Promise<Trial> {
    await this.#log.open();
    const failed = this.#log.requireTrial(number);
    if (failed.state !== "failed")
      throw new UsageError("not-failed", `trial ${number} is ${failed.state}: only a failed trial is repeated`);
    return this.#queued(await this.#dispatcher.retry(failed));
  }

  async #queued({ number, durable }: QueuedTrial): Promise<Trial> {
    await durable;
    this.#hooks.onWaiting();
    return this.#log.requireTrial(number);
  }

  async annotate(number: number, change: AnnotationChange): Promise<Annotation> {
    await this.#log.open();
    this.#log.requireTrial(number);
    const { annotations } = this.#log.state;
    const annotation = mergedAnnotation(annotations.get(number), change);
    const durable = this.#log.append({ type: "trial-annotated", number, ...annotation });
    if (annotation.banned !== isBanned(annotations, number)) this.#hooks.onBansChanged(number, durable);
    await durable;
    return annotation;
  }

  async annotateStudy(change: StudyAnnotationChange): Promise<StudyAnnotation> {
    await this.#log.open();
    const { header } = this.#log;
    const annotation = mergedStudyAnnotation(header, change, now());
    if (annotation.archived_at !== null && this.#log.busy)
      throw new MlbenchError(
        "being-optimized",
        `study "${header.name}" is being optimized: \`mlbench-hpo stop ${header.name}\` ends that, then it can be archived`,
      );
    await this.#log.append({ type: "study-annotated", ...annotation });
    return annotation;
  }

  async stopTrial(number: number): Promise<Trial> {
    await this.#log.open();
    const trial = this.#log.requireTrial(number);
    if (trial.state === "waiting")
      return this.#outside.conclude(number, { state: "failed", message: STOPPED_ON_REQUEST });
    if (this.#hooks.stopTrial(number)) return trial;
    return this.#outside.stop(number, STOPPED_ON_REQUEST);
  }

  async setUserAttr(key: string, given: unknown, trial: number | undefined): Promise<void> {
    const value = toAttribute(key, given);
    await this.#log.open();
    if (trial === undefined) await this.#log.append({ type: "study-attr", key, value });
    else await this.#log.append({ type: "trial-attr", number: this.#log.requireTrial(trial).number, key, value });
  }

  async keepBaselines(scored: ScoredBaselines): Promise<void> {
    await this.#log.open();
    await this.#log.append({ type: "baselines-scored", ...scored });
  }

  async keepRun(run: StudyRun): Promise<void> {
    await this.#log.open();
    await this.#log.append({ type: "run-changed", run });
  }

  async requeueRunning(reason: string): Promise<void> {
    await this.#log.open();
    if (this.#log.busy)
      throw new MlbenchError("being-optimized", `study "${this.#log.header.name}" is being optimized: its trials run`);
    const at = now();
    const left = this.#log.running.filter(({ owner }) => owner !== EXTERNAL);
    await this.#log.append(...left.map(({ number }) => ({ type: "trial-requeued", number, at, reason }) as const));
    await this.#log.synced();
  }

  async replaceSpace(replacement: SpaceReplacement): Promise<void> {
    await this.#log.open();
    if (this.#log.busy)
      throw new MlbenchError(
        "being-optimized",
        `study "${this.#log.header.name}" is being optimized: its space is changed when that has ended`,
      );
    await this.#log.append({ type: "space-changed", at: now(), ...replacement });
  }

  async acceptChange(path: string, sha256: string): Promise<void> {
    await this.#log.open();
    await this.#log.append({ type: "change-accepted", at: now(), path, sha256 });
  }
}
