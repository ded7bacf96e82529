/** A study as its files have it: the whole of one revision, and what happens after it, event by event. */
import { Readable } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { createGzip } from "node:zlib";
import type { FastifyReply } from "fastify";
import { messageOf, MlbenchError, withoutValue } from "../../core/index.js";
import type { StudyEvent, StudyState } from "../../core/index.js";
import { writeJson } from "../../core/plain-json.js";
import type { StudyStorage } from "../../storage/storage.js";
import { frameOf } from "../events/event-stream.js";
import type { EventStream } from "../events/event-stream.js";
import { resourcesOf, sendReady } from "../resources.js";
import type { ServiceRoutes } from "../routes.js";
import { journalFrame, studyDocument } from "../schemas/document.js";
import { streamQuery } from "../schemas/events.js";
import { studyParams } from "../schemas/values.js";
import { takesGzip } from "./columns.js";
import { lastEventId, openStream } from "./events.js";

const tags = ["studies"];
/** Characters that a piece of a document has at least, and milliseconds that making pieces may take in one go. */
const PIECE = 64 * 1024;
const TURN = 10;
/** Milliseconds for which events are put together, how many a frame holds, and between two signs of life. */
const GATHERED = 50;
const MOST_EVENTS = 2000;
const BEAT = 15_000;

export const documentRoutes: ServiceRoutes = (app, context) => {
  const { live } = resourcesOf(context);

  app.get(
    "/studies/:study/document",
    {
      config: { scope: "read" },
      schema: {
        operationId: "getDocument",
        tags,
        summary: "The whole study, its trials included, of one revision",
        description: "With the keys of the study's file. A text that reads like `NaN` has a backslash in front.",
        params: studyParams,
        response: { 200: studyDocument },
      },
    },
    async ({ params, headers }, reply) =>
      live.use(params.study, ({ view: { state } }) => {
        const plain = Readable.from(documentPieces(state), { objectMode: false });
        reply.header("cache-control", "private, no-cache").header("vary", "accept-encoding");
        if (!takesGzip(headers["accept-encoding"])) return sendReady(reply, plain);
        const gzip = createGzip({ level: 3 });
        plain.once("error", (error) => gzip.destroy(error));
        reply.header("content-encoding", "gzip");
        return sendReady(reply, plain.pipe(gzip));
      }),
  );

  app.get(
    "/studies/:study/journal",
    {
      config: { scope: "read", stream: true },
      schema: {
        operationId: "followJournal",
        tags: ["events"],
        summary: "Every event of a study after a revision, as server-sent events",
        description:
          "`events` {events: [[revision, event], …]} with the last revision as id; `reset` {revision}: fetch the " +
          "document anew, and go on after its revision; `gone` {code, message}.",
        params: studyParams,
        querystring: streamQuery,
        response: {
          200: { description: "`events` frames", content: { "text/event-stream": { schema: journalFrame } } },
        },
      },
    },
    async (request, reply) => {
      const { study } = request.params;
      const { storage } = context.host;
      const { revision } = (await context.host.get(study)).summary;
      const since = lastEventId(request) ?? request.query.since ?? revision;
      void tellJournal(storage, { study, since }, { reply, closing: context.closing });
      return reply;
    },
  );
};

/** The study as JSON, made in turns of the event loop. */
async function* documentPieces(state: StudyState): AsyncGenerator<string> {
  const { header, revision, annotations } = state;
  const head = { format: "mlbench-hpo-study", schema_version: 2, revision, ...header };
  let piece = `${writeJson({ ...head, annotations: Object.fromEntries(annotations) }).slice(0, -1)},"trials":[`;
  let start = performance.now();
  for (let number = 0; number < state.size; number++) {
    const trial = state.trial(number);
    if (!trial) continue;
    piece += (number === 0 ? "" : ",") + writeJson(withoutValue(trial));
    if (piece.length >= PIECE) {
      yield piece;
      piece = "";
    }
    if (performance.now() - start < TURN) continue;
    await setImmediate();
    start = performance.now();
  }
  yield `${piece}]}`;
}

/** Sends what happens to a study until its reader goes, or the study. */
async function tellJournal(
  storage: StudyStorage,
  { study, since }: { readonly study: string; readonly since: number },
  { reply, closing }: { readonly reply: FastifyReply; readonly closing: AbortSignal },
): Promise<void> {
  let revision = since;
  const reset = (): Buffer => frameOf("reset", `{"revision":${revision}}`, revision);
  const stream = openStream(reply, reset);
  const gone = new AbortController();
  const gathering = new Gathering(stream);
  const beat = setInterval(() => stream.beat(), BEAT).unref();
  reply.raw.once("close", () => gone.abort());
  if (reply.raw.destroyed) gone.abort();
  try {
    for await (const change of storage.follow(study, since, { signal: AbortSignal.any([closing, gone.signal]) })) {
      revision = change.revision;
      if (!change.reset) gathering.add(revision, change.event);
      else {
        gathering.flush();
        stream.send(reset());
      }
    }
    gathering.flush();
  } catch (error) {
    const code = error instanceof MlbenchError ? error.code : "study-unreadable";
    const message = error instanceof MlbenchError ? messageOf(error) : `study "${study}" cannot be read any more`;
    gathering.flush();
    stream.send(frameOf("gone", writeJson({ code, message })));
  } finally {
    clearInterval(beat);
    gathering.flush();
    stream.end();
  }
}

/** Events put together for a moment. */
class Gathering {
  readonly #stream: EventStream;
  #events: (readonly [number, StudyEvent])[] = [];
  #timer: NodeJS.Timeout | null = null;

  constructor(stream: EventStream) {
    this.#stream = stream;
  }

  add(revision: number, event: StudyEvent): void {
    this.#events.push([revision, event]);
    if (this.#events.length >= MOST_EVENTS) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), GATHERED).unref();
  }

  flush(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    const events = this.#events;
    this.#events = [];
    const last = events.at(-1);
    if (last) this.#stream.send(frameOf("events", writeJson({ events }), last[0]));
  }
}
