/** What the other end of a stream can show: its size, colours, and whether the cursor may be moved. */

/** A stream that may be a terminal, as `process.stdout` is; tests hand in their own. */
export type OutputStream = NodeJS.WritableStream & {
  isTTY?: boolean;
  columns?: number;
  rows?: number;
  getWindowSize?(): [columns: number, rows: number];
  getColorDepth?(env?: object): number;
};

type Environment = Readonly<Record<string, string | undefined>>;

/** `CI` as most services set it; `CI=false` and `CI=0` are none. */
function isCi({ CI = "" }: Environment): boolean {
  return !["", "0", "false"].includes(CI);
}

/**
 * Whether colours may be sent. `FORCE_COLOR` comes before all (`0` and `false` switch colours off, anything else on), then
 * `NO_COLOR` where it isn't empty (no-color.org), then `TERM=dumb`; what remains Node decides by the terminal's name and
 * the CI service.
 */
export function takesColors(stream: OutputStream, env: Environment = process.env): boolean {
  const { FORCE_COLOR: forced, NO_COLOR: refused = "", TERM: term } = env;
  if (forced !== undefined) return forced !== "0" && forced !== "false";
  if (stream.isTTY !== true || refused !== "" || term === "dumb") return false;
  const ci = isCi(env);
  // What is empty or `false` counts as set with Node; and its first question, whether this is tmux, hides the CI service.
  const { NO_COLOR: _empty, CI: _ci, TMUX: tmux, ...others } = env;
  const asked = { ...others, ...(ci ? { CI: "true" } : tmux === undefined ? {} : { TMUX: tmux }) };
  return stream.getColorDepth === undefined ? !ci : stream.getColorDepth(asked) > 1;
}

/** Whether a picture may be drawn over itself: on a terminal that knows how, and that isn't the log of a CI run. */
export function movesCursor(stream: OutputStream, env: Environment = process.env): boolean {
  return stream.isTTY === true && env["TERM"] !== "dumb" && !isCi(env);
}

/** A terminal's size as it is now, 80 x 24 where it isn't told; what is no terminal has room without end. */
export function sizeOf(stream: OutputStream): { columns: number; rows: number } {
  if (stream.isTTY !== true) return { columns: Infinity, rows: Infinity };
  // `columns` is only renewed by an event: between a resize and it, a line would be cut for the size before.
  const [columns, rows] = stream.getWindowSize?.() ?? [stream.columns, stream.rows];
  return { columns: columns || 80, rows: rows || 24 };
}

/** A chart's width: the terminal's, 80 columns elsewhere; what is wider than a page is no easier to read. */
export function plotColumns(stream: OutputStream): number {
  return stream.isTTY === true ? Math.min(sizeOf(stream).columns, 120) : 80;
}
