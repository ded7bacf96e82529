import { join } from "node:path";
import { loadPlugins } from "../plugins/load-plugins.js";
import type { EpochEvent, Metrics, StudyObjective, TrialOutcome } from "../core/index.js";
import { valueOfEpochs } from "../core/index.js";
import type { RunResult } from "../training/run.js";
import { run } from "../training/run.js";
import type { TrialJob, Workload } from "../executors/executor.js";
import { outcomeOfError } from "../executors/protocol.js";
import { CHECKPOINT_FILE } from "../executors/trial-files.js";
import type { TrialLine } from "./trial-line.js";

type TrainWorkload = Extract<Workload, { kind: "train" }>;

/** Trains a trial's model, reporting its metric after each epoch; the best epoch's weights go to its directory. */
export async function runTraining(
  job: TrialJob,
  workload: TrainWorkload,
  line: TrialLine,
): Promise<{ outcome: TrialOutcome; backend: string | null }> {
  const { config } = workload;
  const reported = (workload.pruneBy ?? (workload.objectives[0] as StudyObjective)).metric;
  try {
    await loadPlugins(config.plugins ?? []);
    const result = await run(
      { ...config, seed: job.seed },
      {
        cancelFlag: line.control,
        ...(job.tables ? { tables: job.tables } : {}),
        checkpoint: job.artifacts === null ? null : join(job.artifacts.path, CHECKPOINT_FILE),
        resumable: false,
        baselines: false,
        onEvent: async (event) => {
          if (event.event !== "epoch") return "continue";
          process.stdout.write(`${epochLine(event)}\n`);
          const answer = await line.report(event.epoch, metricOf(event, reported));
          return answer === "continue" ? "continue" : "stop";
        },
      },
    );
    const outcome = outcomeOfRun(job, workload, result);
    return { outcome, backend: `${result.backend.name}/${result.kernels}` };
  } catch (error) {
    return { outcome: outcomeOfError(error, "training"), backend: null };
  }
}

function outcomeOfRun(job: TrialJob, { objectives }: TrainWorkload, result: RunResult): TrialOutcome {
  const { metric, direction } = objectives[0] as StudyObjective;
  const { state, history, message } = result;
  if (state === "cancelled") return { state };
  if (state === "diverged")
    return { state: "failed", failure: { class: "diverged", message, where: `epoch ${result.epoch + 1}` } };
  const values = history.map((event) => metricOf(event, metric));
  const best = valueOfEpochs(values, "best", direction);
  const chosen = valueOfEpochs(values, job.trialValue, direction);
  if (!best || !chosen) return noEpoch();
  const metrics = {
    best: metricsOf(history[best.index] as EpochEvent),
    last: metricsOf(history.at(-1) as EpochEvent),
  };
  return state === "pruned" ? { state, metrics } : { state, values: [chosen.value], metrics };
}

function noEpoch(): TrialOutcome {
  const failure = { class: "exception", message: "the training ended without an epoch", where: "training" } as const;
  return { state: "failed", failure };
}

function metricOf(event: EpochEvent, metric: string): number {
  const value = (event as unknown as Record<string, unknown>)[metric];
  if (typeof value === "number") return value;
  throw new Error(`an epoch has no metric "${metric}"`);
}

/** An epoch's numbers; `epoch` says which one it was. */
function metricsOf({ event: _event, seconds: _seconds, lr: _lr, ...metrics }: EpochEvent): Metrics {
  return metrics;
}

function epochLine(event: EpochEvent): string {
  const { epoch, train_loss, val_rmse, val_mae, lr, seconds } = event;
  const shown = { train_loss, val_rmse, val_mae, lr };
  const numbers = Object.entries(shown).map(([name, value]) => `${name} ${value.toPrecision(5)}`);
  return `epoch ${epoch}  ${numbers.join("  ")}  ${seconds.toFixed(2)} s`;
}
