/** What the routes of studies share: the studies that are followed, the analysis thread, and how they are asked. */
import type { Readable } from "node:stream";
import type { FastifyReply } from "fastify";
import { UsageError, unknownTrial } from "../core/index.js";
import type { StudyState, Trial } from "../core/index.js";
import { Analysis } from "../host/analysis.js";
import type { StudyHost, StudyView } from "../host/host.js";
import { LiveStudies } from "./events/live-studies.js";
import { StudyList } from "./events/study-list.js";
import type { ServiceContext } from "./routes.js";

/** What belongs to one service. */
export interface Resources {
  readonly live: LiveStudies;
  readonly analysis: Analysis;
  readonly list: StudyList;
}

const resources = new WeakMap<StudyHost, Resources>();

/** The resources of a service; closed when it closes. */
export function resourcesOf({ host, closing }: Pick<ServiceContext, "host" | "closing">): Resources {
  let own = resources.get(host);
  if (!own) {
    const live = new LiveStudies(host);
    const analysis = new Analysis(host.storage);
    own = { live, analysis, list: new StudyList(host, live, analysis) };
    resources.set(host, own);
    const { list } = own;
    closing.addEventListener("abort", () => {
      resources.delete(host);
      list.close();
      live.close();
      void analysis.close();
    });
  }
  return own;
}

/** Answers with a body that is ready to be sent. */
export function sendReady(
  reply: FastifyReply,
  body: string | Buffer | Readable,
  type = "application/json; charset=utf-8",
) {
  return reply.type(type).send(body);
}

/** Aborted when the client goes before it has its answer. */
export function goneSignal({ raw }: FastifyReply): AbortSignal {
  const gone = new AbortController();
  raw.once("close", () => {
    if (!raw.writableFinished) gone.abort();
  });
  return gone.signal;
}

/** Does something when an answer's connection has closed: at once where that has happened while it was waited for. */
export function whenClosed({ raw }: FastifyReply, act: () => void): void {
  if (raw.destroyed) act();
  else raw.once("close", act);
}

/** @throws UsageError `unknown-trial`. */
export function requireTrial(state: StudyState, number: number): Trial {
  const trial = state.trial(number);
  if (!trial) throw unknownTrial(state.header.name, number, state.size);
  return trial;
}

/** Milliseconds that a view may take to show what is durable. */
const SHOWN = 3000;

/** Resolves when a view shows what a command has done, or after a while. */
export async function shown(view: StudyView, test: (state: StudyState) => boolean): Promise<void> {
  if (test(view.state)) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      unsubscribe();
      resolve();
    };
    const unsubscribe = view.subscribe((change) => {
      if (change.kind === "gone" || test(view.state)) done();
    });
    const timer = setTimeout(done, SHOWN).unref();
  });
}

/** `true` and `false` of a query; undefined stays. */
export function flag(text: "true" | "false" | undefined): boolean | undefined {
  return text === undefined ? undefined : text === "true";
}

/** @throws UsageError `invalid-request` for more of something than is taken. */
export function requireAtMost(what: string, count: number, most: number): void {
  if (count > most) throw new UsageError("invalid-request", `${what}: ${count} of them: at most ${most} are taken`);
}
