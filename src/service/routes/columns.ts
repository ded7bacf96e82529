/** A study's trials as columns, whole or what changed, and their curves. */
import { UsageError } from "../../core/index.js";
import type { StudyState, Trial } from "../../core/index.js";
import { reportBand, reportCurve } from "../../app/views/report-curves.js";
import { marginsOf } from "../../app/views/margins.js";
import { analysedStudy } from "../../host/analysis.js";
import { etagOf } from "../columns/study-columns.js";
import { goneSignal, requireAtMost, requireTrial, resourcesOf, sendReady } from "../resources.js";
import type { ServiceRoutes } from "../routes.js";
import { columns, columnsQuery } from "../schemas/columns.js";
import { marginList, reportList, reportsQuery } from "../schemas/reports.js";
import type { MarginList, ReportList } from "../schemas/reports.js";
import { studyParams } from "../schemas/values.js";
import { z } from "zod";

const tags = ["trials"];
const MOST_CURVES = 1000;
/** Studies with more trials than this are looked at beside the event loop. */
const MANY = 500;

export const columnsRoutes: ServiceRoutes = (app, context) => {
  const { live, analysis } = resourcesOf(context);

  app.get(
    "/studies/:study/columns",
    {
      config: { scope: "read" },
      schema: {
        operationId: "getColumns",
        tags,
        summary: "All trials as columns, or those that something happened to since a revision",
        description: "Its `revision` is where the event stream goes on. Compressed; `ETag` names the revision.",
        params: studyParams,
        querystring: columnsQuery,
        response: { 200: columns, 304: z.undefined().describe("As `If-None-Match` says") },
      },
    },
    async (request, reply) =>
      live.use(request.params.study, async (study) => {
        const { since } = request.query;
        const { state } = study.view;
        reply.header("vary", "accept-encoding").header("cache-control", "private, no-cache");
        if (request.headers["if-none-match"] === etagOf(state))
          return reply.code(304).header("etag", etagOf(state)).send(undefined);
        const body = await (since === undefined || since === 0
          ? study.columns.whole(study.view)
          : study.columns.since(study.view, since));
        reply.header("etag", body.etag);
        const { gzipped, plain } = body;
        if (!gzipped || !takesGzip(request.headers["accept-encoding"])) return sendReady(reply, await plain());
        reply.header("content-encoding", "gzip");
        return sendReady(reply, gzipped);
      }),
  );

  app.get(
    "/studies/:study/reports",
    {
      config: { scope: "read" },
      schema: {
        operationId: "getReports",
        tags,
        summary: "The curves of some trials, and the quartiles of the complete ones",
        params: studyParams,
        querystring: reportsQuery,
        response: { 200: reportList },
      },
    },
    async ({ params, query }, reply): Promise<ReportList> => {
      const signal = goneSignal(reply);
      return live.use(params.study, async ({ view }) => {
        const { state } = view;
        const reports = chosen(state, query).map(reportCurve);
        const band = state.size <= MANY ? reportBand(state) : await bandBeside(state, signal);
        return { revision: state.revision, reports, band };
      });
    },
  );

  async function bandBeside(state: StudyState, signal: AbortSignal): Promise<ReportList["band"]> {
    const study = analysedStudy(state);
    const { complete } = state.counts;
    // Reports of running trials change nothing in it.
    const bans = [...state.annotations].flatMap(([number, { banned }]) => (banned ? [number] : []));
    const key = JSON.stringify([study.name, study.created_at, complete, bans]);
    return JSON.parse(await analysis.ask("band", { study }, signal, key)) as ReportList["band"];
  }

  app.get(
    "/studies/:study/margins",
    {
      config: { scope: "read" },
      schema: {
        operationId: "getMargins",
        tags,
        summary: "How far each running trial is from being pruned, by the study's own pruner",
        params: studyParams,
        response: { 200: marginList },
      },
    },
    async ({ params }, reply): Promise<MarginList> => {
      const signal = goneSignal(reply);
      return live.use(params.study, async ({ view }) => {
        const { state } = view;
        if (state.size <= MANY) return await marginsOf(state);
        return JSON.parse(await analysis.ask("margins", { study: analysedStudy(state) }, signal)) as MarginList;
      });
    },
  );
};

export function takesGzip(accepted = ""): boolean {
  return /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/i.test(accepted);
}

/** @throws UsageError `invalid-request`, `unknown-trial`. */
function chosen(state: StudyState, query: z.output<typeof reportsQuery>): readonly Trial[] {
  const { numbers, state: wanted, last } = query;
  if ([numbers, wanted, last].filter((one) => one !== undefined).length > 1)
    throw new UsageError("invalid-request", "reports: numbers, state and last exclude one another");
  if (numbers !== undefined) {
    const list = [...new Set(numbers.split(",").map(Number))];
    requireAtMost("numbers", list.length, MOST_CURVES);
    return list.map((number) => requireTrial(state, number));
  }
  if (wanted === "running")
    return unfinished(state)
      .filter((trial) => trial.state === "running")
      .slice(-MOST_CURVES);
  const most = wanted === undefined ? (last ?? 200) : MOST_CURVES;
  const found: Trial[] = [];
  for (let number = state.size - 1; number >= 0 && found.length < most; number--) {
    const trial = state.trial(number) as Trial;
    if (wanted === undefined ? trial.intermediate.length > 0 : trial.state === wanted) found.push(trial);
  }
  return found.reverse();
}

function unfinished(state: StudyState): Trial[] {
  return state.unfinished.map((number) => state.trial(number) as Trial);
}
