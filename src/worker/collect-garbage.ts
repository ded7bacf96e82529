/** Memory given back between a worker's trials. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** A collection costs some 10 ms; once a second at most keeps it below a few per cent. */
const INTERVAL_MS = 1000;

let collect: (() => void) | null = null;
let last = performance.now();

/**
 * Gives back what ended trials left. V8 knows little of typed arrays and wasm, and lets a worker with a small heap carry
 * the data of many trials; then neither its memory nor the limit at which it is replaced says anything.
 */
export function collectNowAndThen(): void {
  if (performance.now() - last < INTERVAL_MS) return;
  if (!collect) {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as () => void;
  }
  collect();
  last = performance.now();
}
