/** The connections of a server: when there are too many, those go first that have nothing under way. */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/**
 * Holds a server to a number of connections. Beyond it the one that has been without a whole request for longest is
 * closed: whoever opens thousands and dribbles closes their own, while a request that came whole is answered.
 */
export class Connections {
  /** In the order in which they last began to wait for a request. */
  readonly #waiting = new Set<Socket>();
  readonly #busy = new Map<Socket, number>();

  constructor(readonly limit: number) {}

  get size(): number {
    return this.#waiting.size + this.#busy.size;
  }

  /** Watches a server's connections. */
  watch(server: Server): void {
    server.on("connection", (socket: Socket) => this.#opened(socket));
    server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      const { socket } = request;
      const at = rawSocket(socket);
      this.#begin(at);
      response.once("close", () => this.#end(at));
    });
  }

  /** Closes those that have nothing under way, those included that never asked for anything: browsers open some ahead. */
  closeWaiting(): void {
    for (const socket of this.#waiting) socket.destroy();
  }

  #opened(socket: Socket): void {
    this.#waiting.add(socket);
    socket.once("close", () => {
      this.#waiting.delete(socket);
      this.#busy.delete(socket);
    });
    if (this.size <= this.limit) return;
    const [oldest] = this.#waiting;
    oldest?.destroy();
    if (oldest) this.#waiting.delete(oldest);
  }

  #begin(socket: Socket): void {
    this.#waiting.delete(socket);
    this.#busy.set(socket, (this.#busy.get(socket) ?? 0) + 1);
  }

  #end(socket: Socket): void {
    const left = (this.#busy.get(socket) ?? 1) - 1;
    if (left > 0) return void this.#busy.set(socket, left);
    this.#busy.delete(socket);
    if (!socket.destroyed) this.#waiting.add(socket);
  }
}

/** Under TLS requests come over a socket that stands on the one that was opened. */
function rawSocket(socket: Socket): Socket {
  const { _parent: parent } = socket as Socket & { _parent?: Socket | null };
  return parent ?? socket;
}
