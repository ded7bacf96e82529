/** `backends install` and `backends uninstall`, with what they say meanwhile. */
import { UsageError } from "../core/index.js";
import { createDownloadView } from "./download.js";
import type { CliIo } from "./io.js";
import { printLine, printNote } from "./io.js";
import { megabytes } from "./render.js";

function requireTensorflow(command: string, name: string): void {
  if (name !== "tensorflow")
    throw new UsageError(
      "install-unsupported",
      `backends ${command} ${name}: only "tensorflow" can be ${command}ed; cpu and wasm are part of the package`,
    );
}

/**
 * `backends install tensorflow`: what it does on stderr, the folder on stdout.
 * @returns false when it was interrupted
 */
export async function installBackend(
  io: CliIo,
  name: string,
  options: { wheel?: string; sha256?: string; force?: boolean },
  signal: AbortSignal,
): Promise<boolean> {
  requireTensorflow("install", name);
  const { installTensorflow } = await import("../app/tensorflow/install.js");
  const view = await createDownloadView(io);
  try {
    const { folder, installed, isNew } = await installTensorflow({
      ...options,
      ...{ signal, onProgress: view.onProgress },
      onStep: (what) => {
        view.stop();
        printNote(io.stderr, what);
      },
    });
    const what = `TensorFlow ${installed.tensorflow}, ${megabytes(installed.bytes)}`;
    printNote(io.stderr, isNew ? `installed: ${what}` : `already installed: ${what}; --force installs it anew`);
    printLine(io.stdout, folder);
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  } finally {
    view.stop();
  }
}

/** `backends uninstall tensorflow`: the folder that is gone on stdout. */
export async function uninstallBackend(io: CliIo, name: string): Promise<void> {
  requireTensorflow("uninstall", name);
  const { uninstallTensorflow } = await import("../app/tensorflow/install.js");
  const folder = await uninstallTensorflow();
  if (folder === null) printNote(io.stderr, "it is not installed");
  else printLine(io.stdout, folder);
}
