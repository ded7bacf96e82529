/** The run of a study: started, shown, paused, resumed, stopped. */
import { UsageError } from "../../core/index.js";
import type { ServiceRoutes } from "../routes.js";
import { problemResponse } from "../schemas/problem.js";
import { run, runChange, runRequest } from "../schemas/runs.js";
import { studyParams } from "../schemas/values.js";

const tags = ["run"];

export const runRoutes: ServiceRoutes = (app, { host }) => {
  app.post(
    "/studies/:study/run",
    {
      config: { scope: "run" },
      schema: {
        ...{ operationId: "startRun", tags, summary: "Run trials until a goal is met" },
        description: "Kept with the study: it goes on after a restart of the service.",
        params: studyParams,
        body: runRequest.nullable().default({}),
        response: {
          202: run.describe("It has begun, or waits for places"),
          409: problemResponse("`run-exists`, `study-locked` (with pid and host), `study-archived`"),
        },
      },
    },
    async ({ params, body }, reply) => reply.code(202).send(await host.startRun(params.study, body ?? {})),
  );

  app.get(
    "/studies/:study/run",
    {
      config: { scope: "read" },
      schema: {
        ...{ operationId: "getRun", tags, summary: "The study's run, or its last one" },
        params: studyParams,
        response: { 200: run, 404: problemResponse("`unknown-study`, `no-run`") },
      },
    },
    async ({ params: { study } }) => {
      const { run: found } = await host.get(study);
      if (!found) throw new UsageError("no-run", `study "${study}" has no run: POST to this address starts one`);
      return found;
    },
  );

  app.patch(
    "/studies/:study/run",
    {
      config: { scope: "run" },
      schema: {
        ...{
          operationId: "changeRun",
          tags,
          summary: "Pause, resume, stop or cancel it; change its places and weight",
        },
        description:
          "`paused` starts nothing further; `running` goes on; `stopping` lets trials under way end; `cancelled` puts them back to waiting at once.",
        params: studyParams,
        body: runChange,
        response: {
          200: run,
          404: problemResponse("`unknown-study`, `no-run`"),
          409: problemResponse("`run-ended`: it is ending already; `study-locked` (with pid and host)"),
        },
      },
    },
    async ({ params, body }) => host.changeRun(params.study, body),
  );
};
