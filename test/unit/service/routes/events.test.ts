/** The event streams over the network. */
import { afterEach, expect, test } from "vitest";
import { changesFrame, studiesFrame } from "../../../../src/service/schemas/events.js";
import { createService } from "../../../../src/service/server.js";
import { aBowl, aHostedService } from "../a-hosted-service.js";

interface Frame {
  readonly id: string | null;
  readonly event: string;
  readonly data: unknown;
}

const open: AbortController[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.abort();
});

/** The frames of a stream, one after another. */
async function stream(url: string, token: string, headers: Record<string, string> = {}) {
  const ending = new AbortController();
  open.push(ending);
  const answer = await fetch(url, { headers: { authorization: `Bearer ${token}`, ...headers }, signal: ending.signal });
  if (!answer.body) throw new Error("no body");
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const next = async (): Promise<Frame | null> => {
    for (;;) {
      const end = text.indexOf("\n\n");
      if (end >= 0) {
        const lines = text.slice(0, end).split("\n");
        text = text.slice(end + 2);
        const field = (name: string) =>
          lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? null;
        const event = field("event");
        if (event === null) continue;
        return { id: field("id"), event, data: JSON.parse(field("data") ?? "null") };
      }
      const { done, value } = await reader.read();
      if (done) return null;
      text += value;
    }
  };
  return { answer, next, close: () => ending.abort() };
}

test("a study's stream says what happens, goes on where a reader was, and ends with the study", async () => {
  const { folder, url, token, host, ask } = await aHostedService();
  await aBowl(folder, 3);
  const address = `${url}/api/v1/studies/bowl/events`;
  const first = await stream(address, token);
  expect(Object.fromEntries(first.answer.headers)).toMatchObject({
    ...{ "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store", "x-accel-buffering": "no" },
    ...{ "x-content-type-options": "nosniff", "x-frame-options": "DENY" },
  });
  const { revision } = await host.storage.read("bowl");
  expect(await first.next()).toEqual({ id: null, event: "hello", data: { revision } });
  await host.command("bowl", { type: "enqueue", params: { x: 1 } });
  const told = await first.next();
  expect([told?.event, told?.id]).toEqual(["changes", String(revision + 1)]);
  const changes = changesFrame.parse(told?.data);
  expect(changes).toMatchObject({ revision: revision + 1, size: 4, rows: { number: [3], state: [0] }, reports: [] });
  expect(changes.study).toMatchObject({ name: "bowl", counts: { waiting: 1 } });
  first.close();
  await host.command("bowl", { type: "annotate", number: 1, change: { note: "n" } });
  const again = await stream(address, token, { "last-event-id": String(revision + 1) });
  expect(await again.next()).toMatchObject({ event: "hello" });
  await expect.poll(async () => (await host.view("bowl")).state.revision).toBe(revision + 2);
  expect(changesFrame.parse((await again.next())?.data).rows).toMatchObject({ number: [1], notes: [1] });
  const old = await stream(`${address}?since=1`, token);
  expect([(await old.next())?.event, (await old.next())?.event]).toEqual(["hello", "reset"]);
  expect((await ask("/studies/bowl", { method: "DELETE", body: { confirm: "bowl" } })).status).toBe(204);
  let last: Frame | null = null;
  for (let frame = await again.next(); frame; frame = await again.next()) last = frame;
  expect(last).toMatchObject({ event: "gone", data: { code: "study-deleted" } });
  expect((await ask("/studies/bowl/events")).status).toBe(404);
});

test("the list's stream says which studies came, changed and went, to those who may see them", async () => {
  const { folder, url, token, host, newToken } = await aHostedService();
  await aBowl(folder, 1, "mine");
  const all = await stream(`${url}/api/v1/events`, token);
  const own = await stream(`${url}/api/v1/events`, await newToken(["read"], ["mine"]));
  const hello = await all.next();
  expect([hello?.event, (await own.next())?.event]).toEqual(["hello", "hello"]);
  await host.create({ name: "theirs", space: { x: { type: "float", low: 0, high: 1 } } });
  const names = async (of: typeof all): Promise<string[]> =>
    studiesFrame.parse((await of.next())?.data).entries.map(({ name }) => name);
  expect(await names(all)).toEqual(["theirs"]);
  await host.command("mine", { type: "annotate-study", change: { note: "seen" } });
  expect(await names(own)).toEqual(["mine"]);
  await host.remove("mine");
  const gone = studiesFrame.parse((await own.next())?.data);
  if (gone.removed.length === 0) expect(studiesFrame.parse((await own.next())?.data).removed).toEqual(["mine"]);
  else expect(gone.removed).toEqual(["mine"]);
  const back = await stream(`${url}/api/v1/events`, token, { "last-event-id": hello?.id ?? "" });
  expect([(await back.next())?.event, (await back.next())?.event]).toEqual(["hello", "reset"]);
});

test("streams end when the service closes", async () => {
  const { folder, host } = await aHostedService();
  await aBowl(folder, 1);
  const service = await createService({ host, storageDir: folder, options: { version: "0.0.0", port: 0 } });
  const url = await service.listen();
  const token = service.context.tokens.first ?? "";
  const streams = [
    await stream(`${url}/api/v1/studies/bowl/events`, token),
    await stream(`${url}/api/v1/events`, token),
  ];
  for (const one of streams) expect((await one.next())?.event).toBe("hello");
  await service.close();
  for (const one of streams) expect(await one.next().catch(() => null)).toBeNull();
});
