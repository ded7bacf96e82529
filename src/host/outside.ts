/** Trials that are handed out to programs elsewhere: within the bounds of the study's run, waited for without polling. */
import { isBanned, MlbenchError } from "../core/index.js";
import type { StudyEvent, StudyRun, StudyState, Trial } from "../core/index.js";
import type { HandedTrial } from "../study/commands.js";
import type { DrawOptions } from "../study/trial-draws.js";
import type { OutsideAsk, OutsideAskAnswer } from "./host.js";
import type { OpenStudies, OpenStudy } from "./open-studies.js";

/** After these, there may be something to hand out, or nothing any more. */
const waking: ReadonlySet<StudyEvent["type"]> = new Set([
  "trial-created",
  "trial-requeued",
  "trial-finished",
  "trial-annotated",
  "study-annotated",
  "run-changed",
]);

/** What a run lets through: a gate for `ask`, or that there is nothing to come. */
type Gate = DrawOptions | "closed" | "over";

/** Where trials of all open studies are asked for. */
export class OutsideDesk {
  readonly #studies: OpenStudies;
  readonly #adopt: (open: OpenStudy) => void;
  /** Who waits, first come first; one subscription for all who wait for a study. */
  readonly #waiting = new Map<OpenStudy, { readonly wake: Set<() => void>; readonly unsubscribe: () => void }>();

  /** @param adopt takes up a run that the study's file says is wanted */
  constructor(studies: OpenStudies, adopt: (open: OpenStudy) => void) {
    this.#studies = studies;
    this.#adopt = adopt;
  }

  /**
   * Hands out a trial, once there is one.
   * @throws UsageError `unknown-study`, `study-archived`, `space-exhausted` | MlbenchError `lease-lost`, `study-locked`.
   */
  ask(name: string, request: OutsideAsk): Promise<OutsideAskAnswer> {
    // Not given up meanwhile: somebody is at work with it.
    return this.#studies.use(name, (open) => this.#ask(open, request));
  }

  async #ask(open: OpenStudy, request: OutsideAsk): Promise<OutsideAskAnswer> {
    this.#adopt(open);
    const deadline = performance.now() + request.wait_seconds * 1000;
    for (;;) {
      const { revision } = open.study.state;
      const answer = await this.#take(open, request);
      if (answer !== "nothing") return answer;
      // Something happened while it was looked: nobody would be woken by that any more.
      if (open.study.state.revision !== revision) continue;
      if (!(await this.#change(open, deadline - performance.now(), request.signal))) return "nothing";
    }
  }

  async #take(open: OpenStudy, { lease_seconds: lease, key, worker }: OutsideAsk): Promise<OutsideAskAnswer> {
    const { study } = open;
    const through = (): DrawOptions | null => {
      const gate = gateOf(open);
      return typeof gate === "string" ? null : gate;
    };
    try {
      const trial = await study.askThrough(through, { lease, key, worker });
      if (trial) return handed(trial);
    } catch (error) {
      if (!(error instanceof MlbenchError) || error.code !== "space-exhausted") throw error;
      // One of those under way may come back.
      if (study.state.unfinished.length > 0) return "nothing";
      if (!open.run?.live) throw error;
      study.endExhausted();
      return "over";
    }
    return gateOf(open) === "over" ? "over" : "nothing";
  }

  /** Resolves when something about a study may have changed what can be handed out; false where the time is over first. */
  #change(open: OpenStudy, ms: number, signal: AbortSignal | undefined): Promise<boolean> {
    if (ms <= 0 || signal?.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const end = (changed: boolean): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", leave);
        this.#leave(open, wake);
        resolve(changed);
      };
      const wake = (): void => {
        end(true);
      };
      const leave = (): void => {
        end(false);
      };
      const timer = setTimeout(leave, ms);
      signal?.addEventListener("abort", leave, { once: true });
      this.#waitersOf(open).add(wake);
    });
  }

  #waitersOf(open: OpenStudy): Set<() => void> {
    const there = this.#waiting.get(open);
    if (there) return there.wake;
    const wake = new Set<() => void>();
    const unsubscribe = open.study.subscribe((event) => {
      if (waking.has(event.type)) for (const one of [...wake]) one();
    });
    this.#waiting.set(open, { wake, unsubscribe });
    return wake;
  }

  #leave(open: OpenStudy, wake: () => void): void {
    const there = this.#waiting.get(open);
    if (!there?.wake.delete(wake) || there.wake.size > 0) return;
    there.unsubscribe();
    this.#waiting.delete(open);
  }
}

function handed({ number, attempt, params, seed, lease }: HandedTrial): HandedTrial {
  return { number, attempt, params, seed, lease };
}

/** What may be handed out now. Without a run: whatever is asked for. */
function gateOf({ run, header, study }: OpenStudy): Gate {
  const kept = run?.kept ?? header.run ?? null;
  if (kept === null) return {};
  if (kept.ended_at !== null) return "over";
  if (kept.state !== "running") return "closed";
  return roomIn(kept, study.state);
}

/**
 * As many trials are finished or under way as the goal has, and no more; retries count for nothing in it, and are handed out
 * all the same. At most `workers` are under way at once.
 */
function roomIn({ total_trials: goal, workers }: StudyRun, state: StudyState): Gate {
  let underWay = 0;
  const retries = { waiting: false, out: false };
  // Without a goal there is room in it.
  for (const number of goal === null ? [] : state.unfinished) {
    const trial = state.trial(number) as Trial;
    if (trial.retry_of === null) underWay += trial.state === "running" ? 1 : 0;
    else if (!isBanned(state.annotations, number)) retries[trial.state === "waiting" ? "waiting" : "out"] = true;
  }
  const met = goal !== null && state.counted >= goal;
  if (met && !retries.waiting && !retries.out) return "over";
  if (workers !== null && state.counts.running >= workers) return "closed";
  if (goal === null || state.counted + underWay < goal) return {};
  return retries.waiting ? { takes: (trial) => trial.retry_of !== null, creates: false } : "closed";
}
