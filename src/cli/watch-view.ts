/** `show --watch`: a study repainted on a terminal, or told in lines elsewhere, whenever it changes. */
import type { InspectedStudy } from "../app/read-study.js";
import type { StudyOverview } from "../app/views/study-overview.js";
import { heldInWords } from "../app/views/study-overview.js";
import { watchStudy } from "../app/watch-study.js";
import { withInterrupt } from "./interrupt.js";
import { printJson, printLine } from "./io.js";
import type { CliIo, OutputFormat } from "./io.js";
import { liveRegion } from "./live-region.js";
import { untilReaderGoes } from "./reader.js";
import { shortNumber } from "./render.js";
import type { StudyRef } from "./study-ref.js";
import { movesCursor, sizeOf } from "./terminal.js";

/** How a study is shown. */
export interface WatchView {
  readonly io: CliIo;
  readonly format: OutputFormat;
  readonly overview: (inspected: InspectedStudy) => Promise<StudyOverview>;
  readonly inWords: (inspected: InspectedStudy, io: CliIo, width: number) => Promise<string>;
}

/** Shows one state after another. */
interface Painter {
  show(inspected: InspectedStudy): Promise<void>;
  end(): void;
}

/** Shows a study until Ctrl-C, or until whoever reads has gone. That is how a watch ends: nothing was broken off. */
export async function watch(ref: StudyRef, view: WatchView): Promise<void> {
  const painter = painterOf(view);
  try {
    await withInterrupt(async (interrupt) => {
      const signal = untilReaderGoes(view.io.stdout, interrupt);
      for await (const inspected of watchStudy(ref, { signal })) await painter.show(inspected);
    });
  } finally {
    painter.end();
  }
}

function painterOf(view: WatchView): Painter {
  if (view.format !== "table") return new DataPainter(view);
  return movesCursor(view.io.stdout) ? new TerminalPainter(view) : new LinePainter(view);
}

class TerminalPainter implements Painter {
  readonly #view: WatchView;
  readonly #region;
  #last: InspectedStudy | null = null;

  constructor(view: WatchView) {
    this.#view = view;
    this.#region = liveRegion(view.io.stdout);
    view.io.stdout.on("resize", this.#onResize);
  }

  async show(inspected: InspectedStudy): Promise<void> {
    this.#last = inspected;
    const { io, inWords } = this.#view;
    // The region leaves the last column free.
    const text = await inWords(inspected, io, sizeOf(io.stdout).columns - 1);
    if (this.#last === inspected) this.#region.update(text);
  }

  /** Laid out anew: what is wider would be cut. What cannot be shown now is told by the next `show`. */
  readonly #onResize = (): void => {
    if (this.#last !== null) this.show(this.#last).catch(() => undefined);
  };

  end(): void {
    this.#view.io.stdout.off("resize", this.#onResize);
    this.#last = null;
    this.#region.done();
  }
}

/** The study as `show` has it, then a line whenever it reads otherwise. */
class LinePainter implements Painter {
  readonly #view: WatchView;
  #last: string | null = null;

  constructor(view: WatchView) {
    this.#view = view;
  }

  async show(inspected: InspectedStudy): Promise<void> {
    const { io, inWords, overview } = this.#view;
    const line = lineOf(await overview(inspected));
    if (this.#last === null) printLine(io.stdout, await inWords(inspected, io, sizeOf(io.stdout).columns));
    else if (line !== this.#last) printLine(io.stdout, line);
    this.#last = line;
  }

  end(): void {}
}

/** `lab: 3 complete, 2 running; best trial 1: 0.0123; optimized now by process 4711 on lab3` */
function lineOf({ name, counts, best, front, owner }: StudyOverview): string {
  const states = Object.entries(counts).filter(([, count]) => count > 0);
  return [
    `${name}: ${states.map(([state, count]) => `${count} ${state}`).join(", ") || "no trials"}`,
    ...(best ? [`best trial ${best.number}: ${shortNumber(best.value, 5)}`] : []),
    ...(front && front.length > 0 ? [`front ${front.join(", ")}`] : []),
    ...(owner ? [heldInWords(name, owner)] : []),
  ].join("; ");
}

/** One JSON object a line, or one YAML document after another. */
class DataPainter implements Painter {
  readonly #view: WatchView;

  constructor(view: WatchView) {
    this.#view = view;
  }

  async show(inspected: InspectedStudy): Promise<void> {
    const { io, format, overview } = this.#view;
    const data = await overview(inspected);
    if (format === "json") return printJson(io.stdout, data);
    const [{ stringify }, { stringifyJson }] = await Promise.all([import("yaml"), import("../core/index.js")]);
    io.stdout.write(`---\n${stringify(JSON.parse(stringifyJson(data)))}`);
  }

  end(): void {}
}
