/** One client of an event stream: frames go out at once, and a client that falls behind is told to begin anew. */
import type { ServerResponse } from "node:http";

/** What is still to be sent to a client that keeps up, in bytes; one that is further behind is reset. */
const MOST_BEHIND = 1024 * 1024;
/** A client that takes nothing for so long is gone, in milliseconds. */
const PATIENCE = 60_000;

/** A frame of an event stream (`data` is on one line). */
export function frameOf(event: string, data: string, id?: number): Buffer {
  return Buffer.from(`${id === undefined ? "" : `id: ${id}\n`}event: ${event}\ndata: ${data}\n\n`);
}

const beat = Buffer.from(": beat\n\n");

/** How a client is told that it missed something. */
export interface StreamOptions {
  /** The frame that has a client begin anew; asked for when it can be sent. */
  readonly reset: () => Buffer;
  /** @default 1 MiB */
  readonly mostBehind?: number;
}

/** One open stream. */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #options: Required<StreamOptions>;
  #lostSince: number | null = null;

  constructor(response: ServerResponse, options: StreamOptions) {
    this.#response = response;
    this.#options = { mostBehind: MOST_BEHIND, ...options };
  }

  /** Whether frames are left out until the client has taken what was sent. */
  get isLost(): boolean {
    return this.#lostSince !== null;
  }

  /** Sends a frame, unless the client is behind: then it is left out, and a reset sent once the client has caught up. */
  send(frame: Buffer): void {
    const response = this.#response;
    if (response.destroyed || response.writableEnded || this.isLost) return;
    const behind = response.writableLength;
    if (behind === 0 || behind + frame.length <= this.#options.mostBehind) {
      response.write(frame);
      return;
    }
    this.#lostSince = performance.now();
    response.once("drain", () => {
      this.#lostSince = null;
      this.send(this.#options.reset());
    });
  }

  /** A sign of life for what stands between; gives a client up that takes nothing. */
  beat(): void {
    if (this.#lostSince !== null && performance.now() - this.#lostSince > PATIENCE) this.#response.destroy();
    else this.send(beat);
  }

  end(): void {
    this.#response.end();
  }
}
