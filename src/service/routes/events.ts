/** The event streams: of one study, and of the list of all. */
import type { FastifyReply, FastifyRequest } from "fastify";
import { EventStream } from "../events/event-stream.js";
import { resourcesOf, whenClosed } from "../resources.js";
import type { ServiceRoutes } from "../routes.js";
import { changesFrame, streamQuery, studiesFrame } from "../schemas/events.js";
import { studyParams } from "../schemas/values.js";
import { maySee } from "../security/scopes.js";

const tags = ["events"];

export const eventsRoutes: ServiceRoutes = (app, context) => {
  const { live, list } = resourcesOf(context);

  app.get(
    "/studies/:study/events",
    {
      config: { scope: "read", stream: true },
      schema: {
        operationId: "followStudy",
        tags,
        summary: "What happens to a study, as server-sent events",
        description:
          "`hello` {revision}; `changes` with the revision as id; `reset` {revision}: fetch columns?since= anew; " +
          "`gone` {code, message}. A report may be told again after a reconnection: a step that is known is passed over.",
        params: studyParams,
        querystring: streamQuery,
        response: {
          200: { description: "`changes` frames", content: { "text/event-stream": { schema: changesFrame } } },
        },
      },
    },
    async (request, reply) => {
      const since = request.query.since ?? lastEventId(request);
      const { study, release } = await live.acquire(request.params.study);
      const { channel } = study;
      const stream = openStream(reply, () => channel.resetFrame());
      if (!reply.raw.destroyed) channel.join(stream, since);
      whenClosed(reply, () => {
        channel.leave(stream);
        release();
      });
      return reply;
    },
  );

  app.get(
    "/events",
    {
      config: { scope: "read", stream: true },
      schema: {
        operationId: "followStudies",
        tags,
        summary: "What happens to the list of studies, as server-sent events",
        description: "`hello`; `studies` {entries, removed}; `reset`: fetch the list anew.",
        querystring: streamQuery,
        response: {
          200: { description: "`studies` frames", content: { "text/event-stream": { schema: studiesFrame } } },
        },
      },
    },
    async (request, reply) => {
      const stream = openStream(reply, () => list.resetFrame());
      const { identity } = request;
      const leave = list.join(stream, {
        maySee: (name) => maySee(identity, name),
        lastId: request.query.since ?? lastEventId(request),
      });
      whenClosed(reply, leave);
      return reply;
    },
  );
};

/** What a reader that comes back had last; null: it says nothing that is a revision. */
export function lastEventId({ headers }: Pick<FastifyRequest, "headers">): number | null {
  const id = headers["last-event-id"];
  return typeof id === "string" && /^\d{1,15}$/.test(id) ? Number(id) : null;
}

/** Begins a stream: from here on the answer is written frame by frame. */
export function openStream(reply: FastifyReply, reset: () => Buffer): EventStream {
  const { raw } = reply;
  reply.hijack();
  raw.writeHead(200, {
    ...(reply.getHeaders() as Record<string, string>),
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store",
    // A proxy that gathers answers would hold events back.
    "x-accel-buffering": "no",
  });
  raw.flushHeaders();
  raw.socket?.setNoDelay(true);
  return new EventStream(raw, { reset });
}
