/** What helps to understand a call of `optimize`, a line an event: settings in force, draws, reports with the pruner's word. */
import type { OptimizeEvent, StudyHeader, TrialCounts } from "../core/index.js";
import { programInWords } from "../app/command-line.js";
import { oneLine, stringifyJson } from "../core/index.js";
import { duration, shortNumber } from "./render.js";

function component({ name, options }: { readonly name: string; readonly options: object }): string {
  return Object.keys(options).length === 0 ? name : `${name} ${stringifyJson(options)}`;
}

/** What the study fixes, and how it stands before the call. */
export function studyDetails(header: StudyHeader, counts: TrialCounts): string[] {
  const { sampler, pruner, seed, space, settings, task } = header;
  const program = settings.command && `program ${programInWords(settings.command)}`;
  const subject = program ?? (settings.objective ? `objective ${settings.objective.path}` : stringifyJson(task));
  const states = Object.entries(counts).filter(([, count]) => count > 0);
  return [
    `study: sampler ${component(sampler)}, pruner ${component(pruner)}, seed ${seed}`,
    `study: ${subject}`,
    ...Object.entries(space).map(([name, distribution]) => `searched: ${name} ${stringifyJson(distribution)}`),
    `study: ${states.map(([state, count]) => `${count} ${state}`).join(", ") || "no trials"}`,
  ];
}

/** Tells the events of one call. */
export class OptimizeDetails {
  readonly #started = performance.now();
  readonly #sampler: string;
  #finished = 0;

  constructor({ sampler }: Pick<StudyHeader, "sampler">) {
    this.#sampler = sampler.name;
  }

  /** Null for an event that says no more than the line that everybody sees. */
  line(event: OptimizeEvent): string | null {
    switch (event.event) {
      case "start":
        this.#finished = event.finished;
        return `${event.slots} places for trials${event.recovered.length > 0 ? "; trials of a process that died are rerun" : ""}`;
      case "trial-start": {
        const { number, slot, attempt, params } = event;
        const again = attempt > 1 ? `attempt ${attempt}` : `${this.#sampler} knows ${this.#finished} finished trials`;
        const values = Object.entries(params).map(([name, value]) => `${name}=${oneLine(String(value))}`);
        return `trial ${number} starts in place ${slot} (${again}): ${values.join(" ")}`;
      }
      case "report": {
        const { number, step, value, reason, prune } = event;
        const word = reason.startsWith(`step ${step}: `) ? reason.slice(`step ${step}: `.length) : reason;
        const said = word === "" ? "" : `; pruner: ${oneLine(word)}`;
        return `trial ${number} step ${step}: ${shortNumber(value, 6)}${said}${prune ? " (to be pruned)" : ""}`;
      }
      case "trial": {
        const { number, seconds, intermediate, finish_index } = event.trial;
        this.#finished++;
        return `trial ${number} took ${duration(seconds ?? NaN)}, ${intermediate.length} steps; finished as number ${(finish_index ?? 0) + 1}`;
      }
      case "finish": {
        const seconds = (performance.now() - this.#started) / 1000;
        const { added, best, stoppedBy } = event.result;
        const rate = `${added} ${added === 1 ? "trial" : "trials"} in ${duration(seconds)}, ${((60 * added) / seconds).toFixed(1)} a minute`;
        return `stopped by ${stoppedBy}: ${rate}${best ? `; best: trial ${best.number}, ${best.value}` : ""}`;
      }
      default:
        return null;
    }
  }
}
