/** What of a request's reports is new to its trial, and what it says again. */
import type { Trial } from "../core/index.js";
import { lastReport, reportOf, requireNumbers, UsageError } from "../core/index.js";
import { requireKnownKeys } from "../core/known-keys.js";
import { batchKeys, pointKeys, reportKeys } from "./commands.js";
import type { ReportBatch, ReportPoint, ReportRequest } from "./commands.js";

/** @throws UsageError `unknown-option`, `invalid-option`, `invalid-report`, `invalid-value`. */
export function checkReport(given: ReportRequest | ReportBatch): void {
  const isBatch = typeof given === "object" && "reports" in given;
  requireKnownKeys("study.report", given, isBatch ? batchKeys : reportKeys);
  if (isBatch && !(Array.isArray(given.reports) && given.reports.length > 0))
    throw new UsageError("invalid-report", "study.report: reports must be a list of at least one");
  for (const point of pointsOf(given)) {
    if (isBatch) requireKnownKeys("study.report", point, pointKeys);
    if (point.metrics !== undefined) requireNumbers("study.report", "metric", point.metrics);
  }
}

/** The reports of a request, in their order. */
export function pointsOf(given: ReportRequest | ReportBatch): readonly ReportPoint[] {
  if ("reports" in given) return given.reports;
  const { step, value, metrics } = given;
  return [{ step, value, metrics }];
}

/** Reports that a trial made before, by how many it had made then, and those that it did not. */
export interface SortedReports {
  readonly again: readonly number[];
  readonly fresh: readonly ReportPoint[];
}

function invalid(number: number, what: string): UsageError {
  return new UsageError("invalid-report", `report of trial ${number}: ${what}`);
}

/**
 * Tells new reports from those that were made already, for a request that was sent again.
 * @throws UsageError `invalid-report` where any of them cannot be taken: then none is.
 */
export function sortReports(trial: Trial, points: readonly ReportPoint[]): SortedReports {
  const { number } = trial;
  const last = lastReport(trial);
  const again: number[] = [];
  const fresh: ReportPoint[] = [];
  let before = -1;
  for (const point of points) {
    const { step, value } = point;
    if (typeof value !== "number" || !Number.isInteger(step) || step < 0)
      throw invalid(number, "give a value and a step (an integer from 0)");
    if (step <= before) throw invalid(number, `steps must rise; ${step} comes after ${before}`);
    before = step;
    if (!last || step > last.step) {
      fresh.push(point);
      continue;
    }
    const made = reportOf(trial, step);
    if (!made) throw invalid(number, `steps must rise; ${last.step} was reported`);
    if (!Object.is(made.value, value + 0)) throw invalid(number, `step ${step} was reported as ${made.value}`);
    again.push(made.count);
  }
  return { again, fresh };
}
