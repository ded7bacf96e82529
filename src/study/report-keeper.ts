/** The contract of what keeps the metrics that trials report: the records hold the reported values alone. */
import type { Metrics } from "../core/index.js";

/** One report with all of its numbers. */
export interface KeptReport {
  /** From 1: which attempt at the trial reported it. */
  readonly attempt: number;
  readonly step: number;
  readonly value: number;
  readonly metrics: Metrics;
}

/** Never throws and never rejects: metrics that cannot be kept harm no trial. */
export interface ReportKeeper {
  /** Takes in a report of a trial. */
  record(number: number, report: KeptReport): void;
  /** Resolves when everything that a trial has reported is kept. */
  end(number: number): Promise<void>;
  /** Resolves when everything that was taken in is kept. More may come later. */
  close(): Promise<void>;
}
