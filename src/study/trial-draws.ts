/** What the next trial is: the lowest waiting one with what it leaves open, or a sampler's proposal. */
import type { Params, ParamValue, SearchSpace, StudyHeader, Trial } from "../core/index.js";
import { createRng, isActive, isBanned, whenReady } from "../core/index.js";
import { drawUniform } from "../search-space/draw-uniform.js";
import type { Proposal } from "../search-space/duplicates.js";
import { propose } from "../search-space/duplicates.js";
import type { StudyComponents } from "./components.js";
import { withDistributions } from "./new-trial.js";
import { samplerHistory } from "./sampler-history.js";
import type { StudyLog } from "./study-log.js";

/** Which trials may be handed out. */
export interface DrawOptions {
  /** Drawn from instead of the study's. */
  readonly space?: SearchSpace | undefined;
  /** Which waiting trials may be taken. @default any */
  readonly takes?: (trial: Trial) => boolean;
  /** Whether a new trial may be made where none waits. @default true */
  readonly creates?: boolean;
}

/** What was drawn: a waiting trial with its open parameters, or a proposal for a new one. */
export type Draft =
  | { readonly kind: "waiting"; readonly trial: Trial; readonly params: Params; readonly space: SearchSpace }
  | { readonly kind: "proposal"; readonly proposal: Proposal; readonly distributions: Partial<Trial> };

/** What was drawn for a new trial. */
export type ProposalDraft = Extract<Draft, { kind: "proposal" }>;

/** A waiting trial that was drawn. */
export type WaitingDraft = Extract<Draft, { kind: "waiting" }>;

/** Draws trials; records nothing. */
export class TrialDraws {
  readonly #log: StudyLog;
  readonly #components: StudyComponents;

  constructor(log: StudyLog, components: StudyComponents) {
    this.#log = log;
    this.#components = components;
  }

  get #header(): StudyHeader {
    return this.#log.header;
  }

  /** What comes next; null where no trial may be handed out. */
  draw(options: DrawOptions): Draft | null | Promise<Draft | null> {
    const { space, takes = () => true, creates = true } = options;
    const drawn = space ?? this.#header.space;
    const trial = this.waiting(takes);
    if (trial)
      return whenReady(this.#completed(trial, drawn), (params) =>
        // Somebody may have ended it while the sampler thought.
        this.mayStart(trial.number) ? { kind: "waiting", trial, params, space: drawn } : this.draw(options),
      );
    if (!creates) return null;
    const distributions = withDistributions(space ?? {});
    return whenReady(this.#propose(drawn), (proposal) => ({ kind: "proposal", proposal, distributions }));
  }

  /** The lowest-numbered waiting trial that may be taken. */
  waiting(takes: (trial: Trial) => boolean): Trial | undefined {
    const { state } = this.#log;
    for (const number of state.unfinished) {
      const trial = state.trial(number) as Trial;
      if (this.mayStart(number) && takes(trial)) return trial;
    }
    return undefined;
  }

  /** Whether a trial waits, and is not banned. */
  mayStart(number: number): boolean {
    const { state } = this.#log;
    return state.trial(number)?.state === "waiting" && !isBanned(state.annotations, number);
  }

  #propose(space: SearchSpace): Proposal | Promise<Proposal> {
    if (Object.keys(space).length === 0) return { kind: "run", params: {} };
    const { state } = this.#log;
    const history = samplerHistory(this.#log);
    return propose(this.#components.sampler, space, history, this.#rng(state.size), {
      onDuplicate: this.#header.settings.on_duplicate,
      banned: history.banned,
    });
  }

  /** What a waiting trial leaves open is drawn when it is handed out. */
  #completed(trial: Trial, space: SearchSpace): Params | Promise<Params> {
    const open = Object.keys(space).some((name) => !Object.hasOwn(trial.params, name));
    if (!open) return trial.params;
    const rng = this.#rng(trial.number);
    return whenReady(
      this.#components.sampler.suggest(space, samplerHistory(this.#log, trial.number), rng),
      (suggested) => {
        const params: Record<string, ParamValue> = { ...trial.params };
        // Parents stand before what depends on them, or their condition is looked at once more in the next round.
        for (let added = true; added;) {
          added = false;
          for (const [name, distribution] of Object.entries(space)) {
            if (Object.hasOwn(params, name) || !isActive(distribution, params)) continue;
            // A suggested null is a choice like any other.
            const known = suggested !== null && Object.hasOwn(suggested, name);
            params[name] = known ? (suggested[name] as ParamValue) : drawUniform(distribution, rng);
            added = true;
          }
        }
        return params;
      },
    );
  }

  #rng(number: number): () => number {
    return createRng(this.#components.sampler.seed ?? this.#header.seed, number, "sampler");
  }
}
