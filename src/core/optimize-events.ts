/** What is told about a call of `optimize`, as it happens and at its end. */
import type { Params } from "./distribution.js";
import type { StoppedBy } from "./study-run.js";
import type { Metrics, Trial } from "./trial.js";

/** What subscribers of an `optimize` call hear, in order. */
export type OptimizeEvent =
  /** Before the first trial: `40 of 140 trials done`; `more` is Infinity without a goal. */
  | {
      readonly event: "start";
      readonly study: string;
      readonly finished: number;
      readonly more: number;
      readonly slots: number;
      /** Trials that were running when their process died: back to waiting, or failed. */
      readonly recovered: readonly number[];
    }
  /** A trial's start is durable and it goes to its slot. */
  | {
      readonly event: "trial-start";
      readonly number: number;
      readonly slot: number;
      readonly attempt: number;
      readonly params: Params;
    }
  | {
      readonly event: "report";
      readonly number: number;
      readonly step: number;
      readonly value: number;
      /** Every number of that step under its name: for a model the whole epoch, its own metrics included. */
      readonly metrics: Metrics;
      /** The reported metric of each part of a cross-validated trial. */
      readonly parts?: readonly number[];
      /** What the pruner said: its reason, and whether it would end the trial. */
      readonly prune: boolean;
      readonly reason: string;
    }
  /** A finished trial, once it is durable. */
  | { readonly event: "trial"; readonly trial: Trial }
  /** A trial that was stopped before its end and waits again; durable. */
  | { readonly event: "requeued"; readonly number: number }
  /** Under `deterministic`: this trial is done, but the result of an earlier one comes first. */
  | { readonly event: "held"; readonly number: number; readonly waitsFor: number }
  /** A subscriber threw, for the first time in this call; it goes on being called. */
  | { readonly event: "subscriber-failed"; readonly subscriber: string; readonly message: string }
  /** No further trial is started until the call is resumed or stopped; running trials go on. */
  | { readonly event: "paused" }
  | { readonly event: "resumed" }
  /** No further trial is started. `graceMs`: how long `running` may take to end; 0: not at all, null: as long as they do. */
  | {
      readonly event: "draining";
      readonly by: StoppedBy;
      readonly running: readonly number[];
      readonly graceMs: number | null;
    }
  | { readonly event: "finish"; readonly result: OptimizeResult };

/** How often a subscriber threw during a call, and what first. */
export interface SubscriberFailures {
  readonly subscriber: string;
  readonly count: number;
  readonly message: string;
}

/** What a call of `optimize` came to. */
export interface OptimizeResult {
  readonly study: string;
  readonly stoppedBy: StoppedBy;
  /** Why the study's terminator ended the call (`stoppedBy` is "stop"); null where it did not. */
  readonly stopReason: string | null;
  /** Finished trials of the study that repeat no other. */
  readonly finished: number;
  /** How many of them this call added. */
  readonly added: number;
  /** The best feasible trial; null where there is none, and in studies with several objectives. */
  readonly best: Trial | null;
  /** The numbers of the Pareto front, ascending; in a study with one objective the best trial's alone. */
  readonly front: readonly number[];
  /** What subscribers threw; empty where none did. */
  readonly subscriberFailures: readonly SubscriberFailures[];
  /** What a command line ends with: 0, 1 (nothing but failures) or 130 (interrupted). */
  readonly exitCode: 0 | 1 | 130;
}
