/** Trials that are evaluated by whoever asks for them: `ask`, and below a trial `reports`, `heartbeat`, `tell`, `files`. */
import type { FastifyReply } from "fastify";
import type { Trial } from "../../core/index.js";
import { ServiceError } from "../problem.js";
import type { ServiceApp, ServiceContext, ServiceRoutes } from "../routes.js";
import {
  askRequest,
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
import { studyParams, trialParams } from "../schemas/values.js";
import { FILE_BYTES, keepFile } from "../trial-upload.js";
import { z } from "zod";

const worker = { scope: "worker" } as const;
const tags = ["trials from outside"];
const trialPath = "/studies/:study/trials/:number";

export const outsideRoutes: ServiceRoutes = async (app, context) => {
  addAsk(app, context);
  addReports(app, context);
  addTell(app, context);
  await app.register(async (files) => {
    addFiles(files as ServiceApp, context);
  });
};

const KEY = /^[\x21-\x7e]{1,255}$/;

/** @throws ServiceError `invalid-request`. */
function keyOf(header: string | readonly string[] | undefined): string | undefined {
  if (header === undefined || (typeof header === "string" && KEY.test(header))) return header;
  throw new ServiceError("invalid-request", 400, "Idempotency-Key: expected 1 to 255 printable ASCII characters, once");
}

/** Aborted when whoever waits for an answer has gone. */
function goneSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once("close", () => {
    gone.abort();
  });
  return gone.signal;
}

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
          "again gets the same trial again, until 24 hours after the trial's end. 204: nothing to hand out within the " +
          "wait. 410 `run-finished`: the run's goal is met.",
        params: studyParams,
        body: askRequest,
        response: { 200: handedTrial, 204: z.null().describe("Nothing to hand out within the wait.") },
      },
    },
    async ({ params: { study }, body, headers }, reply) => {
      const key = keyOf(headers["idempotency-key"]);
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
        response: { 200: reportAnswer },
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
        response: { 200: reportAnswer },
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
        response: { 200: toldTrial },
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

const LEASE_HEADER = "lease-token";

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
        consumes: ["application/octet-stream"],
        params: fileParams,
        headers: z.looseObject({
          [LEASE_HEADER]: z.string().min(1).max(200).describe("The token that the trial was handed out with."),
        }),
        response: { 200: storedFile },
      },
    },
    async ({ params: { study, number, name }, headers, raw }) => {
      const length = Number(headers["content-length"] ?? 0);
      return keepFile(host, { study, number, name, lease: String(headers[LEASE_HEADER]), length, content: raw });
    },
  );
}
