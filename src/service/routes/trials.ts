/** Trials: queried page by page, enqueued, shown, annotated, retried, stopped. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { canonicalJson, MlbenchError, stringifyJson, UsageError } from "../../core/index.js";
import type { StudyState, Trial } from "../../core/index.js";
import { annotated } from "../../app/views/annotated.js";
import { againstDefaults } from "../../app/views/against-defaults.js";
import { trialVerdict } from "../../app/views/verdict.js";
import { queryTrials } from "../../app/views/trial-query.js";
import type { TrialQuery } from "../../app/views/trial-query.js";
import { analysedStudy } from "../../host/analysis.js";
import { goneSignal, requireTrial, resourcesOf, sendReady, shown } from "../resources.js";
import type { ServiceContext, ServiceRoutes } from "../routes.js";
import { problemResponse } from "../schemas/problem.js";
import { annotationChange, enqueueRequest, trial, trialDetail, trialPage, trialQuery } from "../schemas/trials.js";
import type { TrialDetail } from "../schemas/trials.js";
import { studyParams, trialParams } from "../schemas/values.js";

const tags = ["trials"];
/** Studies with more trials than this are queried beside the event loop. */
const MANY = 2000;
/** Queries whose order is kept for their next page. */
const KEPT = 16;

/** Where a page begins: behind a number, or at a place in an order that was made of a revision. */
type Cursor = { readonly after: number } | { readonly at: number; readonly revision: number };

export const trialsRoutes: ServiceRoutes = (app, context) => {
  const { host } = context;
  const { live } = resourcesOf(context);
  const orders = new Orders(context);

  app.get(
    "/studies/:study/trials",
    {
      config: { scope: "read" },
      schema: {
        ...{ operationId: "listTrials", tags, summary: "Trials by state, conditions and order, page by page" },
        params: studyParams,
        querystring: trialQuery,
        response: { 200: trialPage },
      },
    },
    async ({ params, query: { state: states, where, sort, limit, cursor } }, reply) => {
      const signal = goneSignal(reply);
      return live.use(params.study, async ({ view }) => {
        const { state } = view;
        const query: TrialQuery = { state: states?.flatMap((one) => one.split(",")), filter: where, sort };
        const asked = { limit, cursor: readCursor(cursor), signal };
        const page = await orders.page(state, query, asked).catch((error: unknown) => {
          throw inOurWords(error);
        });
        const text = await pageText(annotated(page.trials, state.annotations), page.next);
        return sendReady(reply, text);
      });
    },
  );

  app.post(
    "/studies/:study/trials",
    {
      config: { scope: "run" },
      schema: {
        ...{ operationId: "enqueueTrial", tags, summary: "Have these parameters run next" },
        params: studyParams,
        body: enqueueRequest,
        response: { 201: trial.describe("It waits") },
      },
    },
    async ({ params: { study }, body: { params, user_attrs: userAttrs } }, reply) => {
      const made = await host.command(study, { type: "enqueue", params, ...(userAttrs ? { userAttrs } : {}) });
      return reply.code(201).send(made);
    },
  );

  app.get(
    "/studies/:study/trials/:number",
    {
      config: { scope: "read" },
      schema: {
        ...{ operationId: "getTrial", tags, summary: "A trial with what stands beside its record" },
        params: trialParams,
        response: { 200: trialDetail, 404: problemResponse("`unknown-study`, `unknown-trial`") },
      },
    },
    async ({ params: { study, number } }) => live.use(study, ({ view }) => detailOf(context, view.state, number)),
  );

  app.patch(
    "/studies/:study/trials/:number",
    {
      config: { scope: "run" },
      schema: {
        ...{ operationId: "annotateTrial", tags, summary: "Note, tags, ban; the record itself stays as it is" },
        params: trialParams,
        body: annotationChange,
        response: { 200: trialDetail },
      },
    },
    async ({ params: { study, number }, body: { note, tags: labels, banned } }) =>
      live.use(study, async ({ view }) => {
        requireTrial(view.state, number);
        const change = {
          ...(note === undefined ? {} : { note }),
          ...(labels === undefined ? {} : { tags: labels }),
          ...(banned === undefined ? {} : { banned }),
        };
        const now = canonicalJson(await host.command(study, { type: "annotate", number, change }));
        await shown(view, ({ annotations }) => canonicalJson(annotations.get(number) ?? noAnnotation) === now);
        return detailOf(context, view.state, number);
      }),
  );

  app.post(
    "/studies/:study/trials/:number/retry",
    {
      config: { scope: "run" },
      schema: {
        ...{ operationId: "retryTrial", tags, summary: "Run a failed trial's parameters again, under a new number" },
        params: trialParams,
        response: { 201: trial.describe("The new trial, waiting"), 409: problemResponse("`not-failed`") },
      },
    },
    async ({ params: { study, number } }, reply) =>
      reply.code(201).send(await host.command(study, { type: "retry", number })),
  );

  app.post(
    "/studies/:study/trials/:number/stop",
    {
      config: { scope: "run" },
      schema: {
        ...{
          operationId: "stopTrial",
          tags,
          summary: "End a trial early: a running one as pruned, a waiting one as failed",
        },
        params: trialParams,
        response: { 200: trial, 409: problemResponse("`trial-finished`: it has ended already") },
      },
    },
    async ({ params: { study, number } }) => host.command(study, { type: "stop-trial", number }),
  );
};

/** What the command line calls an option, by its name here. */
function inOurWords(error: unknown): unknown {
  if (!(error instanceof MlbenchError)) return error;
  const message = error.message.replace(/^--(filter|state|sort)\b/, (_, option: string) =>
    option === "filter" ? "where" : option,
  );
  return message === error.message ? error : new MlbenchError(error.code, message, { exitCode: error.exitCode });
}

const noAnnotation = { note: "", tags: [], banned: false };

/** Queries answered page by page; an order that is asked for again is not made again. */
class Orders {
  readonly #context: ServiceContext;
  readonly #kept = new Map<string, readonly number[]>();

  constructor(context: ServiceContext) {
    this.#context = context;
  }

  async page(
    state: StudyState,
    query: TrialQuery,
    { limit, cursor, signal }: { limit: number; cursor: Cursor | null; signal: AbortSignal },
  ): Promise<{ readonly trials: readonly Trial[]; readonly next: string | null }> {
    if (query.sort === undefined && !query.filter?.length && !query.state?.length) {
      const from = cursor && "after" in cursor ? cursor.after + 1 : 0;
      const trials = numbersFrom(from, Math.min(state.size, from + limit)).flatMap((n) => state.trial(n) ?? []);
      return { trials, next: from + limit < state.size ? writeCursor({ after: from + limit - 1 }) : null };
    }
    const { at, revision } = cursor && "at" in cursor ? cursor : { at: 0, revision: state.revision };
    const { numbers, of } = await this.#order(state, query, { revision, signal });
    const trials = numbers.slice(at, at + limit).flatMap((n) => state.trial(n) ?? []);
    return { trials, next: at + limit < numbers.length ? writeCursor({ at: at + limit, revision: of }) : null };
  }

  /** The numbers in the order that was made of a revision; where that is forgotten, of the study as it is now. */
  async #order(
    state: StudyState,
    query: TrialQuery,
    { revision, signal }: { revision: number; signal: AbortSignal },
  ): Promise<{ readonly numbers: readonly number[]; readonly of: number }> {
    const { name, created_at } = state.header;
    const keyOf = (of: number): string => canonicalJson([name, created_at, of, query]);
    for (const of of [revision, state.revision]) {
      const numbers = this.#kept.get(keyOf(of));
      if (numbers) return { numbers, of };
    }
    const numbers = await this.#query(state, query, signal);
    this.#kept.set(keyOf(state.revision), numbers);
    for (const oldest of [...this.#kept.keys()].slice(0, -KEPT)) this.#kept.delete(oldest);
    return { numbers, of: state.revision };
  }

  async #query(state: StudyState, query: TrialQuery, signal: AbortSignal): Promise<readonly number[]> {
    if (state.size > MANY) {
      const { analysis } = resourcesOf(this.#context);
      return JSON.parse(await analysis.ask("query", { study: analysedStudy(state), query }, signal)) as number[];
    }
    return queryTrials(state.trials, query, state.header.objectives).map(({ number }) => number);
  }
}

function numbersFrom(from: number, end: number): number[] {
  return Array.from({ length: Math.max(0, end - from) }, (_, i) => from + i);
}

function writeCursor(cursor: Cursor): string {
  return Buffer.from(JSON.stringify("after" in cursor ? [cursor.after] : [cursor.at, cursor.revision])).toString(
    "base64url",
  );
}

/** @throws UsageError `invalid-cursor`. */
function readCursor(text: string | undefined): Cursor | null {
  if (text === undefined) return null;
  try {
    const read: unknown = JSON.parse(Buffer.from(text, "base64url").toString());
    if (Array.isArray(read) && read.every((one) => Number.isSafeInteger(one) && (one as number) >= 0)) {
      const [first, revision] = read as number[];
      if (read.length === 1) return { after: first as number };
      if (read.length === 2) return { at: first as number, revision: revision as number };
    }
  } catch {
    // Said below.
  }
  throw new UsageError("invalid-cursor", "cursor: expected what the page before gave as `next`");
}

/** The page as JSON, made in turns of the event loop: a thousand records with their reports are megabytes. */
async function pageText(trials: readonly Trial[], next: string | null): Promise<string> {
  const texts: string[] = [];
  let start = performance.now();
  for (const one of trials) {
    texts.push(stringifyJson(one));
    if (performance.now() - start < 10) continue;
    await setImmediate();
    start = performance.now();
  }
  return `{"trials":[${texts.join(",")}],"next":${JSON.stringify(next)}}`;
}

async function detailOf({ host }: ServiceContext, state: StudyState, number: number): Promise<TrialDetail> {
  const record = requireTrial(state, number);
  const { name } = state.header;
  const store = host.storage.artifacts(name);
  const names = (await store?.list(number)) ?? [];
  const files = await Promise.all(
    names.map(async (file) => {
      const found = await stat(join(store?.directory(number) ?? "", file)).catch(() => null);
      return { name: file, size: found?.size ?? 0 };
    }),
  );
  return {
    ...record,
    annotation: state.annotations.get(number) ?? noAnnotation,
    files,
    duplicates: sameParams(state, record),
    verdict: trialVerdict(state.header, record),
    against_defaults: await againstDefaults(state, record),
  };
}

/** More of them say nothing. */
const MOST_DUPLICATES = 100;

/** The other trials with a trial's parameters. */
function sameParams({ trials }: StudyState, { number, params }: Trial): number[] {
  const names = Object.keys(params);
  const found: number[] = [];
  if (names.length === 0) return found;
  for (const other of trials) {
    if (other.number === number || !names.every((name) => Object.is(other.params[name], params[name]))) continue;
    if (Object.keys(other.params).length === names.length) found.push(other.number);
    if (found.length === MOST_DUPLICATES) break;
  }
  return found;
}
