/** Lines at the bottom of a terminal that are drawn over and over, below what is printed for good. */
import wrapAnsi from "wrap-ansi";
import { printLine, shown } from "./io.js";
import { movesCursor, sizeOf, takesColors } from "./terminal.js";
import type { OutputStream } from "./terminal.js";
import { cutText, loadWideText } from "./text-layout.js";

/** What a region shows; a function is asked at each drawing, so that it can tell the time and lay out by the width. */
export type RegionText = string | ((size: { readonly columns: number; readonly rows: number }) => string);

export interface LiveRegion {
  /** Shows this from now on. Lines are cut at the terminal's edge; what it cannot hold is counted in a last line. */
  update(text: RegionText): void;
  /** Prints lines above the region for good. */
  print(text: string): void;
  /** Takes the region away; the next `update` brings it back. */
  clear(): void;
  /** Leaves what is shown as it stands and the cursor below it. Nothing is drawn after that; once is enough. */
  done(): void;
}

const INTERVAL_MS = 100;
/** Rows kept free below: that many line feeds of the Enter key between two drawings scroll nothing. */
const SPARE_ROWS = 3;
/** While a window is dragged its terminal may already be of another size than it tells: nothing is drawn until it rests. */
const SETTLE_MS = 300;

const HIDE = "\u001b[?25l";
const SHOW = "\u001b[?25h";
const SAVE = "\u001b7";
const RESTORE = "\u001b8";
const CLEAR_LINE = "\u001b[K";
/**
 * Before a line, not behind it: some terminals (tmux) keep what is cleared behind a text as blanks of the line, and would
 * wrap those when their window becomes narrower, into rows that nobody has counted.
 */
const CLEAR_WHOLE_LINE = "\u001b[2K";
const CLEAR_BELOW = "\u001b[J";
/**
 * From the region's first row on. Not in one go: a whole screen that is cleared goes into the scrollback of some terminals
 * (tmux), and the region with it.
 */
const CLEAR_REGION = `${CLEAR_LINE}\u001b[B${CLEAR_BELOW}\u001b[A`;
/** While the region is drawn nothing may wrap: its rows are counted. */
const WRAP_OFF = "\u001b[?7l";
const WRAP_ON = "\u001b[?7h";

/**
 * A region on a terminal. It repairs itself: what keys have written or moved is drawn over within a tenth of a second, and
 * after a resize it is drawn anew from where the terminal has taken it. The cursor comes back at the end of the process,
 * too, whether by an exit, an error, a signal or Ctrl-Z.
 *
 * Where the cursor may not be moved (a pipe, `TERM=dumb`, CI) nothing is drawn: `print` prints, `done` prints what was
 * shown last.
 */
export function liveRegion(stream: OutputStream): LiveRegion {
  return movesCursor(stream) ? new TerminalRegion(stream) : new PlainRegion(stream);
}

class PlainRegion implements LiveRegion {
  #text: RegionText = "";
  constructor(private readonly stream: OutputStream) {}
  update(text: RegionText): void {
    this.#text = text;
  }
  print(text: string): void {
    printLine(this.stream, text);
  }
  clear(): void {
    this.#text = "";
  }
  done(): void {
    const text = typeof this.#text === "string" ? this.#text : this.#text(sizeOf(this.stream));
    this.clear();
    if (text !== "") printLine(this.stream, text);
  }
}

class TerminalRegion implements LiveRegion {
  #text: RegionText | null = null;
  #printed: string[] = [];
  /** The lines that stand there, and the size that they were drawn for; null while there are none. */
  #drawn: { readonly lines: readonly string[]; readonly columns: number; readonly rows: number } | null = null;
  #seen: { readonly columns: number; readonly rows: number } | null = null;
  #resizedAt = -Infinity;
  #done = false;
  #timer: NodeJS.Timeout | undefined;
  readonly #end = new ProcessEnd(
    () => this.done(),
    () => this.#leave(),
    () => this.#paint(),
  );

  constructor(private readonly stream: OutputStream) {}

  update(text: RegionText): void {
    if (this.#done) return;
    this.#text = text;
    this.#begin();
  }

  print(text: string): void {
    if (this.#done) return printLine(this.stream, text);
    this.#printed.push(text);
    this.#begin();
  }

  clear(): void {
    if (this.#done) return;
    this.#text = null;
    this.#leave();
    this.#rest();
  }

  done(): void {
    if (this.#done) return;
    const { columns, rows } = sizeOf(this.stream);
    const lines = this.#lines(columns, rows);
    this.#leave(lines.map((line) => `${line}\r\n`).join(""));
    this.#done = true;
    this.#rest();
  }

  #begin(): void {
    if (this.#timer) return;
    this.#timer = setInterval(() => this.#paint(), INTERVAL_MS).unref();
    this.stream.on("resize", this.#onResize);
    this.#end.watch();
    this.#paint();
  }

  /** Nothing is drawn until the next text. */
  #rest(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.stream.off("resize", this.#onResize);
    this.#end.unwatch();
  }

  readonly #onResize = (): void => void this.#resized();

  /** Whether the drawing was made for another size than there is now. */
  #resized(): boolean {
    if (this.#drawn === null) return false;
    const { columns, rows } = sizeOf(this.stream);
    if (columns === this.#drawn.columns && rows === this.#drawn.rows) return false;
    if (columns !== this.#seen?.columns || rows !== this.#seen.rows) this.#resizedAt = performance.now();
    this.#seen = { columns, rows };
    return true;
  }

  #lines(columns: number, rows: number): string[] {
    if (this.#text === null) return [];
    const text = typeof this.#text === "string" ? this.#text : this.#text({ columns, rows });
    const all = shown(text, takesColors(this.stream)).replace(/\n$/, "").split("\n");
    const most = Math.max(1, rows - 1);
    const kept = all.length <= most ? all : [...all.slice(0, most - 1), `… ${all.length - most + 1} more lines`];
    // A full last column would leave some terminals between two rows.
    return kept.map((line) => cutText(line.replaceAll("\t", "  "), columns - 1));
  }

  /** To the region's first row, and what was printed since, which pushes it down. */
  #head(): string {
    const colors = takesColors(this.stream);
    const printed = this.#printed.splice(0).map((text) => `${shown(text, colors).replaceAll("\n", "\r\n")}\r\n`);
    return this.#start() + (printed.length > 0 ? CLEAR_REGION : "") + printed.join("");
  }

  #start(): string {
    if (this.#drawn === null) return `${HIDE}\r`;
    const { lines } = this.#drawn;
    if (!this.#resized()) return `${RESTORE}${up(lines.length)}`;
    // The place that was saved is a row's number, where another line stands now; but the cursor has stayed below ours.
    const { columns, rows } = sizeOf(this.stream);
    const taken = rewraps() ? lines.reduce((sum, line) => sum + rowsOf(line, columns), 0) : lines.length;
    return `\r${up(Math.min(taken, rows - 1))}${CLEAR_REGION}`;
  }

  #paint(): void {
    if (this.#done || (this.#text === null && this.#printed.length === 0)) return;
    if (this.#resized() && performance.now() - this.#resizedAt < SETTLE_MS) return;
    const head = this.#head();
    const { columns, rows } = sizeOf(this.stream);
    const lines = this.#lines(columns, rows);
    const spare = Math.max(1, Math.min(SPARE_ROWS, rows - lines.length));
    const body = lines.map((line) => `${CLEAR_WHOLE_LINE}${line}\r\n`).join("");
    const below = CLEAR_BELOW + "\r\n".repeat(spare - 1) + up(spare - 1);
    this.stream.write(`${head}${WRAP_OFF}${body}${below}${WRAP_ON}${SAVE}`);
    this.#drawn = { lines, columns, rows };
  }

  /** Takes the region away, writes what is left to be, and shows the cursor. */
  #leave(rest = ""): void {
    if (this.#drawn === null && this.#printed.length === 0 && rest === "") return;
    this.stream.write(`${this.#head()}${CLEAR_REGION}${rest}${SHOW}`);
    this.#drawn = null;
  }
}

const up = (rows: number): string => (rows > 0 ? `\u001b[${rows}A` : "");

await loadWideText();

/** The rows that a line takes once the terminal has become so narrow. */
function rowsOf(line: string, columns: number): number {
  return wrapAnsi(line, columns, { hard: true, wordWrap: false, trim: false }).split("\n").length;
}

/** Whether the terminal wraps its lines anew when its width changes: all do today but xterm, the console and screen. */
function rewraps(): boolean {
  const { TERM: term = "", TMUX: tmux, XTERM_VERSION: xterm, STY: screen } = process.env;
  if (tmux !== undefined) return true;
  return xterm === undefined && screen === undefined && !/^(?:linux|screen)/.test(term);
}

const ENDING = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Tells of the ends of the process that would leave the cursor hidden, and of its being stopped and continued. */
class ProcessEnd {
  #watching = false;

  constructor(
    private readonly end: () => void,
    private readonly leave: () => void,
    private readonly back: () => void,
  ) {}

  watch(): void {
    if (this.#watching) return;
    this.#watching = true;
    process.on("exit", this.end);
    process.on("uncaughtExceptionMonitor", this.end);
    for (const signal of ENDING) process.on(signal, this.#onSignal);
    // Windows has no such signal.
    if (process.platform !== "win32") process.on("SIGTSTP", this.#onStop);
  }

  unwatch(): void {
    if (!this.#watching) return;
    this.#watching = false;
    process.off("exit", this.end);
    process.off("uncaughtExceptionMonitor", this.end);
    for (const signal of ENDING) process.off(signal, this.#onSignal);
    process.off("SIGTSTP", this.#onStop);
    process.off("SIGCONT", this.#onContinue);
  }

  /** Where nobody else listens, the signal ends the process, as it would without us. */
  readonly #onSignal = (signal: NodeJS.Signals): void => {
    if (process.listenerCount(signal) > 1) return;
    this.end();
    process.kill(process.pid, signal);
  };

  /** Ctrl-Z: the shell gets a clean line and its cursor before the process stops. */
  readonly #onStop = (): void => {
    this.leave();
    process.off("SIGTSTP", this.#onStop);
    process.on("SIGCONT", this.#onContinue);
    process.kill(process.pid, "SIGTSTP");
  };

  readonly #onContinue = (): void => {
    process.off("SIGCONT", this.#onContinue);
    process.on("SIGTSTP", this.#onStop);
    this.back();
  };
}
