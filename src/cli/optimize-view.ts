/** A call of `optimize` for people: a live picture on a terminal, plain lines elsewhere. */
import type { OptimizeEvent, StudyHeader, Trial } from "../core/index.js";
import { directionsOf, isFeasible, objectivesInWords, oneLine, RunningFront, trialNote } from "../core/index.js";
import { JsonView } from "./json-view.js";
import type { JsonViewOptions } from "./json-view.js";
import type { LiveRegion } from "./live-region.js";
import { duration, progressBar, shortNumber } from "./render.js";
import type { CliIo } from "./io.js";
import { printDetail, printNote, printNotice, shown } from "./io.js";
import { OptimizeDetails } from "./optimize-details.js";
import { styled } from "./styles.js";
import { tellerOf } from "./teller.js";
import { movesCursor, sizeOf } from "./terminal.js";
import { flowText, textWidth, wrapText } from "./text-layout.js";
import { paramText, stateStyle, valueText } from "./trial-table.js";

/** Shows a call of `optimize` as it goes. */
export interface OptimizeView {
  onEvent(event: OptimizeEvent): void;
  /** Leaves a clean line behind; what follows is printed below. */
  stop(): void;
}

export interface ViewOptions extends JsonViewOptions {
  /** The best trial, or the Pareto front, before this call. */
  readonly front: readonly Trial[];
  /** What the values are, with their units. @default the objectives, without */
  readonly values?: string;
  /** What the study fixes, for details. @default no details */
  readonly header?: StudyHeader;
}

/** `lr 0.00312`, `hidden_size 48`: parameters in words, without their groups. */
function paramWords(params: Trial["params"]): string[] {
  return Object.entries(params).map(([name, value]) => `${name.slice(name.indexOf(".") + 1)} ${paramText(value)}`);
}

/** Columns that a value takes, with its mark; and its spread over the parts of a cross-validated trial. */
const VALUE = 11;
const SPREAD = " ± 0.000123".length;
/** Under the value of the line before. */
const INDENT = "trial 000  ".length;

/**
 * The line of a finished trial: `trial  17  complete  0.01234 *  lr 0.003 …`; `*` marks a new best, or a new point of the
 * front. Why it was pruned or failed comes last: parameters are compared with those of the lines above.
 * @param width where a line ends; what is longer goes on below, indented
 */
export function trialLine(trial: Trial, isNewBest: boolean, width = Infinity): string {
  const values = (trial.values ?? []).map((_value, i) => valueText(trial, i)).join(", ");
  const mark = isNewBest ? " *" : isFeasible(trial) ? "" : " infeasible";
  const columns = VALUE * (trial.values?.length ?? 1) + (trial.intermediate_parts ? SPREAD : 0);
  const value = (trial.state === "complete" ? `${values}${mark}` : "").padEnd(columns);
  const style = stateStyle(trial);
  const state = style ? styled(style, trial.state.padEnd(8)) : trial.state.padEnd(8);
  const [first = "", ...params] = paramWords(trial.params);
  const head = `trial ${String(trial.number).padStart(3)}  ${state}  ${isNewBest ? styled("best", value) : value}`;
  const line = flowText([`${head}  ${first}`, ...params], width, INDENT).trimEnd();
  const why = trial.state === "complete" ? "" : trialNote(trial);
  if (why === "") return line;
  const last = line.slice(line.lastIndexOf("\n") + 1);
  if (textWidth(last) + 2 + textWidth(why) <= width) return `${line}  ${styled("muted", why)}`;
  const rest = wrapText(why, width - INDENT).map((text) => `\n${" ".repeat(INDENT)}${styled("muted", text)}`);
  return line + rest.join("");
}

/** `best 0.0123`, or with several objectives `front 5`; nothing before there is any. */
function bestText(front: RunningFront, objectives: ViewOptions["objectives"]): string {
  if (front.values.length === 0) return "";
  return objectives.length > 1 ? `  front ${front.values.length}` : `  best ${shortNumber(front.best, 5)}`;
}

function startLine(event: Extract<OptimizeEvent, { event: "start" }>): string {
  const goal = Number.isFinite(event.more) ? ` of ${event.finished + event.more}` : "";
  const recovered = event.recovered.length > 0 ? `; rerun first: ${event.recovered.join(", ")}` : "";
  return `${event.study}: ${event.finished}${goal} trials done, ${event.slots} in parallel${recovered}`;
}

/** `interrupted: waiting up to 10 s for trials 20, 21; Ctrl-C again stops now`, `timeout: stopping trials 0, 1`. */
function drainLine({ by, running, graceMs }: Extract<OptimizeEvent, { event: "draining" }>): string {
  const why = by === "interrupt" ? "interrupted" : by;
  if (running.length === 0) return `${why}: nothing is running`;
  const trials = `${running.length === 1 ? "trial" : "trials"} ${running.join(", ")}`;
  if (graceMs === 0) return `${why}: stopping ${trials}`;
  const limit = graceMs === null ? "" : ` up to ${duration(graceMs / 1000)}`;
  const now = by === "interrupt" ? "; Ctrl-C again stops now" : "";
  return `${why}: waiting${limit} for ${trials}${now}`;
}

/** What the numbers of the lines are, and their mark. */
function legendLine({ objectives, values = objectivesInWords(objectives) }: ViewOptions): string {
  const best = objectives.length > 1 ? "a new point of the front" : "a new best";
  return `values: ${values}; * marks ${best}`;
}

/** The line of an event that both views tell alike; null for the others. */
function commonLine(event: OptimizeEvent): string | null {
  switch (event.event) {
    case "requeued":
      return `trial ${event.number} interrupted; it will be rerun first`;
    case "held":
      return `trial ${event.number} is done; its result waits for trial ${event.waitsFor}`;
    case "paused":
      return "paused: no further trial starts until `mlbench-hpo resume`";
    case "resumed":
      return "resumed";
    case "subscriber-failed":
      return `${event.subscriber} failed, and goes on being called: ${oneLine(event.message)}`;
    case "draining":
      return drainLine(event);
    default:
      return null;
  }
}

/** Piped: a plain line for each thing worth keeping in a log; the reader of the pipe gets the first line first. */
export class PlainView implements OptimizeView {
  readonly #front: RunningFront;

  /** @param print where the lines go. @default stdout; stderr for what is a warning, which `--quiet` leaves */
  constructor(
    private readonly io: CliIo,
    private readonly options: ViewOptions,
    private readonly print: (line: string, isWarning: boolean) => void = (line, isWarning) =>
      isWarning ? printNotice(this.io.stderr, "warning", line) : printNote(this.io.stdout, line),
  ) {
    this.#front = new RunningFront(directionsOf(options), options.front);
  }

  onEvent(event: OptimizeEvent): void {
    const line = this.#line(event);
    if (line !== null) this.print(line, event.event === "subscriber-failed");
  }

  #line(event: OptimizeEvent): string | null {
    switch (event.event) {
      case "start":
        return `${startLine(event)}\n${legendLine(this.options)}`;
      case "trial":
        return trialLine(event.trial, this.#front.take(event.trial));
      case "held":
        // Worth seeing while it lasts; in a log the trial's own line says it.
        return null;
      default:
        return commonLine(event);
    }
  }

  stop(): void {}
}

interface Running {
  readonly number: number;
  readonly started: number;
  text: string;
}

/** On a terminal: a bar over all, a line a running trial, and a line above for each finished one. */
class LiveView implements OptimizeView {
  readonly #front: RunningFront;
  readonly #started = performance.now();
  /** By slot. */
  readonly #running: (Running | null)[] = [];
  #goal = 0;
  #done = 0;
  #added = 0;

  constructor(
    private readonly region: LiveRegion,
    private readonly options: ViewOptions,
    private readonly columns: () => number,
  ) {
    this.#front = new RunningFront(directionsOf(options), options.front);
  }

  onEvent(event: OptimizeEvent): void {
    switch (event.event) {
      case "start":
        return this.#start(event);
      case "trial-start":
        this.#running[event.slot] = {
          ...{ number: event.number, started: performance.now() },
          text: paramWords(event.params).join("  "),
        };
        return;
      case "report":
        return this.#report(event);
      case "trial":
        this.#leave(event.trial.number);
        this.#done++;
        this.#added++;
        return this.region.print(trialLine(event.trial, this.#front.take(event.trial), this.columns()));
      case "requeued":
        this.#leave(event.number);
        break;
      case "finish":
        return;
    }
    const line = commonLine(event);
    if (line !== null) this.region.print(styled("warning", line));
  }

  #start(event: Extract<OptimizeEvent, { event: "start" }>): void {
    this.#done = event.finished;
    this.#goal = event.finished + event.more;
    for (let slot = 0; slot < event.slots; slot++) this.#running[slot] = null;
    this.region.print(`${startLine(event)}\n${styled("muted", legendLine(this.options))}`);
    this.region.update(({ columns }) => [this.#total(columns), ...this.#slots()].join("\n"));
  }

  #report(event: Extract<OptimizeEvent, { event: "report" }>): void {
    const running = this.#running.find((one) => one?.number === event.number);
    if (!running) return;
    const prefix = `step ${event.step}: `;
    const reason = event.reason.startsWith(prefix) ? event.reason.slice(prefix.length) : event.reason;
    running.text = oneLine(`step ${event.step}  ${shortNumber(event.value, 5)}  ${reason}`);
  }

  #leave(number: number): void {
    const slot = this.#running.findIndex((one) => one?.number === number);
    if (slot >= 0) this.#running[slot] = null;
  }

  #slots(): string[] {
    return this.#running.map((running, slot) => {
      if (running === null) return styled("muted", `  [${slot}] free`);
      const seconds = duration((performance.now() - running.started) / 1000);
      return `  [${slot}] ${styled("running", `trial ${running.number}`)}  ${seconds}  ${running.text}`;
    });
  }

  /** The bar with its figures; at a narrow terminal's edge the time that is left gives way first. */
  #total(columns: number): string {
    const seconds = (performance.now() - this.#started) / 1000;
    const rate = this.#added === 0 ? "" : `  ${((60 * this.#added) / seconds).toFixed(1)}/min`;
    const known = Number.isFinite(this.#goal);
    const left =
      known && this.#added > 0 ? `  ${duration((seconds / this.#added) * (this.#goal - this.#done))} left` : "";
    const best = bestText(this.#front, this.options.objectives);
    const [count, after] = [`${this.#done}/${known ? this.#goal : "?"}`, `${rate}${left}`];
    const width = Math.max(5, Math.min(40, columns - count.length - best.length - after.length - 2));
    const filled = known && this.#goal > 0 ? Math.min(width, Math.round((width * this.#done) / this.#goal)) : 0;
    return `${progressBar(filled, width)} ${count}${styled("best", best)}${after}`;
  }

  stop(): void {
    // The bar stays; it says how far the call has come.
    if (this.#running.length > 0) this.region.update(({ columns }) => this.#total(columns));
    this.region.done();
  }
}

/** Several views of one call. */
function together(views: readonly OptimizeView[]): OptimizeView {
  return {
    onEvent: (event) => {
      for (const view of views) view.onEvent(event);
    },
    stop: () => {
      for (const view of views) view.stop();
    },
  };
}

/** Details, where somebody hears them. */
function detailsView(io: CliIo, { header }: ViewOptions): OptimizeView[] {
  if (!header || !tellerOf(io.stderr)?.hearsDetails) return [];
  const details = new OptimizeDetails(header);
  const onEvent = (event: OptimizeEvent): void => {
    const line = details.line(event);
    if (line !== null) printDetail(io.stderr, () => line);
  };
  return [{ onEvent, stop: () => {} }];
}

/**
 * The view that fits: events for programs, a live picture on a terminal, plain lines elsewhere and beside details. The
 * log hears the plain lines whatever is shown.
 */
export async function createOptimizeView(io: CliIo, json: boolean, options: ViewOptions): Promise<OptimizeView> {
  const teller = tellerOf(io.stderr);
  const moves = movesCursor(io.stdout) && movesCursor(io.stderr);
  const isPlain = !json && (teller?.quiet || teller?.verbose || !moves);
  const shownView = isPlain
    ? new PlainView(io, options)
    : json
      ? new JsonView(io, options)
      : await liveView(io, options);
  const logged =
    teller?.hearsRecord && !isPlain ? [new PlainView(io, options, (line) => teller.record(shown(line)))] : [];
  return together([shownView, ...logged, ...detailsView(io, options)]);
}

async function liveView({ stderr }: CliIo, options: ViewOptions): Promise<LiveView> {
  const { liveRegion } = await import("./live-region.js");
  return new LiveView(liveRegion(stderr), options, () => sizeOf(stderr).columns);
}
