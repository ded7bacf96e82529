/** A dataset's download with its progress on the terminal. */
import { UsageError } from "../core/index.js";
import { printLine, printNote } from "./io.js";
import type { CliIo } from "./io.js";
import { tellerOf } from "./teller.js";

interface DownloadOptions {
  readonly url?: string;
  readonly sha256?: string;
  readonly dir: string;
}

interface DownloadView {
  readonly onProgress: (received: number, total: number | null) => void;
  readonly stop: () => void;
}

const megabytes = (bytes: number): number => Math.round(bytes / 1e5) / 10;

/** A bar on a terminal; nothing elsewhere, or while the size is not known. */
async function createDownloadView(io: CliIo): Promise<DownloadView> {
  if (!io.stderr.isTTY || tellerOf(io.stderr)?.quiet) return { onProgress: () => {}, stop: () => {} };
  const { default: progress } = await import("cli-progress");
  const bar = new progress.SingleBar(
    { format: "{bar} {percentage} % of {total} MB  {speed} MB/s", stream: io.stderr, hideCursor: true },
    progress.Presets.shades_classic,
  );
  const begin = performance.now();
  let first: number | null = null;
  return {
    onProgress: (received, total) => {
      if (total === null) return;
      const start = first === null;
      first ??= received;
      const speed = megabytes((received - first) / Math.max(0.001, (performance.now() - begin) / 1000));
      if (start) bar.start(megabytes(total), megabytes(received), { speed });
      else bar.update(megabytes(received), { speed });
    },
    stop: () => bar.stop(),
  };
}

/**
 * `datasets download nasa`: progress on stderr, the files on stdout.
 * @returns false when it was interrupted; the part that is there is kept.
 */
export async function downloadDataset(
  io: CliIo,
  dataset: string,
  { url, sha256, dir }: DownloadOptions,
  signal: AbortSignal,
): Promise<boolean> {
  if (dataset !== "nasa")
    throw new UsageError("not-downloadable", `datasets download ${dataset}: only "nasa" can be downloaded`);
  const { downloadNasa } = await import("../datasets/download/index.js");
  const view = await createDownloadView(io);
  try {
    const result = await downloadNasa({
      ...{ dir, signal, onProgress: view.onProgress },
      ...(url ? { url } : {}),
      ...(sha256 ? { sha256 } : {}),
    });
    view.stop();
    printNote(io.stderr, `sha256 ${result.sha256}`);
    for (const file of result.files) printLine(io.stdout, file);
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  } finally {
    view.stop();
  }
}
