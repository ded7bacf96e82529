/** Trains a trial's model in a worker, and reports its epochs. */
import { join } from "node:path";
import { requireMetrics } from "../plugins/known-metrics.js";
import { loadPlugins, metricsOfPlugins } from "../plugins/load-plugins.js";
import type { EpochEvent, Metrics, RanOn, StudyObjective, TrialOutcome } from "../core/index.js";
import { MlbenchError, parseConstraint, userErrorOf } from "../core/index.js";
import type { RunProbe, RunResult } from "../training/run.js";
import { run } from "../training/run.js";
import { epochNumbers, numbersOfPart, requireMetric, scoreTrial } from "../training/trial-scores.js";
import type { TrialJob, Workload } from "../executors/executor.js";
import { outcomeOfError } from "../executors/protocol.js";
import { CHECKPOINT_FILE, logStack } from "../executors/trial-files.js";
import type { TrialLine } from "./trial-line.js";

type TrainWorkload = Extract<Workload, { kind: "train" }>;

/** Trains a trial's model, reporting its metrics after each epoch; the best epoch's weights go to its directory. */
export async function runTraining(
  job: TrialJob,
  workload: TrainWorkload,
  line: TrialLine,
  log: (text: string) => void,
): Promise<{ outcome: TrialOutcome; ranOn: RanOn }> {
  const { config } = workload;
  try {
    const plugins = await loadPlugins(config.plugins ?? []);
    requireMetrics(workload, [config.model], plugins);
    const judge = new EpochJudge(workload);
    const result = await run(
      { ...config, seed: job.seed },
      {
        cancelFlag: line.control,
        ...(job.tables ? { tables: job.tables } : {}),
        checkpoint: job.artifacts === null ? null : join(job.artifacts.path, CHECKPOINT_FILE),
        resumable: false,
        baselines: false,
        metrics: metricsOfPlugins(plugins).map(({ name }) => name),
        onEvent: async (event, probe) => {
          if (event.event === "finish") judge.finish(probe);
          if (event.event !== "epoch") return "continue";
          process.stdout.write(`${epochLine(event)}\n`);
          const { value, metrics, parts } = judge.report(event, probe);
          const answer = await line.report(event.epoch, value, metrics, parts);
          return answer === "continue" ? "continue" : "stop";
        },
      },
    );
    const { backend, kernels, isa } = result;
    const ranOn: RanOn = { backend: `${backend.name}/${kernels}`, kernels, ...(isa === null ? {} : { isa }) };
    return { outcome: judge.outcome(job, result), ranOn };
  } catch (error) {
    const outcome = outcomeOfError(error, "training", saidOf(error));
    return { outcome: logStack(log, outcome, error), ranOn: { backend: null } };
  }
}

/** Whose code threw and where; a metric that failed has been told so by then. */
function saidOf(error: unknown): string | undefined {
  const told = error instanceof MlbenchError && error.code === "metric-failed";
  return told ? error.message : userErrorOf(error)?.message;
}

/** What is said of a trial's epochs, and what they come to. */
class EpochJudge {
  readonly #workload: TrainWorkload;
  /** The metric that is reported. */
  readonly #reported: string;
  #seconds = 0;
  /** Of each part of a cross-validated trial. */
  readonly #partSeconds: number[] = [];
  #inferenceUs: number | null = null;

  constructor(workload: TrainWorkload) {
    this.#workload = workload;
    this.#reported = (workload.pruneBy ?? (workload.objectives[0] as StudyObjective)).metric;
  }

  /** A metric of the whole run is reported as it is so far. */
  report(event: EpochEvent, probe: RunProbe): { value: number; metrics: Metrics; parts?: readonly number[] } {
    this.#seconds += event.seconds;
    const metrics: Metrics = { ...epochNumbers(event), seconds: this.#seconds };
    const inference = this.#reported === "inference_us" ? { inference_us: probe.inferenceUs() } : {};
    const all = { ...metrics, parameters: probe.parameters, epochs: event.epoch, ...inference };
    // What cannot be scored in the first epoch cannot be scored in any: told before more are trained.
    if (event.epoch === 1)
      for (const { metric } of this.#workload.objectives) if (metric !== "inference_us") requireMetric(all, metric);
    const value = requireMetric(all, this.#reported);
    const parts = event.parts?.map((part, i) => {
      this.#partSeconds[i] = (this.#partSeconds[i] ?? 0) + part.seconds;
      const run = { parameters: probe.parameters, epochs: event.epoch, seconds: this.#partSeconds[i], ...inference };
      return numbersOfPart(part, run)[this.#reported] ?? NaN;
    });
    return { value, metrics: { ...metrics, [this.#reported]: value }, ...(parts ? { parts } : {}) };
  }

  /** Measures what is only measured where somebody asks for it. */
  finish(probe: RunProbe): void {
    const { objectives, constraints } = this.#workload;
    const named = [...objectives, ...constraints.map(parseConstraint)].some(({ metric }) => metric === "inference_us");
    if (named) this.#inferenceUs = probe.inferenceUs();
  }

  outcome({ trialValue }: TrialJob, result: RunResult): TrialOutcome {
    const { state, history, message, parameters, epoch } = result;
    if (state === "cancelled") return { state };
    if (state === "diverged")
      return { state: "failed", failure: { class: "diverged", message, where: `epoch ${epoch + 1}` } };
    // NaN: a pruned trial did not come to what is measured at the end.
    const run = { seconds: this.#seconds, parameters, epochs: epoch, inference_us: this.#inferenceUs ?? NaN };
    const scores = scoreTrial(history, run, { ...this.#workload, trialValue }, result.parts);
    if (!scores) return noEpoch();
    const { parts, spread, ...others } = scores;
    return state === "pruned"
      ? { state, metrics: scores.metrics }
      : { state, ...others, ...(parts && { parts, spread }) };
  }
}

function noEpoch(): TrialOutcome {
  const failure = { class: "exception", message: "the training ended without an epoch", where: "training" } as const;
  return { state: "failed", failure };
}

function epochLine(event: EpochEvent): string {
  const { epoch, train_loss, val_rmse, val_mae, lr, seconds } = event;
  const shown = { train_loss, val_rmse, val_mae, lr };
  const numbers = Object.entries(shown).map(([name, value]) => `${name} ${value.toPrecision(5)}`);
  return `epoch ${epoch}  ${numbers.join("  ")}  ${seconds.toFixed(2)} s`;
}
