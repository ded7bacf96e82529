/** Keeps the streams of one browser: as few as what its visible tabs watch, and never so many that requests find no connection. */
import type { ListChanges, StudyChanges } from "../api/types.js";
import { pathOf } from "../paths.js";
import { BEAT_MS } from "./protocol.js";
import type { FromHub, ToHub, Topic } from "./protocol.js";
import { Stream } from "./stream.js";
import type { StreamListener } from "./stream.js";

/** Browsers have six connections to a server of HTTP/1.1; the others are for requests. */
const MOST_STREAMS = 3;
/** A visible tab that says nothing for so long has crashed, or sleeps. */
const SILENT_MS = 3 * BEAT_MS;
/** Hidden ones say nothing anyway, and ask for all that they lack when they come back. */
const HIDDEN_MS = 60 * 60_000;
/** How often tabs are told to ask for themselves where there is no stream left for them. */
const POLL_MS = 2_000;

interface Client {
  readonly send: (message: FromHub) => void;
  readonly topics: Set<Topic>;
  /** When it last said that it is visible; null: it is not. */
  seen: number | null;
  /** When it last said anything. */
  heard: number;
}

/** What is asked of the keeper's surroundings; tests have their own. */
export interface HubParts {
  readonly openStream: (path: string, listener: StreamListener) => { close(): void };
  readonly now: () => number;
}

const parts: HubParts = {
  openStream: (path, listener) => new Stream(path, listener),
  now: () => performance.now(),
};

const streamPath = (topic: Topic): string =>
  topic === "studies" ? "/events" : `${pathOf("studies", topic.slice("study:".length))}/events`;

/** The keeper. */
export class StreamHub {
  readonly #parts: HubParts;
  readonly #clients = new Set<Client>();
  readonly #streams = new Map<Topic, { close(): void; isLive: boolean }>();
  /** Topics that were refused: not asked for again until somebody watches anew. */
  readonly #refused = new Set<Topic>();
  #polled: readonly Topic[] = [];

  constructor(own: Partial<HubParts> = {}) {
    this.#parts = { ...parts, ...own };
  }

  /** A tab comes; what is returned takes its messages. */
  connect(send: (message: FromHub) => void): (message: ToHub) => void {
    const now = this.#parts.now();
    const client: Client = { send, topics: new Set(), seen: now, heard: now };
    this.#clients.add(client);
    return (message) => this.#receive(client, message);
  }

  /** How many tabs there are. */
  get clients(): number {
    return this.#clients.size;
  }

  /** Forgets tabs that are silent until they say something again, and looks after those without a stream: to be called every {@link POLL_MS}. */
  tick(): void {
    const now = this.#parts.now();
    for (const client of this.#clients)
      if (client.heard < now - (client.seen === null ? HIDDEN_MS : SILENT_MS)) this.#clients.delete(client);
    this.#reconcile();
    for (const topic of this.#polled) this.#tell(topic, { type: "reset", topic });
  }

  #receive(client: Client, message: ToHub): void {
    const wasForgotten = !this.#clients.has(client);
    const now = (client.heard = this.#parts.now());
    this.#clients.add(client);
    if (message.type === "bye") this.#clients.delete(client);
    else if (message.type === "visible") {
      client.seen = message.visible ? now : null;
      // Of streams that stood meanwhile it has missed something.
      if (wasForgotten) for (const topic of client.topics) this.#greet(client, topic);
    } else if (message.type === "unwatch") client.topics.delete(message.topic);
    else {
      const { topic } = message;
      client.topics.add(topic);
      client.seen = now;
      this.#refused.delete(topic);
      this.#greet(client, topic);
    }
    this.#reconcile();
  }

  /** The stream stands already: whoever joins need not wait for its greeting. */
  #greet(client: Client, topic: Topic): void {
    if (this.#streams.get(topic)?.isLive) client.send({ type: "hello", topic });
  }

  /** Opens and closes streams until they are those of the tabs that were looked at last. */
  #reconcile(): void {
    const wanted = new Map<Topic, number>();
    for (const { topics, seen } of this.#clients)
      if (seen !== null) for (const topic of topics) wanted.set(topic, Math.max(seen, wanted.get(topic) ?? 0));
    const topics = [...wanted.keys()].filter((topic) => !this.#refused.has(topic));
    // Those that have one keep it, so that no two tabs take it from each other at every beat.
    const rank = (topic: Topic): number => (this.#streams.has(topic) ? Infinity : (wanted.get(topic) ?? 0));
    const ranked = topics.sort((a, b) => rank(b) - rank(a) || 0);
    const chosen = new Set(ranked.slice(0, MOST_STREAMS));
    this.#polled = ranked.slice(MOST_STREAMS);
    for (const [topic, stream] of this.#streams)
      if (!chosen.has(topic)) {
        this.#streams.delete(topic);
        stream.close();
      }
    for (const topic of chosen) if (!this.#streams.has(topic)) this.#open(topic);
  }

  #open(topic: Topic): void {
    const entry = { close: (): void => {}, isLive: false };
    this.#streams.set(topic, entry);
    const isCurrent = (): boolean => this.#streams.get(topic) === entry;
    const stream = this.#parts.openStream(streamPath(topic), {
      event: ({ event, data }) => {
        if (isCurrent()) this.#heard(topic, entry, event, data);
      },
      down: () => {
        entry.isLive = false;
        if (isCurrent()) this.#tell(topic, { type: "down", topic });
      },
      refused: (status) => {
        if (!isCurrent()) return;
        this.#streams.delete(topic);
        this.#refused.add(topic);
        this.#tell(
          topic,
          status === 401 || status === 403
            ? { type: "denied", topic }
            : { type: "gone", topic, code: `http-${status}` },
        );
      },
    });
    entry.close = () => stream.close();
  }

  #heard(topic: Topic, stream: { isLive: boolean }, event: string, data: string): void {
    const wasLive = stream.isLive;
    stream.isLive = true;
    if (event === "hello") return this.#tell(topic, { type: "hello", topic });
    // A list's stream that has come back may greet with its first change.
    if (!wasLive) this.#tell(topic, { type: "hello", topic });
    const parsed: unknown = JSON.parse(data);
    if (event === "reset") this.#tell(topic, { type: "reset", topic });
    else if (event === "changes") this.#tell(topic, { type: "changes", topic, changes: parsed as StudyChanges });
    else if (event === "studies") this.#tell(topic, { type: "studies", topic, changes: parsed as ListChanges });
    else if (event === "gone") {
      this.#refused.add(topic);
      this.#tell(topic, { type: "gone", topic, code: (parsed as { code?: string }).code ?? "gone" });
      this.#reconcile();
    }
  }

  #tell(topic: Topic, message: FromHub): void {
    for (const client of this.#clients) if (client.topics.has(topic)) client.send(message);
  }
}

/** How often {@link StreamHub.tick} is due. */
export const TICK_MS = POLL_MS;
