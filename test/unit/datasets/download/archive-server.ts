import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface ArchiveServer {
  readonly url: string;
  /** The `range` header of every request, in order; undefined where there was none. */
  readonly ranges: (string | undefined)[];
  /** Breaks the connections that are waiting at their `breakAfter`. */
  cut(): void;
  close(): Promise<void>;
}

export interface ServerBehaviour {
  /** What is served; a function is asked anew for every request. */
  readonly body: Buffer | (() => Buffer);
  /** @default true */
  readonly acceptsRanges?: boolean;
  /** @default `"v1"` */
  readonly etag?: string | (() => string);
  /**
   * Requests by number, from 0, that get so many bytes of the body and then nothing, until `cut` breaks the connection:
   * so the test knows that they arrived.
   */
  readonly breakAfter?: Readonly<Record<number, number>>;
  /** Requests by number that get this status and no body. */
  readonly status?: Readonly<Record<number, number>>;
  /** Leave out Content-Length. */
  readonly chunked?: boolean;
}

/** A local HTTP server with the habits of a file store: ETag, Range, If-Range; and bad ones on request. */
export async function serveArchive(behaviour: ServerBehaviour): Promise<ArchiveServer> {
  const ranges: (string | undefined)[] = [];
  const waiting = new Set<ServerResponse>();
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const number = ranges.push(request.headers.range) - 1;
    const status = behaviour.status?.[number];
    if (status !== undefined) return void response.writeHead(status).end();
    const body = typeof behaviour.body === "function" ? behaviour.body() : behaviour.body;
    const etag = typeof behaviour.etag === "function" ? behaviour.etag() : (behaviour.etag ?? '"v1"');
    const from = /^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1];
    const mayResume = behaviour.acceptsRanges !== false && request.headers["if-range"] === etag;
    const start = from !== undefined && mayResume ? Number(from) : 0;
    if (start > 0 && start >= body.length)
      return void response.writeHead(416, { "content-range": `bytes */${body.length}` }).end();
    const part = body.subarray(start);
    const headers = {
      etag,
      ...(behaviour.chunked ? {} : { "content-length": part.length }),
      ...(start > 0 ? { "content-range": `bytes ${start}-${body.length - 1}/${body.length}` } : {}),
    };
    response.writeHead(start > 0 ? 206 : 200, headers);
    const breakAfter = behaviour.breakAfter?.[number];
    if (breakAfter === undefined) return void response.end(part);
    waiting.add(response);
    response.write(part.subarray(0, breakAfter));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/set-5.zip`,
    ranges,
    cut: () => {
      for (const response of waiting) response.destroy();
      waiting.clear();
    },
    close: () =>
      new Promise((done, failed) => {
        server.close((error) => (error ? failed(error) : done()));
        server.closeAllConnections();
      }),
  };
}
