/** Plots of the trials that pass a filter: the plots' own kinds over records made of the columns, and what only pages draw. */
import type { StudyHeader, StudyObjective, Trial } from "../../../src/core/index.js";
import { contour } from "../../../src/plots/kinds/contour.js";
import { edf } from "../../../src/plots/kinds/edf.js";
import { history } from "../../../src/plots/kinds/history.js";
import { hypervolume } from "../../../src/plots/kinds/hypervolume.js";
import { importances } from "../../../src/plots/kinds/importances.js";
import { pareto } from "../../../src/plots/kinds/pareto.js";
import { rank } from "../../../src/plots/kinds/rank.js";
import { slice } from "../../../src/plots/kinds/slice.js";
import type { PlotDrawer } from "../../../src/plots/kinds.js";
import type { PlotStudy } from "../../../src/plots/plot-study.js";
import { fieldsOf, findField } from "../filter/fields.js";
import { isUnfiltered } from "../filter/filter.js";
import type { TrialFilter } from "../filter/filter.js";
import { numbersIn, select } from "../filter/select.js";
import { stateCodes } from "./state-names.js";
import type { ColumnStore } from "./column-store.js";
import { correlations } from "./correlations.js";
import { recordWith } from "./trial-records.js";
import type { TrialRecords } from "./trial-records.js";
import type { WebPlot } from "./web-plot.js";

const drawers = { history, slice, contour, rank, edf, pareto, hypervolume, importances } as const;
/** Kinds that are drawn here. */
export type LocalPlotKind = keyof typeof drawers | "correlations" | "tradeoff";

/** What is asked for. */
export interface PlotRequest {
  readonly kind: LocalPlotKind;
  readonly filter: TrialFilter;
  /** Pixels. */
  readonly width: number;
  readonly height?: number | undefined;
  readonly metric?: string | undefined;
  readonly params?: readonly string[] | undefined;
  /** Of `tradeoff`: what the first objective is drawn against. @default "seconds" */
  readonly against?: string | undefined;
}

/** What plots are made from. */
export interface PlotSource {
  readonly name: string;
  readonly store: ColumnStore;
  readonly records: TrialRecords;
}

/** Those that pass, without the banned ones, and how many of those there are. */
function comparable(store: ColumnStore, filter: TrialFilter): { rows: Uint32Array<ArrayBuffer>; banned: number } {
  const { mask } = select(store, filter);
  let [count, banned] = [0, 0];
  for (let row = 0; row < mask.length; row++) {
    if (mask[row] === 1 && store.own.banned.data[row] === 1) {
      mask[row] = 0;
      banned++;
    }
    count += mask[row] as number;
  }
  return { rows: numbersIn({ mask, count }), banned };
}

function plotStudy({ name, store, records }: PlotSource, rows: Uint32Array, banned: number): PlotStudy {
  const { objectives, space } = store;
  const settings = {} as StudyHeader["settings"];
  // What plots of these kinds look at; the rest of a header never came here.
  const header = { name, objectives, space, settings, task: {} } as unknown as StudyHeader;
  const reported = objectives[0] ?? { metric: "value", direction: "minimize" };
  return { name, objectives, reported, space, trials: records.of(rows), banned, settings, header };
}

/** The study as if the first objective stood against something that trials cost. */
function againstCost(study: PlotStudy, store: ColumnStore, cost: string): PlotStudy {
  const found = findField(store, cost);
  if ("problem" in found) throw new Error(found.problem);
  const { field } = found;
  const first = study.objectives[0] as StudyObjective;
  const objectives: StudyObjective[] = [first, { metric: field.name, direction: "minimize" }];
  const trials = study.trials.map((trial): Trial => {
    const value = field.at(trial.number);
    const { number, state, finish_index, constraints, values } = trial;
    return recordWith({
      ...{ number, state, finish_index, constraints },
      values: values === null ? null : [values[0] as number, typeof value === "number" ? value : NaN],
    });
  });
  return { ...study, objectives, trials, header: { ...study.header, objectives } };
}

/**
 * Draws.
 * @throws Error for names that the study does not have
 */
export function drawStudy(source: PlotSource, { kind, filter, against = "seconds", ...options }: PlotRequest): WebPlot {
  const { name, store } = source;
  const { rows, banned } = comparable(store, filter);
  const filtered = isUnfiltered(filter) ? [] : [`The filter lets ${rows.length} of ${store.size} trials through.`];
  if (kind === "correlations") {
    const complete = rows.filter((row) => store.state[row] === stateCodes.complete);
    const wanted = ["objective", "parameter", "metric"];
    const fields = fieldsOf(store).filter(
      (field) => wanted.includes(field.group) || field.name === "seconds" || field.name === "steps",
    );
    return correlations(name, fields, complete, filtered, options.width);
  }
  const study = plotStudy(source, rows, banned);
  const { width, height, metric, params } = options;
  const given = Object.fromEntries(
    Object.entries({ width, height, metric, params }).filter(([, value]) => value !== undefined),
  );
  if (kind === "tradeoff") {
    const drawn = pareto(againstCost(study, store, against), given);
    return {
      ...drawn,
      kind,
      title: `${name}: ${study.objectives[0]?.metric ?? "value"} against ${against}`,
      notes: [...filtered, ...drawn.notes],
    };
  }
  const draw: PlotDrawer = drawers[kind];
  const drawn = draw(study, given);
  return { ...drawn, notes: [...filtered, ...drawn.notes] };
}
