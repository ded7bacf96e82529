/** What runs in the analysis thread: plots, importances, comparisons, predictions of stored studies, as texts. */
import { isMainThread, parentPort } from "node:worker_threads";
import { MlbenchError, messageOf, stringifyJson } from "../core/index.js";
import type { CompareOptions } from "../app/compare-studies.js";
import type { RenderOptions, StudyPlotOptions } from "../app/plot-study.js";
import type { studyImportances } from "../app/study-importances.js";
import type { TrialQuery } from "../app/views/trial-query.js";
import type { AnalysedStudy } from "./followed-states.js";
import { FollowedStates } from "./followed-states.js";

/** What can be asked for, by the name of the task. */
export interface AnalysisTasks {
  plot: {
    readonly study: AnalysedStudy;
    readonly kind: string;
    readonly options: StudyPlotOptions;
    readonly format: "json" | "svg";
    readonly theme?: RenderOptions["theme"];
  };
  /** The kinds of plots that the study can be drawn as. */
  plots: { readonly study: AnalysedStudy };
  importances: { readonly study: AnalysedStudy; readonly options: Parameters<typeof studyImportances>[1] };
  compare: { readonly studies: readonly AnalysedStudy[]; readonly options: CompareOptions };
  prediction: { readonly study: AnalysedStudy };
  /** Where the best value so far changed. */
  course: { readonly study: AnalysedStudy };
  /** The quartiles of what complete trials reported, by step. */
  band: { readonly study: AnalysedStudy };
  /** How far running trials are from being pruned. */
  margins: { readonly study: AnalysedStudy };
  /** The numbers of trials that a query picks, in its order. */
  query: { readonly study: AnalysedStudy; readonly query: TrialQuery };
}

/** What is posted to the thread. */
export interface AnalysisRequest<T extends keyof AnalysisTasks = keyof AnalysisTasks> {
  readonly id: number;
  /** The folder of the studies. */
  readonly storage: string;
  readonly task: T;
  readonly input: AnalysisTasks[T];
}

/** What it answers. */
export type AnalysisAnswer =
  | { readonly id: number; readonly text: string }
  | {
      readonly id: number;
      readonly error: { readonly code: string | null; readonly message: string; readonly exitCode: number };
    };

type Run<T extends keyof AnalysisTasks> = (states: FollowedStates, input: AnalysisTasks[T]) => Promise<string>;

const tasks: { readonly [T in keyof AnalysisTasks]: Run<T> } = {
  plot: async (states, { study, kind, options, format, theme }) => {
    const { plotStudy, renderPlot } = await import("../app/plot-study.js");
    const plot = await plotStudy({ name: study.name, storage: await states.storageFor([study]) }, kind, options);
    return format === "json" ? stringifyJson(plot) : await renderPlot(plot, { format, ...(theme ? { theme } : {}) });
  },
  plots: async (states, { study }) => {
    const { studyPlots } = await import("../app/plot-study.js");
    const plots = await studyPlots({ name: study.name, storage: await states.storageFor([study]) });
    return stringifyJson({ plots });
  },
  importances: async (states, { study, options }) => {
    const { studyImportances } = await import("../app/study-importances.js");
    return stringifyJson(
      await studyImportances({ name: study.name, storage: await states.storageFor([study]) }, options),
    );
  },
  compare: async (states, { studies, options }) => {
    const { compareStudies } = await import("../app/compare-studies.js");
    const storage = await states.storageFor(studies);
    return stringifyJson(
      await compareStudies(
        studies.map(({ name }) => ({ name, storage })),
        options,
      ),
    );
  },
  prediction: async (states, { study }) => {
    const { plottedPrediction } = await import("../app/plotted-prediction.js");
    const storage = await states.storageFor([study]);
    return stringifyJson(await plottedPrediction({ name: study.name, storage }, await storage.read(study.name)));
  },
  course: async (states, { study }) => {
    const { bestSoFar, comparableTrials, directionsOf } = await import("../core/index.js");
    const state = await states.at(study);
    const [direction, ...others] = directionsOf(state.header);
    const points = others.length > 0 || !direction ? [] : bestSoFar(comparableTrials(state), direction);
    const steps = points.filter(([, value], i) => i === 0 || !Object.is(value, points[i - 1]?.[1]));
    return stringifyJson({ finished: state.finished, steps });
  },
  band: async (states, { study }) => {
    const { reportBand } = await import("../app/views/report-curves.js");
    return stringifyJson(reportBand(await states.at(study)));
  },
  margins: async (states, { study }) => {
    const { marginsOf } = await import("../app/views/margins.js");
    return stringifyJson(await marginsOf(await states.at(study)));
  },
  query: async (states, { study, query }) => {
    const { queryTrials } = await import("../app/views/trial-query.js");
    const { trials, header } = await states.at(study);
    return JSON.stringify(queryTrials(trials, query, header.objectives).map(({ number }) => number));
  },
};

/** Carries out one request. */
export async function analysed(states: FollowedStates, { id, task, input }: AnalysisRequest): Promise<AnalysisAnswer> {
  try {
    const run = tasks[task] as Run<typeof task>;
    return { id, text: await run(states, input) };
  } catch (error) {
    const [code, exitCode] = error instanceof MlbenchError ? [error.code, error.exitCode] : [null, 1];
    return { id, error: { code, message: messageOf(error), exitCode } };
  }
}

if (!isMainThread && parentPort) {
  const port = parentPort;
  const stores = new Map<string, FollowedStates>();
  let before: Promise<unknown> = Promise.resolve();
  port.on("message", (request: AnalysisRequest) => {
    // One after another: they share the states that they are made of.
    before = before.then(async () => {
      let states = stores.get(request.storage);
      if (!states) stores.set(request.storage, (states = await FollowedStates.inFolder(request.storage)));
      port.postMessage(await analysed(states, request));
    });
  });
}
