/** Plots that were sent to the page: none is made or sent again while it would be the same. */
import { forPage, outlineOf } from "./web-plot.js";
import type { SentPlot, WebPlot } from "./web-plot.js";

/** How a plot is made. */
export type MakePlot = () => WebPlot | Promise<WebPlot>;

interface Kept {
  /** What it is the answer to, and of which state of the trials. */
  readonly question: string;
  version: string | number | null;
  make: MakePlot;
  /** All that the page has of it; of one that a later one replaced nothing. */
  text: string;
}

/** Tables of so many can be asked for: a page may have opened one before its plot was replaced. */
const KEPT_PLOTS = 60;
const utf8 = new TextEncoder();

/** Keeps how plots are made: their tables are long, and made when they are asked for. */
export class SentPlots {
  readonly #kept = new Map<string, Kept>();
  #last = 0;

  /**
   * Makes a plot to be sent; null: the page has it already.
   * @param question all that was asked
   * @param version the plot stays the same while this does; null: that is not known
   * @param known the id of the plot that the page has
   * @param shape how it is made ready for a page
   */
  async send(
    question: string,
    version: string | number | null,
    make: MakePlot,
    known: string | undefined,
    shape: (plot: WebPlot) => WebPlot = forPage,
  ): Promise<SentPlot | null> {
    const before = known === undefined ? undefined : this.#kept.get(known);
    const isAnswer = before?.question === question;
    if (isAnswer && version !== null && before.version === version) return null;
    const { table, option, ...rest } = shape(await make());
    const drawing = JSON.stringify(option);
    const text = `${drawing}${JSON.stringify(rest)}`;
    if (isAnswer && before.text === text) {
      // Its table may have changed all the same.
      [before.version, before.make] = [version, make];
      return null;
    }
    if (before) before.text = "";
    const id = String(++this.#last);
    this.#kept.set(id, { question, version, make, text });
    this.#forget();
    return { ...rest, id, drawing: utf8.encode(drawing), outline: outlineOf(option), columns: table.columns };
  }

  /** The table of a plot, of the trials as they are now. */
  async table(id: string): Promise<WebPlot["table"]> {
    const kept = this.#kept.get(id);
    if (!kept) throw new Error("this plot is no longer there: draw it again");
    return (await kept.make()).table;
  }

  #forget(): void {
    // Those that the page has last: they may be older than many that were replaced.
    const replaced = [...this.#kept].filter(([, { text }]) => text === "");
    for (const [id] of replaced.slice(0, Math.max(0, this.#kept.size - KEPT_PLOTS))) this.#kept.delete(id);
    for (const id of this.#kept.keys()) {
      if (this.#kept.size <= 2 * KEPT_PLOTS) break;
      this.#kept.delete(id);
    }
  }
}
