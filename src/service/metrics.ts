/** What is measured of a service, as Prometheus' text format has it (version 0.0.4). */
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { IntervalHistogram } from "node:perf_hooks";
import type { StudyHost } from "../host/host.js";

/** The `Content-Type` of {@link Metrics.text}. */
export const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [labels: Labels, value: number];

/** How long an event-loop delay counts: between one and two of these. */
const WINDOW_MS = 60_000;
/** How often the event loop is asked; what it says has this in it. */
const RESOLUTION_MS = 10;

/** What the service knows about itself beside its host. */
export interface ServiceFigures {
  readonly version: string;
  readonly streams: () => number;
  readonly connections: () => number;
  readonly wrongTokens: () => number;
}

/** A request, as it is counted. */
export interface CountedRequest {
  readonly method: string;
  /** As it was declared: `/studies/:study`. */
  readonly route: string;
  readonly status: number;
  /** Null for a stream, which lasts as long as its reader wants. */
  readonly ms: number | null;
}

/** Counts requests and the event loop's delays; writes all figures down. */
export class Metrics {
  readonly #requests = new Map<string, { readonly labels: Labels; count: number }>();
  readonly #durations = new Map<string, { seconds: number; count: number }>();
  #delays: IntervalHistogram;
  #before: IntervalHistogram | null = null;
  readonly #timer: NodeJS.Timeout;

  constructor(readonly figures: ServiceFigures) {
    this.#delays = startedDelays();
    this.#timer = setInterval(() => {
      this.#before?.disable();
      this.#before = this.#delays;
      this.#delays = startedDelays();
    }, WINDOW_MS).unref();
  }

  /** An answer that has ended. */
  count({ method, route, status, ms }: CountedRequest): void {
    const key = `${method} ${route} ${status}`;
    const entry = this.#requests.get(key) ?? { labels: { method, route, status: String(status) }, count: 0 };
    entry.count++;
    this.#requests.set(key, entry);
    if (ms === null) return;
    const duration = this.#durations.get(route) ?? { seconds: 0, count: 0 };
    duration.seconds += ms / 1000;
    duration.count++;
    this.#durations.set(route, duration);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#delays.disable();
    this.#before?.disable();
  }

  /** @param sees whether the asker may see a study */
  async text(host: StudyHost, sees: (study: string) => boolean): Promise<string> {
    const page = new Page();
    await addStudies(page, host, sees);
    this.#addService(page);
    addProcess(page);
    return page.text();
  }

  #addService(page: Page): void {
    const { version, streams, connections, wrongTokens } = this.figures;
    page.add("mlbench_hpo_info", "gauge", "The version that runs.", [[{ version, node: process.version }, 1]]);
    page.add(
      "mlbench_hpo_http_requests_total",
      "counter",
      "Requests that were answered.",
      [...this.#requests.values()].map(({ labels, count }) => [labels, count] as const),
    );
    page.addSummary(
      "mlbench_hpo_http_request_duration_seconds",
      "Time from a request to the end of its answer, streams left out.",
      [...this.#durations].map(([route, { seconds, count }]) => ({ labels: { route }, seconds, count })),
    );
    page.add("mlbench_hpo_streams", "gauge", "Answers that go on.", [[{}, streams()]]);
    page.add("mlbench_hpo_connections", "gauge", "Open connections.", [[{}, connections()]]);
    page.add("mlbench_hpo_wrong_tokens_total", "counter", "Requests with a wrong token.", [[{}, wrongTokens()]]);
    const delay = (percentile: number): number =>
      Math.max(
        0,
        ...[this.#delays, this.#before].map(
          (found) => (found?.percentile(percentile) ?? 0) / 1e9 - RESOLUTION_MS / 1000,
        ),
      );
    page.add("mlbench_hpo_event_loop_delay_seconds", "gauge", "Delay of the event loop in the last minute or two.", [
      [{ quantile: "0.5" }, delay(50)],
      [{ quantile: "0.99" }, delay(99)],
    ]);
  }
}

function startedDelays(): IntervalHistogram {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  return delays;
}

async function addStudies(page: Page, host: StudyHost, sees: (study: string) => boolean): Promise<void> {
  const { studies, unread } = await host.list();
  const seen = studies.filter(({ summary }) => sees(summary.name));
  page.add("mlbench_hpo_studies", "gauge", "Studies of the storage.", [
    [{ readable: "true" }, seen.length],
    [{ readable: "false" }, unread.filter(({ name }) => sees(name)).length],
  ]);
  page.add(
    "mlbench_hpo_trials",
    "gauge",
    "Trials of a study by state.",
    seen.flatMap(({ summary: { name, counts } }) =>
      Object.entries(counts).map(([state, count]) => [{ study: name, state }, count] as const),
    ),
  );
  const runs = new Map([["running", 0]]);
  for (const { run } of seen) if (run) runs.set(run.state, (runs.get(run.state) ?? 0) + 1);
  page.add(
    "mlbench_hpo_runs",
    "gauge",
    "Runs by state.",
    [...runs].map(([state, count]) => [{ state }, count] as const),
  );
  const workers = host.workers();
  page.add("mlbench_hpo_places", "gauge", "Trials that can run at once.", [
    [{}, workers.reduce((sum, { places }) => sum + places, 0)],
  ]);
  page.add("mlbench_hpo_places_held", "gauge", "Places that trials run in.", [
    [{}, workers.reduce((sum, { running }) => sum + running.length, 0)],
  ]);
  page.add("mlbench_hpo_leases", "gauge", "Trials that are out under a lease.", [
    [{}, host.outside().filter(({ study }) => sees(study)).length],
  ]);
}

function addProcess(page: Page): void {
  const { rss, heapUsed, heapTotal } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  page.add("process_cpu_seconds_total", "counter", "CPU time of the process.", [[{}, (user + system) / 1e6]]);
  page.add("process_resident_memory_bytes", "gauge", "Memory of the process.", [[{}, rss]]);
  page.add("process_start_time_seconds", "gauge", "When the process started, since 1970.", [
    [{}, Math.round(performance.timeOrigin) / 1000],
  ]);
  page.add("nodejs_heap_size_used_bytes", "gauge", "JavaScript's heap in use.", [[{}, heapUsed]]);
  page.add("nodejs_heap_size_total_bytes", "gauge", "JavaScript's heap.", [[{}, heapTotal]]);
}

/** Lines of the format: each metric with its help and type before its samples. */
class Page {
  readonly #lines: string[] = [];

  add(name: string, type: "counter" | "gauge", help: string, samples: readonly Sample[]): void {
    this.#head(name, type, help);
    for (const [labels, value] of samples) this.#lines.push(line(name, labels, value));
  }

  addSummary(
    name: string,
    help: string,
    samples: readonly { readonly labels: Labels; readonly seconds: number; readonly count: number }[],
  ): void {
    this.#head(name, "summary", help);
    for (const { labels, seconds, count } of samples)
      this.#lines.push(line(`${name}_sum`, labels, seconds), line(`${name}_count`, labels, count));
  }

  #head(name: string, type: string, help: string): void {
    this.#lines.push(
      `# HELP ${name} ${help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}`,
      `# TYPE ${name} ${type}`,
    );
  }

  text(): string {
    return `${this.#lines.join("\n")}\n`;
  }
}

function line(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text)}"`);
  const number = Number.isFinite(value) ? String(value) : Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
  return `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${number}`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
