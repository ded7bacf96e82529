/** What MLflow takes: keys, lengths of texts, and how much goes into one request. */
import { createHash } from "node:crypto";

/** As MLflow 3.17.2 has them in its `validation.py`. */
export const limits = {
  metrics: 1000,
  params: 100,
  tags: 100,
  together: 1000,
  /** Of a request's JSON; MLflow takes 1,000,000. */
  bytes: 950_000,
  key: 250,
  param: 6000,
  tag: 8000,
} as const;

/** A metric's value at a step: `[key, value, time in ms, step]`; MLflow takes numbers that JSON has no word for as texts. */
export type Point = readonly [
  key: string,
  value: number | "NaN" | "Infinity" | "-Infinity",
  timestamp: number,
  step: number,
];

/** Key and text. */
export type Texts = Readonly<Record<string, string>>;

/** What is logged to a run at once. */
export interface Batch {
  readonly metrics: readonly Point[];
  readonly params: readonly (readonly [key: string, value: string])[];
  readonly tags: readonly (readonly [key: string, value: string])[];
}

const unfit = /[^/\p{L}\p{N}_.\- :]/gu;

/** `posixpath.normpath` would change it, or it points upwards. */
function isNoPlainPath(key: string): boolean {
  return key.split("/").some((part) => part === "" || part === "." || part === "..") || key.startsWith("..");
}

/**
 * A name as a key that MLflow takes. A name that has to be changed gets a mark of its own at its end, so that different
 * names stay different; `<=` and `>=` become words first.
 */
export function fitKey(name: string): string {
  const worded = name.replaceAll(/\s*<=\s*/g, " le ").replaceAll(/\s*>=\s*/g, " ge ");
  let key = worded.replaceAll(unfit, "_");
  if (isNoPlainPath(key)) key = key.replaceAll("/", "_").replace(/^\.+/, "_") || "_";
  if (key === worded && key.length <= limits.key) return key;
  const mark = `.${createHash("sha256").update(name).digest("hex").slice(0, 8)}`;
  return `${cut(key, limits.key - mark.length)}${mark}`;
}

/** The first so many UTF-16 units, no pair of them torn. */
function cut(text: string, length: number): string {
  const last = text.charCodeAt(length - 1);
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? length - 1 : length);
}

/** A text cut to what is taken, with `…` where it was. No database takes NUL. */
export function fitText(text: string, length: number): string {
  const whole = text.replaceAll("\0", "\ufffd");
  return whole.length <= length ? whole : `${cut(whole, length - 1)}…`;
}

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value)) + 1;
/** Around what is counted by itself: the run's id and the names of the three lists. */
const FRAME_BYTES = 500;
/** The names of a point's or text's fields. */
const NAMES_BYTES = 60;

/** Batches within the limits, in order: params and tags first, so that a run can be found before its metrics come. */
export function batchesOf({ metrics, params, tags }: Batch): Batch[] {
  const batches: Batch[] = [];
  let open = { metrics: [] as Point[], params: [] as [string, string][], tags: [] as [string, string][] };
  let bytes = FRAME_BYTES;
  const together = (): number => open.metrics.length + open.params.length + open.tags.length;
  const close = (): void => {
    if (together() > 0) batches.push(open);
    open = { metrics: [], params: [], tags: [] };
    bytes = FRAME_BYTES;
  };
  const put = <T>(list: () => T[], most: number, items: readonly T[]): void => {
    for (const item of items) {
      const size = bytesOf(item) + NAMES_BYTES;
      if (list().length >= most || together() >= limits.together || bytes + size > limits.bytes) close();
      list().push(item);
      bytes += size;
    }
  };
  put(() => open.tags, limits.tags, tags as [string, string][]);
  put(() => open.params, limits.params, params as [string, string][]);
  put(() => open.metrics, limits.metrics, metrics as Point[]);
  close();
  return batches;
}
