/** `/health` and `/metrics`: the text format of Prometheus, version 0.0.4, as its documentation has it. */
import { expect, test } from "vitest";
import type { HostedStudy, WorkerStatus } from "../../../src/host/host.js";
import { METRICS_TYPE } from "../../../src/service/metrics.js";
import { aService } from "./a-service.js";
import { fakeHost } from "./fake-host.js";

interface Parsed {
  readonly types: ReadonlyMap<string, string>;
  readonly samples: ReadonlyMap<string, number>;
  readonly faults: readonly string[];
}

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const LABEL = `[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\\\\\|\\\\"|\\\\n)*"`;
const SAMPLE = new RegExp(`^(${NAME})(\\{${LABEL}(?:,${LABEL})*\\})? (NaN|[+-]Inf|-?\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?)$`);

/**
 * The rules of prometheus.io/docs/instrumenting/exposition_formats: lines end in a line feed, the last one too; HELP and
 * TYPE once a metric and before its samples; all lines of a metric are one group; a metric with its labels stands there once.
 */
function parsed(text: string): Parsed {
  const faults: string[] = [];
  const types = new Map<string, string>();
  const helped = new Set<string>();
  const samples = new Map<string, number>();
  const groups: string[] = [];
  if (!text.endsWith("\n") || text.includes("\r")) faults.push("line ends");
  for (const line of text.split("\n").slice(0, -1)) {
    const [, kind, named = "", rest = ""] = new RegExp(`^# (HELP|TYPE) (${NAME}) (.+)$`).exec(line) ?? [];
    const sample = SAMPLE.exec(line);
    let group = named;
    if (kind === "HELP") {
      if (helped.has(named)) faults.push(`a second HELP: ${line}`);
      helped.add(named);
    } else if (kind === "TYPE") {
      if (types.has(named)) faults.push(`a second TYPE: ${line}`);
      if (!["counter", "gauge", "histogram", "summary", "untyped"].includes(rest)) faults.push(`no type: ${line}`);
      types.set(named, rest);
    } else if (sample) {
      const [, name = "", labels = "", value = ""] = sample;
      group = types.has(name) ? name : name.replace(/_(?:sum|count)$/, "");
      if (!types.has(group)) faults.push(`before its TYPE: ${line}`);
      if (name !== group && types.get(group) !== "summary") faults.push(`no summary: ${line}`);
      if (types.get(group) === "counter" && !name.endsWith("_total")) faults.push(`a counter's name: ${line}`);
      if (samples.has(name + labels)) faults.push(`twice: ${line}`);
      samples.set(name + labels, Number(value.replace("Inf", "Infinity")));
    } else faults.push(`neither: ${line}`);
    if (groups.at(-1) !== group) {
      if (groups.includes(group)) faults.push(`apart from its group: ${line}`);
      groups.push(group);
    }
  }
  return { types, samples, faults };
}

const summaryOf = (name: string, complete: number): HostedStudy => ({
  summary: {
    ...{ name, objectives: [], created_at: "", task: {}, kind: "model", user_attrs: {}, note: "", archived_at: null },
    ...{ sampler: { name: "tpe", options: {} }, pruner: { name: "nop", options: {} }, counted: complete, best: null },
    ...{ front_size: null, last_activity_at: "", revision: 1, owner: null, location: "", run: null },
    counts: { waiting: 1, running: 2, complete, pruned: 0, failed: 0 },
  },
  here: true,
  run: {
    ...{ state: "paused", total_trials: null, timeout_s: null, workers: null, weight: 1, places: 0 },
    ...{ started_at: "", ended_at: null, stopped_by: null, error: null },
  },
});

const worker: WorkerStatus = {
  ...{ id: "here", host: "lab", pid: 1, isolation: "thread", places: 4, trials_done: 3, trials_failed: 0 },
  running: [{ study: "a", number: 0, slot: 0, since: "" }],
};

function busyHost(names: readonly string[]) {
  const studies = names.map((name, i) => summaryOf(name, 10 + i));
  return fakeHost({ list: async () => ({ studies, unread: [] }), workers: () => [worker] });
}

test("the format's rules hold, and the figures are the host's", async () => {
  const service = await aService({}, busyHost(["a", "b"]));
  await service.app.inject({ url: "/api/v1/server", headers: service.bearer });
  await service.app.inject({ url: "/api/v1/studies/none/run" });
  await service.app.inject({ url: "/nowhere" });
  const answer = await service.app.inject({ url: "/metrics", headers: service.bearer });
  expect(answer.headers["content-type"]).toBe(METRICS_TYPE);
  expect(METRICS_TYPE).toMatch(/^text\/plain; version=0\.0\.4/);
  const { faults, samples, types } = parsed(answer.body);
  expect(faults).toEqual([]);
  expect(Object.fromEntries(samples)).toMatchObject({
    'mlbench_hpo_trials{study="a",state="complete"}': 10,
    'mlbench_hpo_trials{study="b",state="complete"}': 11,
    'mlbench_hpo_trials{study="b",state="running"}': 2,
    'mlbench_hpo_runs{state="paused"}': 2,
    mlbench_hpo_places: 4,
    mlbench_hpo_places_held: 1,
    'mlbench_hpo_http_requests_total{method="GET",route="/api/v1/server",status="200"}': 1,
    'mlbench_hpo_http_requests_total{method="GET",route="/api/v1/studies/:study/run",status="401"}': 1,
    'mlbench_hpo_http_request_duration_seconds_count{route="/api/v1/server"}': 1,
    mlbench_hpo_streams: 0,
  });
  expect(samples.get("process_resident_memory_bytes")).toBeGreaterThan(1e6);
  expect(samples.get('mlbench_hpo_event_loop_delay_seconds{quantile="0.99"}')).toBeGreaterThanOrEqual(0);
  expect(types.get("process_cpu_seconds_total")).toBe("counter");
});

test("text in labels is escaped, whatever stands in it", async () => {
  const odd = 'a"b\\c\nd{}';
  const service = await aService({}, busyHost([odd]));
  const { body } = await service.app.inject({ url: "/metrics", headers: service.bearer });
  expect(parsed(body).faults).toEqual([]);
  expect(body).toContain('study="a\\"b\\\\c\\nd{}"');
});

test("they want a token, and a study's token sees that study", async () => {
  const service = await aService({}, busyHost(["a", "b"]));
  expect((await service.app.inject({ url: "/metrics" })).statusCode).toBe(401);
  const { text } = await service.context.tokens.create({
    ...{ name: "scraper", scopes: ["read"], studies: ["b"], expiresAt: null },
  });
  const answer = await service.app.inject({ url: "/metrics", headers: { authorization: `Bearer ${text}` } });
  expect([answer.body.includes('study="b"'), answer.body.includes('study="a"')]).toEqual([true, false]);
});

test("health wants none and tells nothing", async () => {
  const service = await aService();
  const answer = await service.app.inject({ url: "/health" });
  expect([answer.statusCode, answer.json()]).toEqual([200, { status: "ok" }]);
});
