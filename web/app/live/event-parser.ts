/** Server-sent events from pieces of text, as the HTML standard defines the format. */

/** One event of a stream. */
export interface ServerEvent {
  /** `message` where the stream named none. */
  readonly event: string;
  readonly data: string;
  /** The last id that the stream named; null before the first. */
  readonly id: string | null;
}

/** Takes pieces as they come, and hands out whole events. */
export class EventParser {
  #rest = "";
  #event = "";
  #data: string[] = [];
  #id: string | null = null;

  /** The events that a piece completes; comments complete none. */
  push(piece: string): ServerEvent[] {
    const text = this.#rest + piece;
    // A line that ends in CR may go on with LF in the next piece.
    const end = text.endsWith("\r") ? text.length - 1 : text.length;
    const lines = text.slice(0, end).split(/\r\n|\n|\r/);
    this.#rest = (lines.pop() ?? "") + text.slice(end);
    return lines.flatMap((line) => this.#line(line) ?? []);
  }

  #line(line: string): ServerEvent | null {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    if (colon === 0) return null;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.#event = value;
    else if (field === "data") this.#data.push(value);
    else if (field === "id" && !value.includes("\0")) this.#id = value;
    return null;
  }

  #dispatch(): ServerEvent | null {
    const [event, data] = [this.#event, this.#data];
    [this.#event, this.#data] = ["", []];
    return data.length === 0 ? null : { event: event || "message", data: data.join("\n"), id: this.#id };
  }
}
