/** What lists show of a study besides its header and counts, kept up with its events: best, front, course, pace. */
import { directionsOf, dominates, isBanned, isBetter, isFeasible, isFinished, valueOf } from "../../core/index.js";
import type { Direction, StudyEvent, StudyState, Trial } from "../../core/index.js";
import type { Run } from "../../host/host.js";
import { lastRecordedActivity } from "../../storage/study-summary.js";
import type { BestOfSummary } from "../../storage/storage.js";

/** Points of a sparkline at most. */
const POINTS = 40;
/** Milliseconds over which the pace is taken. */
const WINDOW = 5 * 60_000;

/** How fast trials come to their ends. */
export interface Pace {
  readonly trials_per_minute: number | null;
  readonly eta_s: number | null;
}

/** The start and end of a trial that ended lately, in milliseconds. */
type Span = readonly [started: number, finished: number];

/**
 * The best value so far at up to 40 places, evenly spread over the finished trials.
 * @param steps where it changed, ascending: how many trials were finished, and the value
 */
export function sparklineOf(
  steps: readonly (readonly [finished: number, value: number])[],
  finished: number,
): readonly (number | null)[] {
  const points = Math.min(POINTS, finished);
  let at = -1;
  return Array.from({ length: points }, (_, i) => {
    const until = Math.ceil(((i + 1) * finished) / points);
    while ((steps[at + 1]?.[0] ?? Infinity) <= until) at += 1;
    return steps[at]?.[1] ?? null;
  });
}

/** The figures of one study. */
export class StudyFigures {
  #directions: readonly Direction[] = [];
  #best: Trial | null = null;
  #front: Trial[] = [];
  /** Where the best value changed: how many trials were finished then, and the value. */
  #steps: [finished: number, value: number][] = [];
  #recent: Span[] = [];
  #lastActivity = "";
  #finished = 0;

  constructor(state: StudyState) {
    this.reset(state);
  }

  /** Everything anew. */
  reset(state: StudyState): void {
    this.#lastActivity = lastRecordedActivity(state);
    this.#recount(state);
  }

  /** What an event changed. @param state as it is after the event */
  take(event: StudyEvent, state: StudyState): void {
    this.#lastActivity = new Date().toISOString();
    this.#finished = state.finished;
    if (event.type === "trial-annotated") this.#recount(state);
    else if (event.type === "trial-finished") this.#take(state.trial(event.number), state);
    else if (event.type === "trial-created" && isFinished(event.trial))
      this.#take(state.trial(event.trial.number), state);
  }

  /** ISO 8601, UTC. */
  get lastActivity(): string {
    return this.#lastActivity;
  }

  /** The best complete feasible trial; null without one, and with several objectives. */
  get best(): BestOfSummary | null {
    const values = this.#best?.values;
    if (this.#directions.length > 1 || !this.#best || !values) return null;
    return { number: this.#best.number, value: values[0] as number, values };
  }

  /** Null with one objective. */
  get frontSize(): number | null {
    return this.#directions.length > 1 ? this.#front.length : null;
  }

  /** The best value so far at up to 40 places, evenly spread over the finished trials. */
  get sparkline(): readonly (number | null)[] {
    return this.#directions.length > 1 ? [] : sparklineOf(this.#steps, this.#finished);
  }

  /**
   * How fast trials end, by those of the last five minutes, and when the run's goal is met at that pace.
   * @param now milliseconds
   */
  pace(counted: number, run: Run | null, now = Date.now()): Pace {
    this.#recent = this.#recent.filter(([, finished]) => finished > now - WINDOW);
    if (this.#recent.length === 0) return { trials_per_minute: null, eta_s: null };
    const since = Math.max(now - WINDOW, Math.min(...this.#recent.map(([started]) => started)));
    const perMinute = this.#recent.length / (Math.max(1000, now - since) / 60_000);
    const left = run?.state === "running" && run.total_trials !== null ? run.total_trials - counted : null;
    return {
      trials_per_minute: perMinute,
      eta_s: left === null ? null : Math.max(0, Math.round((60 * left) / perMinute)),
    };
  }

  #recount(state: StudyState): void {
    this.#directions = directionsOf(state.header);
    [this.#best, this.#front, this.#steps, this.#recent] = [null, [], [], []];
    this.#finished = state.finished;
    const inOrder = new Array<Trial | undefined>(state.finished);
    for (const trial of state.trials) if (trial.finish_index !== null) inOrder[trial.finish_index] = trial;
    for (const trial of inOrder) this.#take(trial, state);
  }

  #take(trial: Trial | undefined, { annotations }: StudyState): void {
    if (!trial) return;
    this.#takePace(trial);
    if (trial.state !== "complete" || trial.values === null) return;
    if (!isFeasible(trial) || isBanned(annotations, trial.number)) return;
    if (this.#directions.length > 1) this.#takeIntoFront(trial, trial.values);
    else this.#takeAsBest(trial);
  }

  #takePace({ started_at, finished_at }: Trial): void {
    const finished = Date.parse(finished_at ?? "");
    const started = Date.parse(started_at ?? "");
    if (finished > Date.now() - WINDOW) this.#recent.push([Number.isNaN(started) ? finished : started, finished]);
  }

  #takeAsBest(trial: Trial): void {
    const value = valueOf(trial) as number;
    const known = this.#best && (valueOf(this.#best) as number);
    const better = known === null || isBetter(value, known, this.#directions[0] as Direction);
    // Of equal ones the first by number, as everywhere.
    if (better || (value === known && trial.number < (this.#best?.number ?? 0))) this.#best = trial;
    if (better) this.#steps.push([(trial.finish_index as number) + 1, value]);
  }

  #takeIntoFront(trial: Trial, values: readonly number[]): void {
    const dominated = (one: readonly number[], other: Trial): boolean =>
      dominates(one, other.values as readonly number[], this.#directions);
    if (this.#front.some((other) => dominates(other.values as readonly number[], values, this.#directions))) return;
    this.#front = [...this.#front.filter((other) => !dominated(values, other)), trial];
  }
}
