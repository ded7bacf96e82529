/** What a worker loads before its first trial. */
import type { ExpectedTrials } from "../executors/executor.js";

/** Loads what the trials to come have in common. Never throws: what does not load is for the first trial to tell. */
export async function warmUp(expected: ExpectedTrials): Promise<void> {
  if (expected.kind === "command") await import("./run-command.js").catch(() => undefined);
  if (expected.kind !== "train") return;
  const { models, ...common } = expected;
  try {
    await import("./train-trial.js");
    const { loadParts } = await import("../training/load-parts.js");
    for (const model of models) await loadParts({ model, ...common });
  } catch {
    // A model of a plug-in, which its trial loads; kernels that do not run here.
  }
}
