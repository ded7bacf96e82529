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

/**
 * Runs what goes on until it is told to stop: the first signal asks for the end, the second hurries it, a third ends the
 * process at once.
 * @param work is handed a promise of the first signal
 * @returns the exit code: 0, or 130 where it was hurried
 */
export async function untilSignalled(
  work: (stop: Promise<void>, force: AbortSignal) => Promise<void>,
): Promise<0 | 130> {
  const force = new AbortController();
  let stopped: () => void = () => undefined;
  const stop = new Promise<void>((resolve) => (stopped = resolve));
  await onSignals(
    (count) => {
      if (count === 1) stopped();
      else if (count === 2) force.abort();
      else process.exit(130);
    },
    () => work(stop, force.signal),
  );
  return force.signal.aborted ? 130 : 0;
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
