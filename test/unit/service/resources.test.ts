/** What routes share: connections that close while something is waited for. */
import { once } from "node:events";
import { createServer, get } from "node:http";
import type { AddressInfo } from "node:net";
import type { ServerResponse } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import { whenClosed } from "../../../src/service/resources.js";

async function anAnswer() {
  const server = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const asked = get({ port: (server.address() as AddressInfo).port, host: "127.0.0.1" }).on("error", () => undefined);
  const [, raw] = (await once(server, "request")) as [unknown, ServerResponse];
  return { asked, reply: { raw } as Parameters<typeof whenClosed>[0] };
}

test("who leaves while something is prepared for him is noticed as who leaves later", async () => {
  const { asked, reply } = await anAnswer();
  let heard = 0;
  whenClosed(reply, () => (heard += 1));
  expect(heard).toBe(0);
  const closed = once(reply.raw, "close");
  asked.destroy();
  await closed;
  expect(heard).toBe(1);
  // The event is past.
  whenClosed(reply, () => (heard += 1));
  expect(heard).toBe(2);
});
