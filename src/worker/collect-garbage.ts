/** Memory given back between a worker's trials. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** A collection takes some 25 ms of two cores from a small worker: not for the few MiB that trials leave there. */
const WORTH_BYTES = 8 * 2 ** 20;
/** And once a second at most, where trials are short and leave much each. */
const INTERVAL_MS = 1000;

let collect: (() => void) | null = null;
let last = -Infinity;
/** Bytes that the worker held after the last collection. */
let kept = 0;

/** @returns what collects all garbage of this thread at once */
function collector(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}

/**
 * Gives back what ended trials left, where the worker holds 8 MiB more than without it. V8 knows little of typed arrays
 * and wasm, and lets a worker with a small heap carry the data of many trials; then neither its memory nor the limit at
 * which it is replaced says anything.
 * @param memory bytes that the worker holds now
 */
export function collectWhereWorthIt(memory: () => number, createCollector = collector): void {
  if (memory() - kept < WORTH_BYTES || performance.now() - last < INTERVAL_MS) return;
  collect ??= createCollector();
  collect();
  last = performance.now();
  kept = memory();
}
