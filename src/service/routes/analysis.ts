/** What is made of whole studies, beside the event loop: plots, importances, comparisons, predictions. */
import type { FastifyReply } from "fastify";
import { defined, UsageError } from "../../core/index.js";
import { analysedStudy } from "../../host/analysis.js";
import type { AnalysedStudy } from "../../host/followed-states.js";
import { ServiceError } from "../problem.js";
import { flag, goneSignal, requireAtMost, resourcesOf } from "../resources.js";
import type { ServiceRoutes } from "../routes.js";
import {
  compareQuery,
  comparison,
  importanceList,
  importancesQuery,
  plot,
  plotList,
  plotQuery,
  prediction,
} from "../schemas/analysis.js";
import { problemResponse } from "../schemas/problem.js";
import { studyParams } from "../schemas/values.js";
import { maySee } from "../security/scopes.js";
import { z } from "zod";

const tags = ["analysis"];
const MOST_COMPARED = 10;

export const analysisRoutes: ServiceRoutes = (app, context) => {
  const { live, analysis } = resourcesOf(context);
  const studyOf = (name: string): Promise<AnalysedStudy> => live.use(name, ({ view }) => analysedStudy(view.state));
  const json = (reply: FastifyReply, text: string): FastifyReply =>
    reply.type("application/json; charset=utf-8").header("cache-control", "no-store").send(text);

  app.get(
    "/studies/:study/plots",
    {
      config: { scope: "read" },
      schema: {
        ...{ operationId: "listPlots", tags, summary: "The kinds of plots that the study can be drawn as" },
        params: studyParams,
        response: { 200: plotList },
      },
    },
    async ({ params }, reply) => {
      const signal = goneSignal(reply);
      return json(reply, await analysis.ask("plots", { study: await studyOf(params.study) }, signal));
    },
  );

  app.get(
    "/studies/:study/plots/:kind",
    {
      config: { scope: "read" },
      schema: {
        ...{ operationId: "getPlot", tags, summary: "The study as a plot: its description, or a picture" },
        params: studyParams.extend({
          kind: z.string().max(40).describe("`history`, `parallel`, …: `/plots` lists them."),
        }),
        querystring: plotQuery,
        response: {
          200: {
            description: "As `format` says",
            content: { "application/json": { schema: plot }, "image/svg+xml": { schema: z.string() } },
          },
        },
      },
    },
    async ({ params, query }, reply) => {
      const signal = goneSignal(reply);
      const { format, theme, ...given } = query;
      const options = defined(given);
      const study = await studyOf(params.study);
      const text = await analysis.ask("plot", { study, kind: params.kind, options, format, theme }, signal);
      if (format === "json") return json(reply, text);
      const name = `${params.study}-${params.kind}.svg`.replaceAll(/[^\w.-]/g, "_");
      return reply
        .type("image/svg+xml; charset=utf-8")
        .header("cache-control", "no-store")
        .header("content-disposition", `inline; filename="${name}"`)
        .send(text);
    },
  );

  app.get(
    "/studies/:study/importances",
    {
      config: { scope: "read" },
      schema: {
        ...{ operationId: "getImportances", tags, summary: "How much each parameter matters" },
        params: studyParams,
        querystring: importancesQuery,
        response: { 200: importanceList },
      },
    },
    async ({ params, query }, reply) => {
      const signal = goneSignal(reply);
      const { method, metric, params: only, pruned, feasible_only, interactions } = query;
      const options = {
        ...{ method, metric, params: only, pruned },
        ...{ feasibleOnly: flag(feasible_only), interactions: flag(interactions) },
      };
      return json(reply, await analysis.ask("importances", { study: await studyOf(params.study), options }, signal));
    },
  );

  app.get(
    "/studies/:study/prediction",
    {
      config: { scope: "read" },
      schema: {
        ...{ operationId: "getPrediction", tags, summary: "Predicted against true SOH of the best trial" },
        params: studyParams,
        response: { 200: prediction },
      },
    },
    async ({ params }, reply) => {
      const signal = goneSignal(reply);
      const study = await live.use(params.study, ({ view: { state } }) => analysedStudy(state));
      return json(reply, await analysis.ask("prediction", { study }, signal));
    },
  );

  app.get(
    "/compare",
    {
      config: { scope: "read" },
      schema: {
        ...{ operationId: "compareStudies", tags, summary: "Studies side by side" },
        querystring: compareQuery,
        response: { 200: comparison, 403: problemResponse("One of the studies is not this token's") },
      },
    },
    async ({ query: { study: names, at, group_by: groupBy, reference }, identity }, reply) => {
      const signal = goneSignal(reply);
      const distinct = [...new Set(names)];
      requireAtMost("study", distinct.length, MOST_COMPARED);
      if (distinct.length < names.length)
        throw new UsageError("invalid-request", "study: a study is named twice: it is compared with others only");
      for (const name of names)
        if (!maySee(identity, name)) throw new ServiceError("forbidden", 403, "this token is for other studies");
      const studies = await Promise.all(distinct.map(studyOf));
      return json(reply, await analysis.ask("compare", { studies, options: { at, groupBy, reference } }, signal));
    },
  );
};
