/** The columns' thread: fetches studies' trials, keeps them up to date, and answers what pages ask of them. */
import { api, ApiProblem, messageOf } from "../api/client.js";
import type { Columns, Plot } from "../api/types.js";
import { pathOf } from "../paths.js";
import type { ColumnAnswers, ColumnQuestion, ColumnRequests, FromColumns, ToColumns } from "./protocol.js";
import { SentPlots } from "./sent-plots.js";
import type { WebPlot } from "./web-plot.js";
import { drawCourses, drawDistributions } from "./study-courses.js";
import { HeldStudies } from "./held-studies.js";
import { csvLine } from "./study-queries.js";

const held = new HeldStudies({
  fetch: (name, since) => api.get<Columns>(`${pathOf("studies", name)}/columns`, { query: { since } }),
  now: () => performance.now(),
});
const SWEEP_MS = 30_000;
setInterval(() => held.sweep(), SWEEP_MS);
const plots = new SentPlots();

/** Studies that are compared, as they are now. */
const compared = (names: readonly string[]) => Promise.all(names.map((name) => held.compared(name)));

const csvFile = (pieces: string[]): Blob => new Blob(pieces, { type: "text/csv;charset=utf-8" });

type Handlers = { [K in ColumnQuestion]: (request: ColumnRequests[K]) => ColumnAnswers[K] | Promise<ColumnAnswers[K]> };

const handlers: Handlers = {
  refresh: ({ study }) => held.refresh(study),
  apply: ({ study, changes }) => held.apply(study, changes),
  close: ({ study }) => {
    held.close(study);
    return null;
  },
  fields: async ({ study }) => (await held.of(study)).fields(),
  select: async ({ study, filter, order }) => (await held.of(study)).select(filter, order),
  cells: async ({ study, numbers, fields }) => (await held.of(study)).cells(numbers, fields),
  csv: async ({ study, filter, order, fields }) => csvFile((await held.of(study)).csv(filter, order, fields)),
  parallel: async ({ study, ...request }) => (await held.of(study)).parallel(request),
  plot: async ({ study, known, ...request }) => {
    const version = (await held.of(study)).plotVersion(request.filter);
    const make = async () => (await held.of(study)).plot(request);
    return plots.send(JSON.stringify([study, request]), version, make, known);
  },
  course: ({ studies, scale, width, known }) => {
    const make = async () => drawCourses(await compared(studies), scale, width);
    return plots.send(JSON.stringify(["course", studies, scale, width]), null, make, known);
  },
  distributions: ({ studies, width, known }) => {
    const make = async () => drawDistributions(await compared(studies), width);
    return plots.send(JSON.stringify(["distributions", studies, width]), null, make, known);
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
  history: async ({ study, objective, points }) => (await held.of(study)).history(objective, points),
  running: async ({ study }) => (await held.of(study)).running(),
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
