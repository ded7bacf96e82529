/** Server-sent events, read off an answer: https://html.spec.whatwg.org/multipage/server-sent-events.html. */

/** One event of a stream. */
export interface ServerEvent {
  readonly event: string;
  readonly data: string;
}

/** The events of an answer, until it ends. @throws what reading its body throws. */
export async function* eventsOf({ body }: Response): AsyncGenerator<ServerEvent> {
  if (!body) return;
  const lines = new Lines();
  let [event, data] = ["", [] as string[]];
  const decoder = new TextDecoder();
  for await (const bytes of body as unknown as AsyncIterable<Uint8Array>)
    for (const line of lines.of(decoder.decode(bytes, { stream: true }))) {
      if (line !== "") {
        const [, field, value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
        if (field === "event") event = value;
        else if (field === "data") data.push(value);
        continue;
      }
      if (data.length > 0) yield { event: event === "" ? "message" : event, data: data.join("\n") };
      [event, data] = ["", []];
    }
}

/** Texts cut into lines, wherever they were cut before; a line ends with CR LF, LF or CR. */
class Lines {
  #pieces: string[] = [];
  /** Whether the text so far ends with a CR, whose LF may follow. */
  #return = false;

  *of(text: string): Generator<string> {
    if (this.#return && text.startsWith("\n")) text = text.slice(1);
    if (text === "") return;
    this.#return = text.endsWith("\r");
    const [first = "", ...rest] = text.split(/\r\n|\n|\r/);
    // A long line comes in many pieces: they are put together once.
    this.#pieces.push(first);
    if (rest.length === 0) return;
    const last = rest.pop() as string;
    yield this.#pieces.join("");
    yield* rest;
    this.#pieces = last === "" ? [] : [last];
  }
}
