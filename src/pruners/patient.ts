/** The pruner `patient`. */
import { requireKnownKeys } from "../core/index.js";
import type { History, KnownKeys, Trial } from "../core/index.js";
import { requireNumber, requireWhole } from "./options.js";
import type { PruneBar, PruneDecision, Pruner } from "./pruner.js";
import { digestOf } from "./report-digest.js";
import { shownApart } from "./shown-apart.js";

/** The options of {@link PatientPruner}. */
export interface PatientPrunerOptions {
  /** Asked once patience has run out; null: the trial is then pruned. @default null */
  readonly pruner?: Pruner | null;
  /** Reports without an improvement that a trial is granted. */
  readonly patience: number;
  /** An improvement counts when it is at least this large, in units of the reported value. @default 0 */
  readonly minDelta?: number;
}

const optionKeys: KnownKeys<PatientPrunerOptions> = { pruner: true, patience: true, minDelta: true };

/**
 * Lets another pruner judge only a trial that has stopped improving: the best of its last `patience` + 1 reports is
 * worse, by more than `minDelta`, than the best before them. Optuna 5.0.0's `PatientPruner`: NaN reports are left out,
 * and a trial is kept where all of either part are NaN.
 * @throws UsageError `invalid-pruner-option`, `unknown-option`
 * @example
 * const pruner = new PatientPruner({ pruner: new MedianPruner(), patience: 5, minDelta: 1e-4 });
 */
export class PatientPruner implements Pruner {
  readonly name = "patient";
  readonly pruner: Pruner | null;
  readonly patience: number;
  readonly minDelta: number;

  constructor(options: PatientPrunerOptions) {
    requireKnownKeys("PatientPruner", options, optionKeys);
    const { pruner = null, patience, minDelta = 0 } = options;
    requireWhole("patient", "patience", patience, 0);
    requireNumber("patient", "minDelta", minDelta, 0);
    this.pruner = pruner;
    this.patience = patience;
    this.minDelta = minDelta;
  }

  /** As a study stores them: the wrapped pruner by its name, with its own options. */
  get options(): Readonly<Record<string, unknown>> {
    return { ...this.pruner, pruner: this.pruner?.name ?? "none" };
  }

  /** As the wrapped pruner. */
  get running(): boolean {
    return this.pruner?.running ?? false;
  }

  decide(trial: Trial, history: History): PruneDecision {
    const reports = digestOf(trial);
    const step = reports.last;
    if (step === undefined) return { prune: false, reason: "no report yet" };
    const recent = this.patience + 1;
    if (reports.count <= recent)
      return { prune: false, reason: `step ${step}: ${reports.count} of ${recent + 1} reports that patience needs` };
    const before = reports.best(history.direction, reports.count - recent);
    const after = reports.bestOfLast(recent, history.direction);
    const minimize = history.direction === "minimize";
    const stalled = minimize ? before + this.minDelta < after : before - this.minDelta > after;
    const shown = this.#comparison(before, after, stalled, minimize);
    if (!stalled) return { prune: false, reason: `step ${step}: ${shown}` };
    if (!this.pruner) return { prune: true, reason: `step ${step}: ${shown}` };
    const decision = this.pruner.decide(trial, history);
    return { prune: decision.prune, reason: `${decision.reason}; ${shown}` };
  }

  /** What the last reports are held against; once they gain nothing, what the wrapped pruner holds the trial against. */
  bar(trial: Trial, history: History): PruneBar | null {
    const { reason } = this.decide(trial, history);
    const reports = digestOf(trial);
    const recent = this.patience + 1;
    const value = reports.last === undefined ? NaN : reports.bestOfLast(recent, history.direction);
    if (reports.last === undefined || reports.count <= recent) return { value, threshold: null, voters: null, reason };
    const before = reports.best(history.direction, reports.count - recent);
    const delta = history.direction === "minimize" ? this.minDelta : -this.minDelta;
    const threshold = before + delta;
    const stalled = history.direction === "minimize" ? threshold < value : threshold > value;
    if (!this.pruner) return { value, threshold: Number.isNaN(threshold) ? null : threshold, voters: null, reason };
    const inner = stalled ? (this.pruner.bar?.(trial, history) ?? null) : null;
    return inner && { ...inner, reason };
  }

  /** `best of the last 3 reports 0.0310 > 0.0290 before` */
  #comparison(before: number, after: number, stalled: boolean, minimize: boolean): string {
    const last = `best of the last ${this.patience + 1} reports`;
    if (Number.isNaN(before) || Number.isNaN(after)) return `${last} or before is NaN`;
    const [shownAfter, shownBefore] = shownApart(after, before);
    const sign = stalled ? (minimize ? ">" : "<") : minimize ? "<=" : ">=";
    const delta = this.minDelta > 0 ? ` (min delta ${this.minDelta})` : "";
    return `${last} ${shownAfter} ${sign} ${shownBefore} before${delta}`;
  }
}
