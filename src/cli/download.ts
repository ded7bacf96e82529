/** A download with its progress on the terminal, and a dataset's. */
import { UsageError } from "../core/index.js";
import { printLine, printNote } from "./io.js";
import type { CliIo } from "./io.js";
import { progressBar } from "./render.js";
import { tellerOf } from "./teller.js";
import { movesCursor } from "./terminal.js";

interface DownloadOptions {
  readonly url?: string;
  readonly sha256?: string;
  readonly dir: string;
}

export interface DownloadView {
  readonly onProgress: (received: number, total: number | null) => void;
  readonly stop: () => void;
}

const megabytes = (bytes: number): number => Math.round(bytes / 1e5) / 10;

/** A bar on a terminal; nothing elsewhere, or while the size is not known. */
export async function createDownloadView(io: CliIo): Promise<DownloadView> {
  if (!movesCursor(io.stderr) || tellerOf(io.stderr)?.quiet) return { onProgress: () => {}, stop: () => {} };
  const { liveRegion } = await import("./live-region.js");
  const region = liveRegion(io.stderr);
  const begin = performance.now();
  let first: number | null = null;
  return {
    onProgress: (received, total) => {
      if (total === null) return;
      first ??= received;
      const speed = megabytes((received - first) / Math.max(0.001, (performance.now() - begin) / 1000));
      const share = total === 0 ? 1 : received / total;
      const figures = `${Math.floor(100 * share)} % of ${megabytes(total)} MB  ${speed} MB/s`;
      region.update(({ columns }) => {
        const width = Math.max(8, Math.min(40, columns - figures.length - 2));
        return `${progressBar(Math.round(width * share), width)} ${figures}`;
      });
    },
    stop: () => region.done(),
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
