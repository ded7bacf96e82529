/** A stored study as a report: its data, and the page that shows them. */
import { isAbsolute, relative } from "node:path";
import { messageOf, requireKnownKeys, UsageError } from "../core/index.js";
import type { KnownKeys } from "../core/index.js";
import { requireWritable, writeFileAtomically } from "../io/atomic-write.js";
import { describePlot, kindsFor } from "../plots/kinds.js";
import type { Plot, PlotKind } from "../plots/plot.js";
import type { PlotStudy } from "../plots/plot-study.js";
import type { LocatedStudy, StudyTarget } from "./address.js";
import { locate } from "./address.js";
import { studyForPlots } from "./plot-study.js";
import { inspectStudy, trialCheckpoints } from "./read-study.js";
import { reportOf } from "./report/build-report.js";
import type { ReportData } from "./report/report-data.js";
import { winnersOf } from "./winners.js";
import type { Winners } from "./winners.js";

/** How {@link writeReport} is asked. */
export interface WriteReportOptions {
  /** Where to: a name that ends in `.html`. */
  readonly file: string;
}

/** What {@link writeReport} has written. Key names are those of `report --format json`. */
export interface WrittenReport {
  readonly file: string;
  readonly bytes: number;
  readonly study: string;
  /** Of the study when it was read. */
  readonly revision: number;
  /** Trials in the table. */
  readonly trials: number;
  readonly plots: readonly PlotKind[];
  /** Sentences: what the report does not show, and why. */
  readonly left_out: readonly string[];
}

const keys: KnownKeys<WriteReportOptions> = { file: true };

/** Kinds that are of several studies, or say what the page says in words. */
const NOT_IN_REPORTS: ReadonlySet<PlotKind> = new Set<PlotKind>(["compare"]);

/** Kinds that want the best trial's weights. */
const PREDICTED: ReadonlySet<PlotKind> = new Set<PlotKind>(["prediction", "forecast"]);

/**
 * What a report says of a study: one plain object. Nothing is locked, so a study that is being optimized can be read.
 * @throws UsageError `unknown-study` | MlbenchError `study-damaged`.
 * @example
 * const { winners, verdict } = await readReport({ name: "tuned", storage: "studies" });
 */
export async function readReport(target: StudyTarget): Promise<ReportData> {
  const study = await locate("readReport", target);
  const inspected = await inspectStudy(study);
  const { state } = inspected;
  const winners = winnersIn(inspected.state);
  const { plots, leftOut } = await plotsOf(await studyForPlots(study, state, { kind: "prediction" }));
  return reportOf(state, winners, {
    ...{ file: inspected.file, owner: inspected.owner, findings: inspected.findings },
    words: wordsOf(study),
    hasWeights: async (number) =>
      trialCheckpoints(study, number).then(
        () => true,
        () => false,
      ),
    ...{ plots, leftOut, now: new Date() },
  });
}

/** Null before a trial is complete. */
function winnersIn(state: Parameters<typeof winnersOf>[0]): Winners | null {
  return state.counts.complete === 0 ? null : winnersOrNull(state);
}

function winnersOrNull(state: Parameters<typeof winnersOf>[0]): Winners | null {
  try {
    return winnersOf(state);
  } catch {
    // All complete trials are banned.
    return null;
  }
}

/** How commands name the study: by its file, as it is found from here. */
function wordsOf({ storage, name }: LocatedStudy): { study: string; base: string | null } | null {
  const file = storage.location(name);
  if (!file.endsWith(".json")) return null;
  const here = relative(process.cwd(), file);
  const path = here.startsWith("..") || isAbsolute(here) ? file : here;
  return { study: path.includes("/") ? path : `./${path}`, base: storage.baseDirectory(name) };
}

/** Every plot that the study can be drawn as; one that cannot be made takes no other with it. */
async function plotsOf(study: PlotStudy): Promise<{ plots: Plot[]; leftOut: string[] }> {
  const [plots, leftOut]: [Plot[], string[]] = [[], []];
  const { prediction } = study;
  const missing = prediction !== undefined && "missing" in prediction ? prediction.missing : null;
  const kinds = kindsFor(study);
  if (missing !== null && kinds.includes("prediction"))
    leftOut.push(`The best trial's prediction and forecast are left out: ${missing}.`);
  for (const kind of kinds) {
    if (NOT_IN_REPORTS.has(kind) || (missing !== null && PREDICTED.has(kind))) continue;
    try {
      plots.push(await describePlot(kind, study));
    } catch (error) {
      leftOut.push(`The plot ${kind} is left out: ${messageOf(error)}.`);
    }
  }
  return { plots, leftOut };
}

/** @throws UsageError `report-format` for a name that promises something else than a page. */
function requirePageName(file: string): void {
  if (/\.html?$/i.test(file)) return;
  throw new UsageError(
    "report-format",
    `--output ${file}: a report is a page, as in ${file.replace(/\.\w{1,4}$/, "")}.html`,
  );
}

/**
 * Writes a report as one HTML file that loads nothing, whole or not at all; folders on the way are made. Nothing is locked.
 * @throws UsageError `report-format`, `cannot-write`, `unknown-study`, `unknown-option` | MlbenchError `study-damaged`.
 * @example
 * await writeReport({ name: "tuned", storage: "studies" }, { file: "report.html" });
 */
export async function writeReport(target: StudyTarget, options: WriteReportOptions): Promise<WrittenReport> {
  requireKnownKeys("writeReport", options, keys);
  const { file } = options;
  if (typeof file !== "string" || file === "")
    throw new UsageError(
      "invalid-option",
      "writeReport: file: expected where the page is written, such as report.html",
    );
  requirePageName(file);
  await requireWritable(file);
  const data = await readReport(target);
  const { reportPage } = await import("./report/page.js");
  const bytes = new TextEncoder().encode(reportPage(data));
  await writeFileAtomically(file, bytes);
  return {
    ...{ file, bytes: bytes.length, study: data.study.name, revision: data.revision, trials: data.trials.rows.length },
    ...{ plots: data.plots.map(({ kind }) => kind), left_out: data.left_out },
  };
}
