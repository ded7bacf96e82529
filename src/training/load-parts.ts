/** The parts that runs have in common, loaded before there is a run. */
import type { RunConfig } from "../core/index.js";
import { datasets } from "../datasets/index.js";
import { models } from "../models/index.js";
import { useBackend, useKernels } from "../tensor/index.js";
import { resolveConfig } from "./config.js";
import { optimizers } from "./optimizers/index.js";
import { schedulers } from "./schedulers/index.js";

/**
 * Imports a run's model, dataset, optimizer and scheduler, and starts its backend and kernels: what its own call of
 * `run` finds there it need not wait for.
 * @throws UsageError for what the run would be refused for.
 */
export async function loadParts(config: RunConfig): Promise<void> {
  const { model, dataset, train, backend, kernels } = resolveConfig(config);
  const parts = [
    models.get(model),
    datasets.get(dataset),
    optimizers.get(train.optimizer),
    schedulers.get(train.scheduler),
  ];
  // All have ended when this does: none goes on behind the first trial's back, or fails unheard.
  const loaded = await Promise.allSettled([
    useBackend(backend).then(() => useKernels(kernels)),
    ...parts.map((part) => part.load()),
  ]);
  for (const part of loaded) if (part.status === "rejected") throw part.reason;
}
