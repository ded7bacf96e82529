/** The script of the one thread that all tabs of a browser share, so that seven of them hold no more streams than one. */
import type { ToHub } from "./protocol.js";
import { StreamHub, TICK_MS } from "./stream-hub.js";

const hub = new StreamHub();
setInterval(() => hub.tick(), TICK_MS);

// The library of types has pages alone.
const scope = globalThis as unknown as { onconnect: (event: MessageEvent) => void };
scope.onconnect = ({ ports }) => {
  const [port] = ports;
  if (!port) return;
  const receive = hub.connect((message) => port.postMessage(message));
  port.onmessage = ({ data }: MessageEvent<ToHub>) => receive(data);
};
