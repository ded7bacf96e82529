/** Server-sent events as the standard has them, however the bytes are cut. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { eventsOf } from "../../../src/remote/event-stream.js";

async function read(text: string, cuts: readonly number[]): Promise<[string, string][]> {
  const bytes = new TextEncoder().encode(text);
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const [i, end] of [...places, bytes.length].entries()) {
        const start = i === 0 ? 0 : (places[i - 1] as number);
        if (end > start) controller.enqueue(bytes.subarray(start, end));
      }
      controller.close();
    },
  });
  const events: [string, string][] = [];
  for await (const { event, data } of eventsOf(new Response(body))) events.push([event, data]);
  return events;
}

// The examples of https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
test.each([
  [
    "data: This is the first message.\n\ndata: This is the second message, it\ndata: has two lines.\n\n",
    [
      ["message", "This is the first message."],
      ["message", "This is the second message, it\nhas two lines."],
    ],
  ],
  [
    "event: add\ndata: 73857293\n\nevent: remove\ndata: 2153\n\n",
    [
      ["add", "73857293"],
      ["remove", "2153"],
    ],
  ],
  [
    ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
    [
      ["message", "first event"],
      ["message", "second event"],
      ["message", " third event"],
    ],
  ],
  [
    "data\n\ndata\ndata\n\ndata:",
    [
      ["message", ""],
      ["message", "\n"],
    ],
  ],
  [
    "data: a\r\rdata: b\r\n\r\ndata: c\n\n",
    [
      ["message", "a"],
      ["message", "b"],
      ["message", "c"],
    ],
  ],
  ["event: x\n\ndata: y\n\n", [["message", "y"]]],
] as const)("%j", async (text, expected) => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat()), async (cuts) => {
      expect(await read(text, cuts)).toEqual(expected);
    }),
    { numRuns: 20 },
  );
});

/** Of one to four bytes each. */
const letters = fc
  .array(fc.oneof(fc.integer({ min: 0x20, max: 0xd7ff }), fc.integer({ min: 0x10000, max: 0x10ffff })), {
    maxLength: 20,
  })
  .map((codes) => String.fromCodePoint(...codes));

test("letters are whole wherever they are cut", async () => {
  await fc.assert(
    fc.asyncProperty(letters, fc.array(fc.nat(), { maxLength: 8 }), async (text, cuts) => {
      const data = JSON.stringify(text);
      expect(await read(`data: ${data}\n\n`, cuts)).toEqual([["message", data]]);
    }),
    { numRuns: 40 },
  );
});
