/** The columns' thread: fetches studies' trials, keeps them up to date, and answers what pages ask of them. */
import { api, ApiProblem, messageOf } from "../api/client.js";
import type { Columns, Plot } from "../api/types.js";
import { pathOf } from "../paths.js";
import type { ColumnAnswers, ColumnQuestion, ColumnRequests, FromColumns, Standing, ToColumns } from "./protocol.js";
import { SentPlots } from "./sent-plots.js";
import type { WebPlot } from "./web-plot.js";
import { drawCourses, drawDistributions } from "./study-courses.js";
import { csvLine, StudyQueries } from "./study-queries.js";

const studies = new Map<string, StudyQueries>();
/** Requests for columns under way, by study. */
const fetching = new Map<string, Promise<void>>();
const plots = new SentPlots();

function studyOf(name: string): StudyQueries {
  const known = studies.get(name) ?? new StudyQueries(name);
  studies.set(name, known);
  return known;
}

async function fetchMissing(name: string): Promise<void> {
  const { store } = studyOf(name);
  const since = store.size > 0 || store.revision > 0 ? store.revision : null;
  const columns = await api.get<Columns>(`${pathOf("studies", name)}/columns`, { query: { since } });
  // Closed in the meantime.
  if (!studies.has(name)) return;
  studyOf(name).load(since === null ? { ...columns, reset: true } : columns);
}

/** Fetches what is lacking: a request that comes meanwhile waits for the one under way, and then asks anew. */
async function refresh(name: string): Promise<Standing> {
  await fetching.get(name)?.catch(() => {});
  let underWay = fetching.get(name);
  if (!underWay) {
    underWay = fetchMissing(name).finally(() => fetching.delete(name));
    fetching.set(name, underWay);
  }
  await underWay;
  return standing(name);
}

const standing = (name: string): Standing => {
  const { revision, size } = studyOf(name).store;
  return { revision, size };
};

/** When studies that are compared were last asked for. */
const asked = new Map<string, number>();
const COMPARED_MS = 900;

/** A study that is compared, as it is now. */
async function compared(name: string) {
  const now = performance.now();
  const underWay = fetching.get(name);
  if (underWay) await underWay;
  else if (!studies.has(name) || now - (asked.get(name) ?? -Infinity) > COMPARED_MS) {
    asked.set(name, now);
    await refresh(name);
  }
  return { name, store: studyOf(name).store };
}

const csvFile = (pieces: string[]): Blob => new Blob(pieces, { type: "text/csv;charset=utf-8" });

type Handlers = { [K in ColumnQuestion]: (request: ColumnRequests[K]) => ColumnAnswers[K] | Promise<ColumnAnswers[K]> };

const handlers: Handlers = {
  refresh: ({ study }) => refresh(study),
  apply: ({ study, changes }) => {
    studyOf(study).apply(changes);
    return standing(study);
  },
  close: ({ study }) => {
    studies.delete(study);
    return null;
  },
  fields: ({ study }) => studyOf(study).fields(),
  select: ({ study, filter, order }) => studyOf(study).select(filter, order),
  cells: ({ study, numbers, fields }) => studyOf(study).cells(numbers, fields),
  csv: ({ study, filter, order, fields }) => csvFile(studyOf(study).csv(filter, order, fields)),
  parallel: ({ study, ...request }) => studyOf(study).parallel(request),
  plot: ({ study, known, ...request }) => {
    const queries = studyOf(study);
    const version = queries.plotVersion(request.filter);
    return plots.send(JSON.stringify([study, request]), version, () => studyOf(study).plot(request), known);
  },
  course: ({ studies: names, scale, width, known }) => {
    const make = async () => drawCourses(await Promise.all(names.map(compared)), scale, width);
    return plots.send(JSON.stringify(["course", names, scale, width]), null, make, known);
  },
  distributions: ({ studies: names, width, known }) => {
    const make = async () => drawDistributions(await Promise.all(names.map(compared)), width);
    return plots.send(JSON.stringify(["distributions", names, width]), null, make, known);
  },
  served: ({ study, plot, query, known }) => {
    const path = `${pathOf("studies", study)}/plots/${plot}`;
    // As it is: what the service draws has as many points as it wants, and zooms.
    const make = (): Promise<WebPlot> => api.get<Plot>(path, { query });
    return plots.send(JSON.stringify([path, query]), null, make, known, (given) => given);
  },
  plotRows: async ({ plot, from, to }) => {
    const { rows } = await plots.table(plot);
    return { rows: rows.slice(from, to), total: rows.length };
  },
  plotCsv: async ({ plot }) => {
    const { columns, rows } = await plots.table(plot);
    return csvFile([csvLine(columns), ...rows.map(csvLine)]);
  },
  history: ({ study, objective, points }) => studyOf(study).history(objective, points),
  running: ({ study }) => studyOf(study).running(),
};

/** The arrays of an answer that are handed over, not copied. */
function handedOver(answer: unknown): Transferable[] {
  if (typeof answer !== "object" || answer === null || answer instanceof Blob) return [];
  return Object.values(answer).flatMap((value: unknown) =>
    ArrayBuffer.isView(value) && value.buffer instanceof ArrayBuffer ? [value.buffer] : [],
  );
}

// The library of types has pages alone.
const scope = globalThis as unknown as {
  onmessage: ((event: MessageEvent<ToColumns>) => void) | null;
  postMessage(message: FromColumns, transfer: Transferable[]): void;
};

async function answer({ id, ask, ...request }: ToColumns): Promise<void> {
  try {
    const handle = handlers[ask] as (request: unknown) => unknown;
    const given = await handle(request);
    scope.postMessage({ id, answer: given }, handedOver(given));
  } catch (error) {
    const { code, status } = error instanceof ApiProblem ? error : { code: "failed", status: 0 };
    scope.postMessage({ id, problem: { message: messageOf(error), code, status } }, []);
  }
}

scope.onmessage = ({ data }) => void answer(data);
