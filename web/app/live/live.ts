/** The page's end of the streams: who watches what, told to the shared thread where a browser has one. */
import { assetUrl } from "../paths.js";
import { BEAT_MS } from "./protocol.js";
import type { FromHub, ToHub, Topic } from "./protocol.js";

declare const __LIVE_WORKER__: string;

/** What happened to what is watched. */
export type LiveListener = (message: FromHub) => void;

const listeners = new Map<Topic, Set<LiveListener>>();
let post: ((message: ToHub) => void) | null = null;
/** What is said before the keeper is there. */
const early: ToHub[] = [];

const heard = (message: FromHub): void => {
  for (const listener of listeners.get(message.topic) ?? []) listener(message);
};

const tell = (message: ToHub): void => {
  if (post) post(message);
  else early.push(message);
};

async function ownKeeper(): Promise<(message: ToHub) => void> {
  const { StreamHub, TICK_MS } = await import("./stream-hub.js");
  const hub = new StreamHub();
  setInterval(() => hub.tick(), TICK_MS);
  return hub.connect(heard);
}

function sharedKeeper(): ((message: ToHub) => void) | null {
  if (typeof SharedWorker === "undefined") return null;
  try {
    const { port } = new SharedWorker(assetUrl(__LIVE_WORKER__), { name: "mlbench-hpo live", type: "module" });
    port.onmessage = ({ data }: MessageEvent<FromHub>) => heard(data);
    port.start();
    return (message) => port.postMessage(message);
  } catch {
    // Not allowed here (a private window, say): then each tab has its own.
    return null;
  }
}

/** Finds the keeper of streams and tells it when this tab is looked at. */
export async function startLive(): Promise<void> {
  post = sharedKeeper() ?? (await ownKeeper());
  for (const message of early.splice(0)) post(message);
  const visible = (): boolean => document.visibilityState === "visible";
  const sayVisible = (): void => tell({ type: "visible", visible: visible() });
  sayVisible();
  document.addEventListener("visibilitychange", () => {
    sayVisible();
    // Meanwhile the stream was closed, or the tab forgotten.
    if (visible()) for (const topic of listeners.keys()) tell({ type: "watch", topic });
  });
  addEventListener("pagehide", () => tell({ type: "bye" }));
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted) for (const topic of listeners.keys()) tell({ type: "watch", topic });
  });
  setInterval(() => {
    if (visible()) sayVisible();
  }, BEAT_MS);
}

/** Watches the list, or a study; what is returned ends it. */
export function watch(topic: Topic, listener: LiveListener): () => void {
  const all = listeners.get(topic) ?? new Set();
  listeners.set(topic, all.add(listener));
  tell({ type: "watch", topic });
  return () => {
    all.delete(listener);
    if (all.size > 0) return;
    listeners.delete(topic);
    tell({ type: "unwatch", topic });
  };
}
