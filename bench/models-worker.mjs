/** A worker process of `models`: trains one run after the other, or scores the baselines, as its parent says. */
import { baselines } from "../dist/datasets/baselines/index.js";
import { RulScore, buildDataset, endOfLifeCycles, loadTables } from "../dist/datasets/index.js";
import { run } from "../dist/index.js";
import { metrics } from "../dist/metrics/index.js";
import { answerJobs } from "./job-pool.mjs";
import { ENDS, dataParams } from "./models-plan.mjs";

/** The data are the same for every seed of a model's. */
const DATA_SEED = 1;
const [END, FURTHER] = ENDS;

/** Of the run under way: its cells' ends of life at the further threshold. */
let furtherEnds = [];

metrics.register("further_rul_mae", { summary: `error of remaining life at ${FURTHER}`, direction: "minimize" })(
  ({ predicted, cell, cycles, windows: size, horizon }) => {
    const score = new RulScore(furtherEnds, FURTHER);
    const last = Int32Array.from({ length: size }, (_, n) => cycles[n * horizon] - 1);
    score.add({ size, window: 1, horizon, cell, cycles: last }, predicted);
    return score.metrics().rul_mae ?? null;
  },
);

const bare = (params) =>
  Object.fromEntries(Object.entries(params).map(([name, value]) => [name.slice("data.".length), value]));

/** The figures of the table, by the names that it has for them. */
function figures(of, prefix, further) {
  return {
    ...{ rmse: of[`${prefix}rmse`], rmse_end: of[`${prefix}rmse_end`], mae: of[`${prefix}mae`] },
    ...{ rul: of[`${prefix}rul_mae`], further_rul: further },
  };
}

const NAMES = ["persistence", "linear", "mean_change", "ridge"];

async function scoreBaselines(job, { directory, set }) {
  const params = bare(ofData({ ...dataParams(job, directory), ...set }));
  const datasets = await Promise.all(
    ENDS.map((eol) => buildDataset(job.dataset, { ...params, eol }, { seed: DATA_SEED })),
  );
  const [scores, further] = datasets.map((dataset) => baselines(dataset, "val"));
  const seen = datasets.map((dataset, i) => {
    const score = new RulScore(endOfLifeCycles(dataset.tables, ENDS[i]), ENDS[i]);
    for (const batch of dataset.split("val").loader({ batchSize: 256 }).epoch(0)) score.add(batch, batch.target);
    return score.metrics().rul_windows;
  });
  const of = (name) => figures(scores, `${name}_`, further[`${name}_rul_mae`]);
  return {
    windows: datasets[0].split("val").windows,
    seen,
    baselines: Object.fromEntries(NAMES.map((n) => [n, of(n)])),
  };
}

const ofData = (params) => Object.fromEntries(Object.entries(params).filter(([name]) => name.startsWith("data.")));

async function train(job, { directory, epochs, set, kernels }) {
  const { model, dataset, seed } = job;
  const params = { ...dataParams(job, directory), "train.epochs": epochs, "data.eol": END, ...set };
  const tables = await loadTables(dataset, bare(ofData(params)), { seed: DATA_SEED });
  furtherEnds = endOfLifeCycles(tables, FURTHER);
  const before = process.cpuUsage();
  // With a signal the run lets messages in after each batch: the parent's end is noticed.
  const result = await run(
    { model, dataset, seed, dataSeed: DATA_SEED, params, kernels },
    { baselines: false, metrics: ["further_rul_mae"], signal: new AbortController().signal },
  );
  const { user, system } = process.cpuUsage(before);
  const of = (part) => part && figures(part.metrics, "val_", part.metrics.val_further_rul_mae);
  return {
    ...{ state: result.state, message: result.message, epochs: result.epoch, bestEpoch: result.best?.epoch },
    ...{ best: of(result.best), last: of(result.last), evaluations: result.last?.metrics.train_evaluations },
    ...{ parameters: result.parameters, seconds: result.seconds, cpu: (user + system) / 1e6 },
  };
}

answerJobs((job, options) => (job.kind === "run" ? train : scoreBaselines)(job, options));
