import { UsageError } from "../core/index.js";
import { printLine } from "./io.js";
import type { CliIo } from "./io.js";

/**
 * `datasets download nasa`: progress on stderr, the files on stdout.
 * @returns false when it was interrupted; the part that is there is kept.
 */
export async function downloadDataset(
  io: CliIo,
  dataset: string,
  options: { url?: string; sha256?: string; dir: string },
  signal: AbortSignal,
): Promise<boolean> {
  if (dataset !== "nasa")
    throw new UsageError("not-downloadable", `datasets download ${dataset}: only "nasa" can be downloaded`);
  const [{ downloadNasa }, { default: progress }] = await Promise.all([
    import("../datasets/download/index.js"),
    import("cli-progress"),
  ]);
  const bar = io.stderr.isTTY
    ? new progress.SingleBar(
        { format: "{bar} {percentage} % of {total} MB  {speed} MB/s", stream: io.stderr, hideCursor: true },
        progress.Presets.shades_classic,
      )
    : null;
  let started = false;
  const begin = performance.now();
  let first: number | null = null;
  try {
    const result = await downloadNasa({
      ...{ dir: options.dir, signal },
      ...(options.url ? { url: options.url } : {}),
      ...(options.sha256 ? { sha256: options.sha256 } : {}),
      onProgress: (received, total) => {
        first ??= received;
        const from = first;
        const megabytes = (bytes: number): number => Math.round(bytes / 1e5) / 10;
        const speed = megabytes((received - from) / Math.max(0.001, (performance.now() - begin) / 1000));
        if (!bar || total === null) return;
        if (started) bar.update(megabytes(received), { speed });
        else bar.start(megabytes(total), megabytes(received), { speed });
        started = true;
      },
    });
    bar?.stop();
    printLine(io.stderr, `sha256 ${result.sha256}`);
    for (const file of result.files) printLine(io.stdout, file);
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  } finally {
    bar?.stop();
  }
}
