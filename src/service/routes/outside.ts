/** Trials that are evaluated by whoever asks for them: `ask`, and below a trial `reports`, `heartbeat`, `tell`, `files`. */
import { z } from "zod";
import type { Trial } from "../../core/index.js";
import { ServiceError } from "../problem.js";
import { goneSignal } from "../resources.js";
import type { ServiceApp, ServiceContext, ServiceRoutes } from "../routes.js";
import {
  askHeaders,
  askRequest,
  fileHeaders,
  fileParams,
  handedTrial,
  heartbeatRequest,
  reportAnswer,
  reportRequest,
  storedFile,
  tellRequest,
  toldTrial,
} from "../schemas/outside.js";
import type { ToldTrial } from "../schemas/outside.js";
import { problemResponse } from "../schemas/problem.js";
import { studyParams, trialParams } from "../schemas/values.js";
import { FILE_BYTES, keepFile } from "../trial-upload.js";

const worker = { scope: "worker" } as const;
const tags = ["outside"];
const lost = { 409: problemResponse("`lease-lost`: it is not yours any more") };
const trialPath = "/studies/:study/trials/:number";

export const outsideRoutes: ServiceRoutes = async (app, context) => {
  addAsk(app, context);
  addReports(app, context);
  addTell(app, context);
  await app.register(async (files) => {
    addFiles(files, context);
  });
};

function addAsk(app: ServiceApp, { host, closing }: ServiceContext): void {
  app.post(
    "/studies/:study/ask",
    {
      config: worker,
      schema: {
        tags,
        operationId: "ask",
        summary: "Take a trial",
        description:
          "Hands out a waiting trial, else a new one, under a lease. With an `Idempotency-Key` header, the same request " +
          "again gets the same trial again, until 24 hours after the trial's end.",
        params: studyParams,
        headers: askHeaders,
        body: askRequest,
        response: {
          200: handedTrial.describe("A trial"),
          204: z.null().describe("Nothing to hand out within the wait"),
          409: problemResponse("`lease-lost`: the key's trial was given to somebody else; `study-archived`"),
          410: problemResponse("`run-finished`: the run's goal is met, or it was ended"),
        },
      },
    },
    async ({ params: { study }, body, headers }, reply) => {
      const key = headers["idempotency-key"];
      const signal = AbortSignal.any([closing, goneSignal(reply)]);
      const answer = await host.ask(study, { ...body, key, signal });
      if (answer === "nothing") return reply.code(204).send(null);
      if (answer === "over")
        throw new ServiceError(
          "run-finished",
          410,
          `the run of study "${study}" is over: nothing is handed out any more`,
        );
      const { number, attempt, params, seed, lease } = answer;
      return { number, attempt, params, seed, lease };
    },
  );
}

function addReports(app: ServiceApp, { host }: ServiceContext): void {
  app.post(
    `${trialPath}/reports`,
    {
      config: { ...worker, limit: "large" },
      schema: {
        tags,
        operationId: "report",
        summary: "Report intermediate values of a trial",
        description:
          "One report, or several in their order: all are taken, or none. The answer comes when they are durable, and " +
          "says whether to go on. Reports that were made before get their answer again. Renews the lease.",
        params: trialParams,
        body: reportRequest,
        response: { 200: reportAnswer, ...lost },
      },
    },
    async ({ params: { study, number }, body }) => {
      const {
        lease,
        step,
        value,
        metrics,
        reports = [{ step: step as number, value: value as number, metrics }],
      } = body;
      return { answer: await host.command(study, { type: "report", number, lease, reports }) };
    },
  );
  app.post(
    `${trialPath}/heartbeat`,
    {
      config: worker,
      schema: {
        tags,
        operationId: "heartbeat",
        summary: "Renew the lease of a trial",
        params: trialParams,
        body: heartbeatRequest,
        response: { 200: reportAnswer, ...lost },
      },
    },
    async ({ params: { study, number }, body: { lease } }) => ({
      answer: await host.command(study, { type: "heartbeat", number, lease }),
    }),
  );
}

function addTell(app: ServiceApp, { host }: ServiceContext): void {
  app.post(
    `${trialPath}/tell`,
    {
      config: worker,
      schema: {
        tags,
        operationId: "tell",
        summary: "End a trial with its result",
        description:
          "A value (several objectives: `values`), or `state` `pruned` or `failed`. A value told after `prune` " +
          "completes the trial. Sent again with the same body, it gets the same answer.",
        params: trialParams,
        body: tellRequest,
        response: { 200: toldTrial, ...lost },
      },
    },
    async ({ params: { study, number }, body }) => {
      const { user_attrs: userAttrs, ...result } = body;
      return told(await host.command(study, { type: "tell", number, result: { ...result, userAttrs } }));
    },
  );
}

function told({ number, attempt, state, values, value, finish_index, failure }: Trial): ToldTrial {
  const single = value === undefined ? {} : { value: value as ToldTrial["value"] };
  return { number, attempt, state, values, ...single, finish_index, failure };
}

function addFiles(app: ServiceApp, { host }: ServiceContext): void {
  // A file is what it is, whatever type it is said to have.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request, payload, done) => {
    done(null, payload);
  });
  app.put(
    `${trialPath}/files/:name`,
    {
      config: { ...worker, upload: true },
      bodyLimit: FILE_BYTES,
      schema: {
        tags,
        operationId: "putFile",
        summary: "Put a file with a trial's others",
        description:
          "The body is the file, at most 256 MiB; the lease's token stands in the header `Lease-Token`. It takes the " +
          "place of one of that name once all of it is there.",
        params: fileParams,
        headers: fileHeaders,
        response: { 200: storedFile, ...lost, 413: problemResponse("`body-too-large`: it leaves nothing") },
      },
    },
    async ({ params: { study, number, name }, headers, raw }) => {
      const length = Number(headers["content-length"] ?? 0);
      return keepFile(host, { study, number, name, lease: headers["lease-token"], length, content: raw });
    },
  );
}
