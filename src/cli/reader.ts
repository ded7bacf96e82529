/** Whoever reads a command's output going away: the end of commands that would otherwise go on for ever. */

/** A signal that is aborted with another, and when the stream's reader has gone (`| head`). */
export function untilReaderGoes(stream: NodeJS.WritableStream, signal: AbortSignal): AbortSignal {
  const gone = new AbortController();
  const abort = (): void => gone.abort();
  for (const event of ["error", "close"] as const) stream.once(event, abort);
  return AbortSignal.any([signal, gone.signal]);
}
