/** The event stream of one study: what happens to it, at most every 100 ms, made into one frame for all clients. */
import { encodeNumber, stringifyJson, trialOf } from "../../core/index.js";
import type { Metrics, SearchSpace, StudyEvent, Trial } from "../../core/index.js";
import type { StudyView, ViewChange } from "../../host/host.js";
import { rowsText } from "../columns/rows.js";
import { parametersOf } from "../columns/study-columns.js";
import { entryOfView } from "./entry.js";
import type { EventStream } from "./event-stream.js";
import { frameOf } from "./event-stream.js";
import type { StudyFigures } from "./figures.js";

/** Milliseconds between two frames. */
const GATHERED = 100;
/** What comes after a while of quiet is told sooner: what is written together is read together. */
const LEAD = 15;
/** Milliseconds between two entries of the study in its stream. */
const ENTRY_PAUSE = 200;
/** More rows or reports than this are fetched as columns. */
const MOST_ROWS = 5000;
const MOST_REPORTS = 20_000;

type Report = readonly [number: number, attempt: number, step: number, value: number, seen: number, metrics?: Metrics];

/** Not by a replacer, which is called for each number: there are many. */
const onTheWire = ([number, attempt, step, value, seen, metrics]: Report): readonly unknown[] => {
  const told = [number, attempt, step, encodeNumber(value), seen];
  if (!metrics) return told;
  return [...told, Object.fromEntries(Object.entries(metrics).map(([name, one]) => [name, encodeNumber(one)]))];
};

/** So many reports are kept in mind whose metrics may be read later. */
const MOST_BARE = 5_000;

const keyOf = (number: number, attempt: number, step: number): string => `${number}.${attempt}.${step}`;

/** What is to be told. */
interface Pending {
  readonly numbers: Set<number>;
  reports: Report[];
  entry: boolean;
  parameters: boolean;
}

const nothing = (): Pending => ({ numbers: new Set(), reports: [], entry: false, parameters: false });

/** Tells the clients of one study. */
export class StudyChannel {
  readonly #view: StudyView;
  readonly #figures: StudyFigures;
  readonly #clients = new Set<EventStream>();
  readonly #gathered: number;
  /** Reports of another process that were told without metrics. */
  readonly #bare = new Map<string, Report>();
  #pending = nothing();
  #timer: NodeJS.Timeout | null = null;
  #due = Infinity;
  #flushedAt = -Infinity;
  #entryAt = -Infinity;

  /** @param gathered milliseconds between two frames at least. @default 100 */
  constructor(view: StudyView, figures: StudyFigures, gathered = GATHERED) {
    [this.#view, this.#figures, this.#gathered] = [view, figures, gathered];
  }

  get clients(): number {
    return this.#clients.size;
  }

  /**
   * Lets a client take part: tells it what happened after the revision that it has.
   * @param since null: it has none, or fetches everything anyway
   */
  join(client: EventStream, since: number | null): void {
    const { revision } = this.#view.state;
    this.#clients.add(client);
    const missed = since === null || since === revision ? [] : since > revision ? null : this.#view.changedSince(since);
    client.send(frameOf("hello", `{"revision":${missed === null || since === null ? revision : since}}`));
    if (missed === null) client.send(this.resetFrame());
    else if (missed.length > 0 || (since !== null && since < revision)) client.send(this.#missedFrame(missed));
  }

  leave(client: EventStream): void {
    this.#clients.delete(client);
    if (this.#clients.size === 0) this.#forget();
  }

  /** Has a client begin anew: what comes after this frame is what happens after its revision. */
  resetFrame(): Buffer {
    const { revision } = this.#view.state;
    return frameOf("reset", `{"revision":${revision}}`, revision);
  }

  beat(): void {
    for (const client of this.#clients) client.beat();
  }

  /** What happened to the study. The view has it already. */
  take(change: ViewChange): void {
    if (this.#clients.size === 0) return;
    if (change.kind === "event") this.#takeEvent(change.event);
    else if (change.kind === "metrics") this.#takeMetrics(change.reports);
    else if (change.kind === "status") this.#pending.entry = true;
    else if (change.kind === "reset") {
      this.#forget();
      this.#tell(this.resetFrame());
      this.#pending.entry = true;
    } else {
      if (this.#timer) this.#flush();
      this.#forget();
      this.#tell(frameOf("gone", stringifyJson({ code: change.code, message: change.message })));
      this.end();
      return;
    }
    // Who writes it is mostly known just before what is written.
    this.#schedule(change.kind === "event" ? Math.min(LEAD, this.#gathered) : this.#gathered);
  }

  /** Ends every stream; what was put together goes out first. */
  end(): void {
    if (this.#timer) this.#flush();
    this.#forget();
    for (const client of this.#clients) client.end();
    this.#clients.clear();
  }

  #takeEvent(event: StudyEvent): void {
    const pending = this.#pending;
    const number = trialOf(event);
    if (number !== null) pending.numbers.add(number);
    if (event.type === "trial-report") {
      const { step, value, seen } = event;
      const attempt = this.#view.state.trial(event.number)?.attempt ?? 1;
      pending.reports.push(this.#report(event.number, attempt, step, value, seen));
      return;
    }
    if (event.type === "space-changed" || event.type === "trial-param") pending.parameters = true;
    if (event.type === "trial-created" && event.trial.distributions) pending.parameters = true;
    if (event.type !== "trial-param" && event.type !== "trial-attr") pending.entry = true;
  }

  #report(number: number, attempt: number, step: number, value: number, seen: number): Report {
    const metrics = this.#view.metricsOf(number, attempt, step);
    if (metrics) return [number, attempt, step, value, seen, metrics];
    const bare: Report = [number, attempt, step, value, seen];
    if (this.#view.here) return bare;
    this.#bare.set(keyOf(number, attempt, step), bare);
    if (this.#bare.size > MOST_BARE) this.#bare.delete(this.#bare.keys().next().value ?? "");
    return bare;
  }

  /** Reports whose metrics are known by now are told with them: once more, where they have been told. */
  #takeMetrics(found: readonly (readonly [number: number, attempt: number, step: number])[]): void {
    const { reports } = this.#pending;
    for (const of of found) {
      const key = keyOf(...of);
      const bare = this.#bare.get(key);
      const metrics = this.#view.metricsOf(...of);
      if (!bare || !metrics) continue;
      this.#bare.delete(key);
      const [number, attempt, step, value, seen] = bare;
      const at = reports.indexOf(bare);
      reports.splice(at < 0 ? reports.length : at, at < 0 ? 0 : 1, [number, attempt, step, value, seen, metrics]);
    }
  }

  /** Has what is put together told after so many milliseconds, or before. */
  #schedule(after: number): void {
    const now = performance.now();
    // No two frames are closer than that, whatever each is about.
    const due = Math.max(now + after, this.#flushedAt + this.#gathered);
    if (this.#timer && this.#due <= due) return;
    if (this.#timer) clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => {
      this.#flush();
    }, due - now).unref();
  }

  #flush(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#clients.size === 0) return this.#forget();
    const pending = this.#pending;
    const now = (this.#flushedAt = performance.now());
    const entry = pending.entry && now - this.#entryAt >= ENTRY_PAUSE;
    const { numbers, reports, parameters } = pending;
    if (numbers.size > 0 || reports.length > 0 || parameters || entry) {
      this.#pending = { ...nothing(), entry: pending.entry && !entry };
      if (entry) this.#entryAt = now;
      const isTooMuch = numbers.size > MOST_ROWS || reports.length > MOST_REPORTS;
      this.#tell(isTooMuch ? this.resetFrame() : this.#changesFrame([...numbers], { reports, parameters, entry }));
    }
    if (this.#pending.entry) this.#schedule(Math.max(1, this.#entryAt + ENTRY_PAUSE - now));
  }

  /** What happened before a client came, and it has not; a report of it may be told again. */
  #missedFrame(numbers: readonly number[]): Buffer {
    if (numbers.length > MOST_ROWS) return this.resetFrame();
    const reports: Report[] = [];
    for (const number of numbers) {
      const { attempt, intermediate, seen } = this.#view.state.trial(number) as Trial;
      for (const [i, [step, value]] of intermediate.entries())
        reports.push(this.#report(number, attempt, step, value, seen[i] as number));
      if (reports.length > MOST_REPORTS) return this.resetFrame();
    }
    return this.#changesFrame(numbers, { reports, parameters: true, entry: true });
  }

  #changesFrame(
    numbers: readonly number[],
    { reports, parameters, entry }: { reports: readonly Report[]; parameters: boolean; entry: boolean },
  ): Buffer {
    const { state } = this.#view;
    const ascending = [...numbers].sort((a, b) => a - b);
    const trials = ascending.flatMap((number) => state.trial(number) ?? []);
    const space: SearchSpace | null = parameters ? parametersOf(state) : null;
    const data =
      `{"revision":${state.revision},"size":${state.size},` +
      `"rows":${rowsText(trials, state.annotations, state.header.objectives.length)},` +
      `"parameters":${JSON.stringify(space)},` +
      `"reports":${JSON.stringify(reports.map(onTheWire))},` +
      `"study":${entry ? stringifyJson(entryOfView(this.#view, this.#figures)) : "null"}}`;
    return frameOf("changes", data, state.revision);
  }

  #tell(frame: Buffer): void {
    for (const client of this.#clients) client.send(frame);
  }

  #forget(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#pending = nothing();
    this.#bare.clear();
  }
}
