/** Where a request comes from, for counting and for the log. */
import { isIP } from "node:net";
import type { FastifyRequest } from "fastify";

/** The address of a request's sender; `unknown` where what a proxy says is none. */
export function addressOf({ ip }: Pick<FastifyRequest, "ip">): string {
  return typeof ip === "string" && isIP(ip) !== 0 ? ip : "unknown";
}
