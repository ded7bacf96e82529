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
  /** Those among the waiting whose request has begun and is not whole yet. */
  readonly #receiving = new Set<Socket>();

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
      let begun = false;
      const begin = (): void => {
        begun = true;
        this.#receiving.delete(at);
        this.#begin(at);
      };
      // A body that dribbles in holds nothing up: its connection waits until all of it is there.
      if (hasBody(request)) {
        this.#receiving.add(at);
        request.once("end", begin);
      } else begin();
      response.once("close", () => {
        this.#receiving.delete(at);
        if (begun) this.#end(at);
        else request.off("end", begin);
      });
    });
  }

  /** Closes those that have nothing under way, those included that never asked for anything: browsers open some ahead. */
  closeWaiting(): void {
    for (const socket of this.#waiting) if (!this.#receiving.has(socket)) socket.destroy();
  }

  #opened(socket: Socket): void {
    this.#waiting.add(socket);
    socket.once("close", () => {
      this.#waiting.delete(socket);
      this.#busy.delete(socket);
      this.#receiving.delete(socket);
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

/** Whether more than headers belongs to a request. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";
}

/** Under TLS requests come over a socket that stands on the one that was opened. */
function rawSocket(socket: Socket): Socket {
  const { _parent: parent } = socket as Socket & { _parent?: Socket | null };
  return parent ?? socket;
}
