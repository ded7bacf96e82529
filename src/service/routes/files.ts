/** What trials have left: logs, weights, the metrics of each epoch; with ranges, and a log as it grows. */
import { stat } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { StringDecoder } from "node:string_decoder";
import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { isFinished, stringifyJson } from "../../core/index.js";
import type { StudyView } from "../../host/host.js";
import type { ArtifactStore } from "../../storage/storage.js";
import { askedBytes } from "../byte-range.js";
import type { EventStream } from "../events/event-stream.js";
import { frameOf } from "../events/event-stream.js";
import { ServiceError } from "../problem.js";
import { requireTrial, resourcesOf, whenClosed } from "../resources.js";
import type { ServiceContext, ServiceRoutes } from "../routes.js";
import { problemResponse } from "../schemas/problem.js";
import { trialParams } from "../schemas/values.js";
import { openStream } from "./events.js";

const tags = ["files"];
/** The file names of a trial that have a resource of their own. */
const names = { log: "log.txt", checkpoint: "checkpoint.safetensors", epochs: "epochs.jsonl" } as const;
/** Milliseconds between two looks at a log that is followed, and characters that one frame holds. */
const LOOK = 250;
const PIECE = 64 * 1024;

const checkpointQuery = z.strictObject({
  part: z
    .string()
    .regex(/^[\w][\w.-]{0,80}$/, "expected the name of a part, as in the file's name")
    .describe("Of a cross-validated trial: `B0005` of `checkpoint.B0005.safetensors`.")
    .optional(),
});
const logQuery = z.strictObject({
  follow: z.enum(["0", "1"]).describe("1: as server-sent events, from here on, until the trial has ended.").optional(),
});

/** The answers of a file's route. */
function fileAnswers(type: string) {
  const content = { [type]: { schema: z.string() } };
  return {
    200: { description: "The file", content },
    206: { description: "The bytes that `Range` asks for", content },
    404: problemResponse("`unknown-study`, `unknown-trial`, `no-file`"),
    416: problemResponse("There are no such bytes"),
  };
}

export const filesRoutes: ServiceRoutes = (app, context) => {
  const { live } = resourcesOf(context);
  const serve = async (
    request: FastifyRequest & { params: z.output<typeof trialParams> },
    reply: FastifyReply,
    file: { readonly name: string; readonly type: string },
  ): Promise<FastifyReply> =>
    live.use(request.params.study, ({ view }) => {
      requireTrial(view.state, request.params.number);
      return sendFile(context, { ...request.params, ...file }, { request, reply });
    });

  app.get(
    "/studies/:study/trials/:number/log",
    {
      config: { scope: "read" },
      schema: {
        ...{ operationId: "getLog", tags, summary: "What a trial has printed" },
        params: trialParams,
        querystring: logQuery,
        response: fileAnswers("text/plain"),
      },
    },
    async (request, reply) => {
      const { params, query, identity } = request;
      if (query.follow !== "1") return serve(request, reply, { name: names.log, type: "text/plain; charset=utf-8" });
      context.streams.add(identity, reply.raw);
      const { study, release } = await live.acquire(params.study);
      whenClosed(reply, release);
      requireTrial(study.view.state, params.number);
      const store = context.host.storage.artifacts(params.study);
      void followLog(study.view, { store, number: params.number }, { reply, closing: context.closing });
      return reply;
    },
  );

  app.get(
    "/studies/:study/trials/:number/checkpoint",
    {
      config: { scope: "read" },
      schema: {
        ...{ operationId: "getCheckpoint", tags, summary: "The best epoch's weights, where they were kept" },
        params: trialParams,
        querystring: checkpointQuery,
        response: fileAnswers("application/octet-stream"),
      },
    },
    async (request, reply) => {
      const { part } = request.query;
      const name = part === undefined ? names.checkpoint : `checkpoint.${part}.safetensors`;
      return serve(request, reply, { name, type: "application/octet-stream" });
    },
  );

  app.get(
    "/studies/:study/trials/:number/epochs",
    {
      config: { scope: "read" },
      schema: {
        ...{ operationId: "getEpochs", tags, summary: "All metrics of each report, a JSON line each" },
        params: trialParams,
        response: fileAnswers("application/x-ndjson"),
      },
    },
    async (request, reply) =>
      serve(request, reply, { name: names.epochs, type: "application/x-ndjson; charset=utf-8" }),
  );

  app.get(
    "/studies/:study/trials/:number/files/:name",
    {
      config: { scope: "read" },
      schema: {
        ...{ operationId: "getFile", tags, summary: "A file that a trial has left, by its name" },
        params: trialParams.extend({
          name: z
            .string()
            .regex(/^[\w-][\w.-]{0,119}$/, "expected a plain file name")
            .describe("As the trial lists it."),
        }),
        response: fileAnswers("application/octet-stream"),
      },
    },
    async (request, reply) => serve(request, reply, { name: request.params.name, type: "application/octet-stream" }),
  );
};

interface AskedFile {
  readonly study: string;
  readonly number: number;
  readonly name: string;
  readonly type: string;
}

async function sizeOf(store: ArtifactStore | null, number: number, name: string): Promise<number | null> {
  if (!store || !(await store.list(number)).includes(name)) return null;
  const found = await stat(join(store.directory(number), name)).catch(() => null);
  return found?.isFile() === true ? found.size : null;
}

async function sendFile(
  { host }: ServiceContext,
  { study, number, name, type }: AskedFile,
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
): Promise<FastifyReply> {
  const store = host.storage.artifacts(study);
  const size = await sizeOf(store, number, name);
  if (store === null || size === null)
    throw new ServiceError("no-file", 404, `trial ${number} of study "${study}" has no ${name}`);
  const asked = askedBytes(request.headers.range, size);
  reply.header("accept-ranges", "bytes").header("cache-control", "private, no-cache").type(type);
  if (asked === "none")
    throw new ServiceError("invalid-range", 416, `${name} has ${size} bytes: there are no such ones`, {
      headers: { "content-range": `bytes */${size}` },
    });
  const { start, end } = asked === "whole" ? { start: 0, end: size - 1 } : asked;
  // Shown by nobody's page: it is saved under the trial's own name.
  const shownAs = type.startsWith("text/plain") ? "inline" : "attachment";
  const saved = `${study}-${number}-${name}`.replaceAll(/[^\w.-]/g, "_");
  reply.header("content-disposition", `${shownAs}; filename="${saved}"`);
  if (asked !== "whole") reply.code(206).header("content-range", `bytes ${start}-${end}/${size}`);
  reply.header("content-length", String(Math.max(0, end - start + 1)));
  if (request.method === "HEAD") return sendHead(reply, asked === "whole" ? 200 : 206);
  if (size === 0) return reply.send("");
  const content = await store.read(number, name, { start, end });
  if (!content) throw new ServiceError("no-file", 404, `trial ${number} of study "${study}" has no ${name}`);
  return reply.send(content);
}

/** The headers alone; Fastify would read the whole body for its length. */
function sendHead(reply: FastifyReply, status: number): FastifyReply {
  reply.hijack();
  reply.raw.writeHead(status, reply.getHeaders() as Record<string, string>);
  reply.raw.end();
  return reply;
}

/** A trial's log, wherever it is kept. */
interface FollowedLog {
  readonly store: ArtifactStore | null;
  readonly number: number;
}

/** Sends a log as it grows, until the trial has ended and all of it is sent, or it cannot be read any more. */
async function followLog(
  view: StudyView,
  log: FollowedLog,
  { reply, closing }: { readonly reply: FastifyReply; readonly closing: AbortSignal },
): Promise<void> {
  // Whoever is behind reads on where it was: nothing is left out of a log.
  const stream: EventStream = openStream(reply, () => frameOf("reset", "{}"));
  try {
    await tellLog(view, log, { stream, raw: reply.raw, closing });
  } catch {
    // Nobody waits for this, and what went wrong may name files.
    stream.send(frameOf("gone", stringifyJson({ code: "no-file", message: "the log cannot be read any more" })));
  } finally {
    stream.end();
  }
}

async function tellLog(
  view: StudyView,
  { store, number }: FollowedLog,
  {
    stream,
    raw,
    closing,
  }: { readonly stream: EventStream; readonly raw: ServerResponse; readonly closing: AbortSignal },
): Promise<void> {
  const decoder = new StringDecoder("utf8");
  let at = 0;
  for (let looks = 0; !raw.destroyed && !closing.aborted; looks++) {
    const trial = view.state.trial(number);
    const size = (await sizeOf(store, number, names.log).catch(() => null)) ?? 0;
    if (size < at) at = 0;
    if (size > at && raw.writableLength === 0) {
      const end = Math.min(size, at + PIECE) - 1;
      const content = await store?.read(number, names.log, { start: at, end });
      const pieces: Buffer[] = [];
      for await (const piece of content ?? []) pieces.push(piece as Buffer);
      const bytes = Buffer.concat(pieces);
      at += bytes.length;
      const text = decoder.write(bytes);
      if (text !== "") stream.send(frameOf("log", stringifyJson({ text }), at));
      if (at < size) continue;
    } else if (size === at && (!trial || isFinished(trial))) break;
    if (looks % 60 === 59) stream.beat();
    await new Promise<void>((resolve) => setTimeout(resolve, LOOK).unref());
  }
  stream.send(frameOf("end", "{}", at));
}
