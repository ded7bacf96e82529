import type {
  Direction,
  Distribution,
  History,
  Params,
  ParamValue,
  SearchSpace,
  StudyEvent,
  StudyHeader,
  Trial,
} from "../core/index.js";
import { comparableTrials, createRng, directionsOf, isActive, MlbenchError } from "../core/index.js";
import type { PruneDecision } from "../pruners/pruner.js";
import { drawUniform } from "../search-space/draw-uniform.js";
import { propose } from "../search-space/duplicates.js";
import type { StudyComponents } from "./components.js";
import type { StudyLog } from "./study-log.js";
import { now } from "./clock.js";
import { newTrial, withDistributions } from "./new-trial.js";
import { ParameterGroups } from "../search-space/parameter-groups.js";
import { UndeclaredDraws } from "./undeclared-draws.js";

/** Who gets a trial. */
export interface TrialOwner {
  readonly owner: string;
  readonly slot: number | null;
}

/** A trial to run, or one whose value was taken over from an equal one, or none: every point was tried. */
export type NextTrial =
  | { readonly kind: "run"; readonly number: number; readonly durable: Promise<void> }
  | { readonly kind: "reused"; readonly number: number; readonly durable: Promise<void> }
  | { readonly kind: "exhausted" };

/**
 * Where trials are handed out and their reports judged, by the optimize loop and by `ask` alike. Every change shows in
 * the ledger's state when a call returns.
 */
export class TrialDispatcher {
  readonly #log: StudyLog;
  readonly #components: StudyComponents;
  readonly #groups = new ParameterGroups();
  readonly #draws = new Map<number, UndeclaredDraws>();

  constructor(log: StudyLog, components: StudyComponents) {
    this.#log = log;
    this.#components = components;
  }

  get #header(): StudyHeader {
    return this.#log.header;
  }

  /** The lowest-numbered waiting trial that `wanted` takes. */
  waiting(wanted: (trial: Trial) => boolean = () => true): Trial | undefined {
    const { state } = this.#log;
    for (const number of state.unfinished) {
      const trial = state.trial(number);
      if (trial?.state === "waiting" && wanted(trial)) return trial;
    }
    return undefined;
  }

  /** Starts a waiting trial; what its parameters leave open is drawn now. */
  start(trial: Trial, owner: TrialOwner, space: SearchSpace = this.#header.space): NextTrial {
    const { number } = trial;
    const started_at = now();
    const events: StudyEvent[] = [{ type: "trial-started", number, started_at, ...owner, backend: null }];
    for (const [name, value] of Object.entries(this.#completed(trial, space)))
      if (!Object.hasOwn(trial.params, name))
        events.push({ type: "trial-param", number, name, value, distribution: space[name] as Distribution });
    return { kind: "run", number, durable: this.#log.append(...events) };
  }

  #completed(trial: Trial, space: SearchSpace): Params {
    const open = Object.keys(space).some((name) => !Object.hasOwn(trial.params, name));
    if (!open) return trial.params;
    const rng = this.#rng(trial.number);
    const suggested = this.#components.sampler.suggest(space, this.#history(), rng) ?? {};
    const params: Record<string, ParamValue> = { ...trial.params };
    // Parents stand before what depends on them, or their condition is looked at once more in the next round.
    for (let added = true; added;) {
      added = false;
      for (const [name, distribution] of Object.entries(space)) {
        if (Object.hasOwn(params, name) || !isActive(distribution, params)) continue;
        params[name] = suggested[name] ?? drawUniform(distribution, rng);
        added = true;
      }
    }
    return params;
  }

  /** A new trial of the declared space, or of `given`. */
  create(owner: TrialOwner, given?: SearchSpace): NextTrial {
    const space = given ?? this.#header.space;
    const { state } = this.#log;
    const number = state.size;
    const { sampler } = this.#components;
    const proposal =
      Object.keys(space).length === 0
        ? ({ kind: "run", params: {} } as const)
        : propose(sampler, space, this.#history(), this.#rng(number), this.#header.settings.on_duplicate);
    if (proposal.kind === "exhausted") return proposal;
    const started_at = now();
    const distributions = withDistributions(given ?? {});
    if (proposal.kind === "run") {
      const trial = newTrial(this.#header, number, proposal.params, {
        ...{ state: "running", started_at, ...owner },
        ...distributions,
      });
      return { kind: "run", number, durable: this.#log.append({ type: "trial-created", trial }) };
    }
    const { values, constraints, parts, spread, intermediate, seen, metrics } = proposal.of;
    const trial = newTrial(this.#header, number, proposal.params, {
      ...{ state: "complete", values, constraints, parts, spread, intermediate, seen, metrics },
      ...{ started_at, finished_at: started_at, seconds: 0 },
      ...{ user_attrs: { reused_from: proposal.of.number }, ...distributions },
    });
    return { kind: "reused", number, durable: this.#log.append({ type: "trial-created", trial }) };
  }

  /** Repeats a failed trial's parameters under a new number. */
  retry(failed: Trial): { number: number; durable: Promise<void> } {
    const number = this.#log.state.size;
    const trial = newTrial(this.#header, number, failed.params, {
      retry_of: failed.number,
      user_attrs: failed.user_attrs,
      ...withDistributions(failed.distributions ?? {}),
    });
    return { number, durable: this.#log.append({ type: "trial-created", trial }) };
  }

  /** A parameter that the study's space does not declare; drawn once a trial. */
  suggest(number: number, name: string, distribution: Distribution): ParamValue {
    const trial = this.#running(number);
    if (Object.hasOwn(trial.params, name)) return trial.params[name] as ParamValue;
    let draws = this.#draws.get(number);
    if (!draws) this.#draws.set(number, (draws = new UndeclaredDraws(this.#header, this.#components, number)));
    this.#groups.update(this.#log.finishedHistory.trials);
    const value = draws.draw(name, distribution, this.#groups, this.#history());
    this.#log.post({ type: "trial-param", number, name, value, distribution });
    return value;
  }

  /**
   * Records an intermediate value and asks the pruner. `seen` is how many finished trials are looked at: all that there
   * are, unless the caller fixes it.
   */
  report(number: number, step: number, value: number, seen: number = this.#log.state.finished): PruneDecision {
    this.#running(number);
    this.#log.post({ type: "trial-report", number, step, value, seen });
    const history = this.#log.historyWhen(seen);
    return this.#components.pruner.decide(this.#log.state.trial(number) as Trial, history);
  }

  setUserAttr(number: number, key: string, value: unknown): void {
    this.#running(number);
    this.#log.post({ type: "trial-attr", number, key, value });
  }

  setConstraint(number: number, name: string, value: number): void {
    this.#running(number);
    this.#log.post({ type: "trial-constraint", number, name, value });
  }

  /** Forgets what was only needed while the trial ran. */
  release(number: number): void {
    this.#draws.delete(number);
  }

  #running(number: number): Trial {
    const trial = this.#log.state.trial(number);
    if (trial?.state === "running") return trial;
    throw new MlbenchError("trial-not-running", `trial ${number} is ${trial?.state ?? "unknown"}: it no longer runs`);
  }

  #history(): History {
    const { state } = this.#log;
    const directions = directionsOf(this.#header);
    return {
      direction: directions[0] as Direction,
      directions,
      trials: comparableTrials(state),
      running: this.#log.running,
    };
  }

  #rng(number: number): () => number {
    return createRng(this.#components.sampler.seed ?? this.#header.seed, number, "sampler");
  }
}
