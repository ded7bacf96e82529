/** The stream of a study: whoever applies its frames has what a fresh look has. */
import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { applyEvent, blankTrial, createStudyState, stringifyJson } from "../../../../src/core/index.js";
import type { Metrics, StudyEvent, StudyHeader, StudyState, Trial } from "../../../../src/core/index.js";
import { ChangedTrials } from "../../../../src/host/changed-trials.js";
import type { StudyView, ViewChange } from "../../../../src/host/host.js";
import { StudyColumns } from "../../../../src/service/columns/study-columns.js";
import { EventStream } from "../../../../src/service/events/event-stream.js";
import { StudyFigures } from "../../../../src/service/events/figures.js";
import { StudyChannel } from "../../../../src/service/events/study-channel.js";
import { columns as columnsSchema } from "../../../../src/service/schemas/columns.js";
import type { ColumnRows, Columns } from "../../../../src/service/schemas/columns.js";
import { changesFrame } from "../../../../src/service/schemas/events.js";
import { cases } from "../../../cases.js";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance", "Date"], now: 1.7e12 }));
afterEach(() => void vi.useRealTimers());

const header: StudyHeader = {
  ...{
    name: "s",
    objectives: [{ metric: "value", direction: "minimize" }],
    created_at: "2026-01-02T03:04:05.000Z",
    seed: 1,
  },
  ...{ task: {}, sampler: { name: "random", options: {} }, pruner: { name: "nop", options: {} }, user_attrs: {} },
  space: { x: { type: "float", low: 0, high: 1, log: false, step: null } },
  settings: {
    ...{ trial_value: "best", on_nan: "fail", on_duplicate: "run", dry_run_pruner: false },
    ...{ plugins: [], objective: null, data_files: [], accepted_changes: [] },
  },
};

/** A view that is told events by hand. */
class AView implements StudyView {
  readonly name = "s";
  readonly owner = null;
  readonly here = false;
  readonly run = null;
  state: StudyState = createStudyState(header);
  readonly #changed = new ChangedTrials(0);
  readonly #listeners = new Set<(change: ViewChange) => void>();

  tell(event: StudyEvent): void {
    this.state = applyEvent(this.state, event);
    const { revision } = this.state;
    const number = event.type === "trial-created" ? event.trial.number : "number" in event ? event.number : null;
    if (number !== null) this.#changed.add(number, revision);
    for (const listener of this.#listeners) listener({ kind: "event", revision, event });
  }

  /** What is no event. */
  say(change: ViewChange): void {
    for (const listener of this.#listeners) listener(change);
  }

  /** As after a look that found the file anew. */
  reset(): void {
    this.#changed.reset(this.state.revision);
    for (const listener of this.#listeners) listener({ kind: "reset", revision: this.state.revision });
  }

  changedSince(revision: number): readonly number[] | null {
    return this.#changed.since(revision);
  }

  subscribe(listener: (change: ViewChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** By trial, attempt and step. */
  readonly metrics = new Map<string, Metrics>();
  metricsOf(...report: [number: number, attempt: number, step: number]): Metrics | undefined {
    return this.metrics.get(report.join("."));
  }

  async caughtUp(): Promise<void> {}

  release(): void {
    this.#listeners.clear();
  }
}

/** An answer that takes frames, or lets them pile up. */
class AResponse extends EventEmitter {
  written: string[] = [];
  writableLength = 0;
  destroyed = false;
  writableEnded = false;
  blocked = false;

  write(frame: Buffer): boolean {
    this.written.push(frame.toString());
    if (this.blocked) this.writableLength += 512 * 1024;
    return !this.blocked;
  }

  unblock(): void {
    this.blocked = false;
    if (this.writableLength === 0) return;
    this.writableLength = 0;
    this.emit("drain");
  }

  end(): void {
    this.writableEnded = true;
  }

  destroy(): void {
    this.destroyed = true;
  }
}

type Row = Record<string, unknown>;

/** What a browser does with frames and columns. */
class AClient {
  readonly rows = new Map<number, Row>();
  readonly reports = new Map<string, number>();
  revision: number | null = null;
  parameters: unknown = null;
  size = 0;
  readonly #fetch: (since: number | null) => Promise<Columns>;

  constructor(fetch: (since: number | null) => Promise<Columns>) {
    this.#fetch = fetch;
  }

  async fetch(): Promise<void> {
    const { rows, reset, revision, parameters, size } = await this.#fetch(this.revision);
    if (reset) this.rows.clear();
    this.#take(rows);
    Object.assign(this, { revision, parameters, size });
  }

  async apply(frame: string): Promise<void> {
    const [, event, data] = /(?:^|\n)event: (\w+)\ndata: (.*)\n\n$/.exec(frame) ?? [];
    if (event === "reset") await this.fetch();
    if (event !== "changes" || data === undefined) return;
    const changes = changesFrame.parse(JSON.parse(data));
    expect(frame.startsWith(`id: ${changes.revision}\n`)).toBe(true);
    this.#take(changes.rows);
    for (const [number, attempt, step, value] of changes.reports)
      this.reports.set(`${number}/${attempt}/${step}`, value as number);
    if (changes.parameters) this.parameters = changes.parameters;
    this.size = changes.size;
    this.revision = Math.max(this.revision ?? 0, changes.revision);
  }

  #take(rows: ColumnRows): void {
    const { owner, failure, params, metrics, values, tags, notes, ...plain } = rows;
    for (const [i, number] of rows.number.entries()) {
      const text = ({ dict, index }: typeof owner): string | null => dict[index[i] as number] ?? null;
      const named = (columns: Readonly<Record<string, readonly unknown[]>>): Row =>
        Object.fromEntries(
          Object.entries(columns).flatMap(([name, column]) => (column[i] === null ? [] : [[name, column[i]]])),
        );
      this.rows.set(number, {
        ...Object.fromEntries(Object.entries(plain).map(([name, column]) => [name, column[i]])),
        ...{ owner: text(owner), failure: text(failure), params: named(params), metrics: named(metrics) },
        ...{ values: values.map((column) => column[i]), tags: tags[number] ?? [], hasNote: notes.includes(number) },
      });
    }
  }
}

/** A study, its stream and columns, and one client that comes and goes. */
function aScene() {
  const view = new AView();
  const figures = new StudyFigures(view.state);
  const channel = new StudyChannel(view, figures);
  const columns = new StudyColumns();
  view.subscribe((change) => {
    if (change.kind === "event") figures.take(change.event, view.state);
    else if (change.kind === "reset") figures.reset(view.state);
    channel.take(change);
  });
  const fetch = async (since: number | null): Promise<Columns> => {
    const { plain } = await (since === null ? columns.whole(view) : columns.since(view, since));
    return columnsSchema.parse(JSON.parse((await plain()).toString()));
  };
  let response = new AResponse();
  let stream: EventStream | null = null;
  const client = new AClient(fetch);
  const take = async (): Promise<void> => {
    for (const frame of response.written.splice(0)) await client.apply(frame);
  };
  const connect = (): void => {
    response = new AResponse();
    stream = new EventStream(response as unknown as ServerResponse, { reset: () => channel.resetFrame() });
    channel.join(stream, client.revision);
  };
  const drop = (): void => {
    if (stream) channel.leave(stream);
    stream = null;
    response.written = [];
  };
  return {
    view,
    channel,
    fetch,
    client,
    take,
    connect,
    drop,
    figures,
    response: () => response,
    isOn: () => stream !== null,
  };
}

const odd = fc.constantFrom(NaN, Infinity, -Infinity, 0, -0, 1e-300);
const value = fc.oneof(
  { weight: 8, arbitrary: fc.double({ noNaN: true, min: -5, max: 5 }) },
  { weight: 1, arbitrary: odd },
);
const pick = fc.nat(50);
const step = fc.oneof(
  fc.record({
    do: fc.constant("create" as const),
    x: fc.double({ min: 0, max: 1, noNaN: true }),
    suggested: fc.boolean(),
  }),
  fc.record({ do: fc.constantFrom("start" as const, "requeue" as const), pick }),
  fc.record({ do: fc.constant("report" as const), pick, value }),
  fc.record({
    do: fc.constant("finish" as const),
    pick,
    value,
    state: fc.constantFrom("complete" as const, "pruned" as const, "failed" as const),
  }),
  fc.record({ do: fc.constant("annotate" as const), pick, banned: fc.boolean(), note: fc.constantFrom("", "n") }),
  fc.record({
    do: fc.constantFrom(
      "tick" as const,
      "drop" as const,
      "connect" as const,
      "block" as const,
      "unblock" as const,
      "reset" as const,
      "respace" as const,
    ),
  }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** The event that a step is, where it can happen. */
function eventOf(state: StudyState, one: Step): StudyEvent | null {
  const at = "2026-01-02T03:04:05.678Z";
  const nth = (wanted: Trial["state"][], n: number): Trial | undefined => {
    const fitting = state.trials.filter((trial) => wanted.includes(trial.state));
    return fitting[n % Math.max(1, fitting.length)];
  };
  switch (one.do) {
    case "create": {
      const distributions = { y: { type: "int", low: 0, high: 1 + (state.size % 3), log: false, step: 1 } } as const;
      const more = one.suggested ? { params: { x: one.x, y: 1 }, distributions } : { params: { x: one.x } };
      return { type: "trial-created", trial: blankTrial(state.size, more) };
    }
    case "start": {
      const trial = nth(["waiting"], one.pick);
      return trial
        ? {
            type: "trial-started",
            number: trial.number,
            started_at: at,
            owner: `o${one.pick % 3}`,
            slot: 1,
            backend: null,
          }
        : null;
    }
    case "requeue": {
      const trial = nth(["running"], one.pick);
      return trial ? { type: "trial-requeued", number: trial.number, at, reason: "gone" } : null;
    }
    case "report": {
      const trial = nth(["running"], one.pick);
      if (!trial) return null;
      return {
        type: "trial-report",
        number: trial.number,
        step: trial.intermediate.length + 1,
        value: one.value,
        seen: state.finished,
      };
    }
    case "finish": {
      const trial = nth(["running"], one.pick);
      if (!trial) return null;
      const ended = {
        finished_at: at,
        seconds: 1,
        backend: null,
        prune_reason: null,
        metrics: { best: { m: one.value } },
      };
      const failure = one.state === "failed" ? ({ class: "exception", message: "m", where: "w" } as const) : null;
      const constraints = one.pick % 2 ? { "m<=1": one.value } : {};
      const values = one.state === "complete" ? [one.value] : null;
      return { type: "trial-finished", number: trial.number, state: one.state, values, ...ended, failure, constraints };
    }
    case "annotate": {
      const trial = nth(["waiting", "running", "complete", "pruned", "failed"], one.pick);
      const tags = one.pick % 2 ? ["t"] : [];
      return trial ? { type: "trial-annotated", number: trial.number, note: one.note, tags, banned: one.banned } : null;
    }
    case "respace":
      return {
        ...{ type: "space-changed", at, before: { fixed: {}, conditions: {} } },
        space: {
          ...state.header.space,
          [`z${state.revision}`]: { type: "float", low: 0, high: 1, log: false, step: null },
        },
      };
    default:
      return null;
  }
}

test("after any course of events, absences and delays a client has what a fresh look has", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 80 }), async (steps) => {
      const scene = aScene();
      await scene.client.fetch();
      scene.connect();
      for (const one of steps) {
        const event = eventOf(scene.view.state, one);
        if (event) scene.view.tell(event);
        if (one.do === "tick") vi.advanceTimersByTime(120);
        if (one.do === "drop" && scene.isOn()) scene.drop();
        if (one.do === "connect" && !scene.isOn()) scene.connect();
        if (one.do === "block") scene.response().blocked = true;
        if (one.do === "unblock") scene.response().unblock();
        if (one.do === "reset") scene.view.reset();
        await scene.take();
      }
      if (!scene.isOn()) scene.connect();
      scene.response().unblock();
      vi.advanceTimersByTime(1000);
      await scene.take();
      const fresh = new AClient(scene.fetch);
      await fresh.fetch();
      expect(scene.client.revision).toBe(fresh.revision);
      expect([...scene.client.rows].sort(([a], [b]) => a - b)).toEqual([...fresh.rows]);
      expect([scene.client.size, scene.client.parameters]).toEqual([fresh.size, fresh.parameters]);
    }),
    { numRuns: cases(120) },
  );
});

test("reports of a client that stays come each once, in order; the first are told at once, then those of 100 ms in one frame", async () => {
  const { view, connect, client, take, response } = aScene();
  await client.fetch();
  view.tell({ type: "trial-created", trial: blankTrial(0, { params: { x: 0.5 } }) });
  view.tell({
    type: "trial-started",
    number: 0,
    started_at: "2026-01-02T03:04:05.678Z",
    owner: "o",
    slot: 0,
    backend: null,
  });
  await client.fetch();
  connect();
  expect(response().written.splice(0)).toEqual(['event: hello\ndata: {"revision":2}\n\n']);
  for (let i = 1; i <= 30; i++) {
    view.tell({ type: "trial-report", number: 0, step: i, value: i === 7 ? NaN : i / 10, seen: 0 });
    vi.advanceTimersByTime(10);
    if (i === 2) expect(response().written).toHaveLength(1);
  }
  vi.advanceTimersByTime(200);
  const frames = response().written.slice();
  // After 15, 115, 215 and 315 ms.
  expect(frames).toHaveLength(4);
  const reports = frames.flatMap(
    (frame) => (JSON.parse(/data: (.*)/.exec(frame)?.[1] ?? "") as { reports: unknown[] }).reports,
  );
  expect(reports).toEqual(Array.from({ length: 30 }, (_, i) => [0, 1, i + 1, i === 6 ? "NaN" : (i + 1) / 10, 0]));
  await take();
  expect(client.rows.get(0)).toMatchObject({ steps: 30, last_step: 30, last_value: 3 });
});

test("a report is told with its further numbers, where it has any, and once more to who comes back", async () => {
  const { view, connect, drop, client, response } = aScene();
  await client.fetch();
  view.tell({ type: "trial-created", trial: blankTrial(0, { params: { x: 0.5 } }) });
  const at = { started_at: "2026-01-02T03:04:05.678Z", owner: "o", slot: 0, backend: null };
  view.tell({ type: "trial-started", number: 0, ...at });
  await client.fetch();
  connect();
  view.metrics.set("0.1.2", { loss: NaN, lr: 0.125 });
  for (const step of [1, 2]) view.tell({ type: "trial-report", number: 0, step, value: step, seen: 0 });
  vi.advanceTimersByTime(200);
  const told = (): unknown[] =>
    response().written.flatMap((frame) => {
      const [, data] = /event: changes\ndata: (.*)/.exec(frame) ?? [];
      return data === undefined ? [] : changesFrame.parse(JSON.parse(data)).reports;
    });
  const reports = [
    [0, 1, 1, 1, 0],
    [0, 1, 2, 2, 0, { loss: "NaN", lr: 0.125 }],
  ];
  expect(told()).toEqual(reports);
  drop();
  connect();
  expect(told()).toEqual(reports);
});

test("a report whose metrics are read later is told once more, with them; one that waits to be told, once", async () => {
  const { view, connect, client, response } = aScene();
  await client.fetch();
  view.tell({ type: "trial-created", trial: blankTrial(0, { params: { x: 0.5 } }) });
  const at = { started_at: "2026-01-02T03:04:05.678Z", owner: "o", slot: 0, backend: null };
  view.tell({ type: "trial-started", number: 0, ...at });
  await client.fetch();
  connect();
  const told = (): (readonly unknown[])[] =>
    response().written.flatMap((frame) => {
      const [, data] = /event: changes\ndata: (.*)/.exec(frame) ?? [];
      return data === undefined ? [] : [changesFrame.parse(JSON.parse(data)).reports];
    });
  view.tell({ type: "trial-report", number: 0, step: 1, value: 0.5, seen: 2 });
  vi.advanceTimersByTime(200);
  const before = told().length;
  view.tell({ type: "trial-report", number: 0, step: 2, value: 0.25, seen: 2 });
  view.metrics.set("0.1.1", { loss: 1 });
  view.metrics.set("0.1.2", { loss: 2 });
  view.say({
    kind: "metrics",
    reports: [
      [0, 1, 1],
      [0, 1, 2],
      [0, 1, 9],
    ],
  });
  vi.advanceTimersByTime(200);
  expect(told()[before - 1]).toEqual([[0, 1, 1, 0.5, 2]]);
  expect(told().slice(before)).toEqual([
    [
      [0, 1, 2, 0.25, 2, { loss: 2 }],
      [0, 1, 1, 0.5, 2, { loss: 1 }],
    ],
  ]);
  // They are told as often as that.
  view.say({ kind: "metrics", reports: [[0, 1, 1]] });
  vi.advanceTimersByTime(200);
  expect(told().slice(before + 1)).toEqual([]);
});

test("clients are sent the same bytes; one that is behind is reset, not queued for", () => {
  const { view, channel } = aScene();
  const all = [new AResponse(), new AResponse(), new AResponse()];
  const sent: Buffer[][] = all.map(() => []);
  for (const [i, response] of all.entries()) {
    const write = response.write.bind(response);
    response.write = (frame) => {
      sent[i]?.push(frame);
      return write(frame);
    };
    const stream = new EventStream(response as unknown as ServerResponse, { reset: () => channel.resetFrame() });
    channel.join(stream, null);
  }
  const slow = all[2] as AResponse;
  slow.blocked = true;
  slow.writableLength = 1024 * 1024;
  for (let number = 0; number < 50; number++) {
    view.tell({ type: "trial-created", trial: blankTrial(number, { params: { x: 0.5 } }) });
    vi.advanceTimersByTime(120);
  }
  // One a change, and now and then the study's entry alone.
  expect(sent[0]?.length).toBeGreaterThanOrEqual(51);
  expect(sent[0]).toHaveLength(sent[1]?.length ?? 0);
  for (const [i, frame] of sent[0]?.entries() ?? []) if (i > 0) expect(frame).toBe(sent[1]?.[i]);
  expect(slow.written).toHaveLength(1);
  slow.unblock();
  expect(slow.written.at(-1)).toBe('id: 50\nevent: reset\ndata: {"revision":50}\n\n');
  view.tell({ type: "trial-created", trial: blankTrial(50, { params: { x: 0.5 } }) });
  vi.advanceTimersByTime(120);
  expect(slow.written.at(-1)).toContain('"number":[50]');
});

test("a client that comes back with a revision of another life of the study begins anew", () => {
  const { channel } = aScene();
  const response = new AResponse();
  channel.join(new EventStream(response as unknown as ServerResponse, { reset: () => channel.resetFrame() }), 77);
  expect(response.written).toEqual([
    'event: hello\ndata: {"revision":0}\n\n',
    'id: 0\nevent: reset\ndata: {"revision":0}\n\n',
  ]);
});

test("a study that goes away is said, and its streams end", () => {
  const { channel } = aScene();
  const response = new AResponse();
  channel.join(new EventStream(response as unknown as ServerResponse, { reset: () => channel.resetFrame() }), null);
  // What was put together by then comes before, nothing after.
  channel.take({ kind: "status" });
  channel.take({ kind: "gone", code: "study-deleted", message: "it was deleted" });
  expect(response.written.at(-1)).toBe(
    `event: gone\ndata: ${stringifyJson({ code: "study-deleted", message: "it was deleted" })}\n\n`,
  );
  expect([response.writableEnded, channel.clients]).toEqual([true, 0]);
});

test("the study's entry comes with its figures: best, course, pace", () => {
  const { view, figures } = aScene();
  const now = new Date(Date.now()).toISOString();
  for (const [number, x] of [4, 3, 5, 2].entries()) {
    view.tell({ type: "trial-created", trial: blankTrial(number, { params: { x: 0.5 } }) });
    view.tell({ type: "trial-started", number, started_at: now, owner: "o", slot: 0, backend: null });
    vi.advanceTimersByTime(15_000);
    const ended = {
      finished_at: new Date(Date.now()).toISOString(),
      seconds: 15,
      backend: null,
      prune_reason: null,
      failure: null,
    };
    view.tell({ type: "trial-finished", number, state: "complete", values: [x], metrics: {}, ...ended });
  }
  expect(figures.best).toEqual({ number: 3, value: 2, values: [2] });
  expect(figures.sparkline).toEqual([4, 3, 3, 2]);
  const run = { state: "running", total_trials: 10, timeout_s: null, workers: null, weight: 1, places: 1 } as const;
  const goal = { ...run, started_at: now, ended_at: null, stopped_by: null, error: null };
  // Four trials in the minute since the first of them began; six are left.
  expect(figures.pace(4, goal)).toEqual({ trials_per_minute: 4, eta_s: 90 });
  view.tell({ type: "trial-annotated", number: 3, note: "", tags: [], banned: true });
  expect([figures.best?.number, figures.sparkline]).toEqual([1, [4, 3, 3, 3]]);
  vi.advanceTimersByTime(600_000);
  expect(figures.pace(4, goal)).toEqual({ trials_per_minute: null, eta_s: null });
});
