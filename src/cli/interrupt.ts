/**
 * Runs `work` with a signal that the first Ctrl-C (or SIGTERM) aborts; a second one ends the process at once with 130.
 */

export async function withInterrupt<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  return onSignals(
    (count) => (count === 1 ? controller.abort() : process.exit(130)),
    () => work(controller.signal),
  );
}

/** The first Ctrl-C drains, the second stops now, a third ends the process at once. SIGTERM and SIGHUP stop now. */
export async function drainable<T>(work: (signal: AbortSignal, drain: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const drain = new AbortController();
  return onSignals(
    (count, signal) => {
      if (signal === "SIGINT" && count === 1) drain.abort();
      else if (!stop.signal.aborted) stop.abort();
      else process.exit(130);
    },
    () => work(stop.signal, drain.signal),
  );
}

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

async function onSignals<T>(
  handle: (count: number, signal: NodeJS.Signals) => void,
  work: () => Promise<T>,
): Promise<T> {
  let count = 0;
  const onSignal = (signal: NodeJS.Signals): void => handle(++count, signal);
  for (const signal of signals) process.on(signal, onSignal);
  try {
    return await work();
  } finally {
    for (const signal of signals) process.off(signal, onSignal);
  }
}
