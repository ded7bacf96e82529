/** A stream of server-sent events that comes back by itself, from where it was, until it is closed. */
import { apiUrl } from "../paths.js";
import { EventParser } from "./event-parser.js";
import type { ServerEvent } from "./event-parser.js";

/** What a stream tells. */
export interface StreamListener {
  event(event: ServerEvent): void;
  /** It is interrupted, and tries again. */
  down(): void;
  /** It was refused, and does not try again. */
  refused(status: number): void;
}

/** The service sends a comment every 15 s. */
const SILENCE_MS = 40_000;
const [FIRST_WAIT_MS, LONGEST_WAIT_MS] = [300, 8_000];

/** Read by `fetch`: unlike EventSource it tells why it was refused, and notices silence. */
export class Stream {
  readonly #path: string;
  readonly #listener: StreamListener;
  readonly #closed = new AbortController();
  #lastId: string | null = null;

  constructor(path: string, listener: StreamListener) {
    this.#path = path;
    this.#listener = listener;
    void this.#live();
  }

  close(): void {
    this.#closed.abort();
  }

  async #live(): Promise<void> {
    let wait = FIRST_WAIT_MS;
    while (!this.#closed.signal.aborted) {
      const outcome = await this.#readOnce().catch((): "down" => "down");
      if (this.#closed.signal.aborted) return;
      if (typeof outcome === "number") return this.#listener.refused(outcome);
      if (outcome === "was-live") wait = FIRST_WAIT_MS;
      this.#listener.down();
      await new Promise((resolve) => setTimeout(resolve, wait * (0.7 + 0.6 * Math.random())));
      wait = Math.min(2 * wait, LONGEST_WAIT_MS);
    }
  }

  /** One connection, until it ends: `was-live` if anything came, the status if it is not worth trying again. */
  async #readOnce(): Promise<"was-live" | "down" | number> {
    const over = new AbortController();
    const end = (): void => over.abort();
    this.#closed.signal.addEventListener("abort", end);
    let timer = setTimeout(end, SILENCE_MS);
    let wasLive = false;
    try {
      const headers: Record<string, string> = { accept: "text/event-stream" };
      if (this.#lastId !== null) headers["last-event-id"] = this.#lastId;
      const response = await fetch(apiUrl(this.#path), {
        ...{ headers, credentials: "same-origin", cache: "no-store", signal: over.signal },
      });
      if (!response.ok || !response.body)
        return response.status < 500 && response.status !== 429 ? response.status : "down";
      const parser = new EventParser();
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
        clearTimeout(timer);
        timer = setTimeout(end, SILENCE_MS);
        for (const event of parser.push(piece.value)) {
          wasLive = true;
          if (event.id !== null) this.#lastId = event.id;
          this.#listener.event(event);
        }
      }
    } catch {
      // Cut off: tried again.
    } finally {
      clearTimeout(timer);
      this.#closed.signal.removeEventListener("abort", end);
      over.abort();
    }
    return wasLive ? "was-live" : "down";
  }
}
