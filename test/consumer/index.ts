// A project that uses the package from outside: type-checked and run against the packed tarball.
import {
  AutoSampler,
  AshaPruner,
  ForwardModel,
  GpSampler,
  BruteForceSampler,
  CmaesSampler,
  GridSampler,
  NsgaIISampler,
  hypervolume,
  hypervolumeHistory,
  importances,
  HyperbandPruner,
  MedianPruner,
  MemoryStorage,
  MlflowTracker,
  NopPruner,
  ParzenEstimator,
  PatientPruner,
  PercentilePruner,
  QmcSampler,
  RandomSampler,
  ThresholdPruner,
  TpeSampler,
  TrialPruned,
  WilcoxonPruner,
  buildDataset,
  buildParams,
  categorical,
  copyCheckpoint,
  createRng,
  createStudy,
  chooseSampler,
  crossValidate,
  datasets,
  deleteStudy,
  ensureStudy,
  evaluate,
  evaluateCheckpoint,
  executors,
  exportStudy,
  exportTrials,
  float,
  commandStudy,
  importStudy,
  inspectStudy,
  int,
  listStudies,
  loadStudy,
  models,
  odeint,
  odeintAdjoint,
  odeintEvent,
  optimizers,
  planStudy,
  predictCheckpoint,
  pruners,
  queryTrials,
  readMat,
  readStudy,
  replayTrial,
  retrain,
  run,
  syncMlflow,
  samplers,
  schedulers,
  storageTools,
  storages,
  studyImportances,
  summarizeStudies,
  summarizeStudy,
  tf,
  trainOneEpoch,
  trialLog,
  truncatedNormal,
  valueAtQuantile,
} from "mlbench-hpo";
import type {
  CreateStudyOptions,
  CrossValidation,
  EnsuredStudy,
  Evaluation,
  History,
  ImportedStudy,
  InspectedStudy,
  NumberSolution,
  OdeintOptions,
  OptimizeResult,
  OptimizeStudyOptions,
  Params,
  ReplayResult,
  RetrainResult,
  RunResult,
  SamplerChoice,
  SearchSpace,
  Study,
  StudyAddress,
  StudyCallback,
  StudyImportances,
  StudyList,
  StudyOverview,
  StudyPlan,
  StudyState,
  Trial,
  TrialQuery,
} from "mlbench-hpo";
import { prunerConformance, samplerConformance, storageConformance } from "mlbench-hpo/testing";
import type { TestRunner } from "mlbench-hpo/testing";

function expect(condition: boolean, what: string): void {
  if (!condition) throw new Error(`consumer: ${what}`);
}

const space: SearchSpace = {
  lr: float(1e-5, 1e-1, { log: true }),
  width: int(8, 64, { step: 8 }),
  optimizer: categorical(["adamw", "sgd"]),
  momentum: float(0, 0.99, { when: { optimizer: "sgd" } }),
};

// A declared space, drawn jointly at ask; pruning; told results.
const study: Study = await createStudy({
  storage: "memory",
  space,
  direction: "minimize",
  seed: 1,
  sampler: new TpeSampler(),
  pruner: new MedianPruner({ nStartupTrials: 3, nWarmupSteps: 1 }),
});
let heard = 0;
const count: StudyCallback = () => {
  heard++;
};
await study.optimize(
  async (trial) => {
    const lr = trial.suggestFloat("lr", 1e-5, 1e-1, { log: true });
    for (let step = 1; step <= 5; step++) {
      trial.report(Math.abs(Math.log10(lr) + 3) + 1 / step, step);
      if (await trial.shouldPrune()) throw new TrialPruned();
    }
    return Math.abs(Math.log10(lr) + 3);
  },
  { trials: 20, concurrency: 1, callbacks: [count] },
);
expect(heard === 20, "a callback a trial");
const trials: readonly Trial[] = study.trials;
expect(trials.length === 20, "twenty trials");
expect((study.bestTrial?.value ?? NaN) < 2, "a best trial");
const asked = await study.ask();
const told = await study.tell(asked.number, { value: 0.5 });
expect(told.state === "complete", "told");
await study.enqueueTrial({ lr: 1e-3, width: 16, optimizer: "adamw" });
study.stop();

// Undeclared suggests, both directions.
const free = await createStudy({ storage: "memory", direction: "maximize", sampler: new RandomSampler(), seed: 2 });
await free.optimize(
  (trial) =>
    trial.suggestCategorical("kind", ["a", "b"]) === "a" ? trial.suggestInt("n", 1, 9) : trial.suggestFloat("x", 0, 1),
  { trials: 10 },
);
expect((free.bestTrial?.value ?? 0) > 0, "maximize");

// In a folder: found again.
await createStudy({ name: "kept", storage: "studies-of-consumer", space }).then((kept) => kept.close());
expect((await listStudies({ storage: "studies-of-consumer" })).includes("kept"), "listed");
const loaded = await loadStudy({ name: "kept", storage: "studies-of-consumer" });
await loaded.close();
await deleteStudy({ name: "kept", storage: "studies-of-consumer" });

// A study of a model: made, planned, found again, optimized in the pool, read, exported, replayed.
const request = {
  ...{ storage: "studies-of-consumer", name: "tuned", model: "mlp", dataset: "dummy", seed: 5 },
  params: { "data.cells": 3, "data.cycles": 40, "data.horizon": 3, "train.epochs": 1 },
  search: { "train.lr": "log:1e-3..1e-2", "model.hidden_size": int(4, 8), "train.optimizer": null },
  fix: { "train.batch_size": 16 },
  objectives: [{ metric: "val_rmse" }],
} satisfies CreateStudyOptions;
const plan: StudyPlan = await planStudy(request);
expect(plan.header.objectives[0]?.direction === "minimize", "planned");
const tuned = await createStudy(request);
const ensured: EnsuredStudy = await ensureStudy(request);
expect(!ensured.created, "the study is there");
const optimizing: OptimizeStudyOptions = { trials: 2, workers: 1, keepCheckpoints: { best: 1 } };
const optimized: OptimizeResult = await tuned.optimize(optimizing);
expect(optimized.finished === 2, "two trials of a model");
const address: StudyAddress = { storage: "studies-of-consumer", name: "tuned" };
const overview: StudyOverview = await summarizeStudy(address);
expect(overview.counts.complete === 2 && overview.best !== null, "an overview");
const inspected: InspectedStudy = await inspectStudy(tuned);
expect(inspected.findings.length === 0 && inspected.owner === null, "nothing amiss");
const noted = await commandStudy(address, { type: "annotate", number: 0, change: { note: "seen" } });
expect(noted.note === "seen", "a command's answer has its type");
const list: StudyList = await summarizeStudies({ storage: "studies-of-consumer" });
expect(list.studies[0]?.name === "tuned" && list.unread.length === 0, "a list");
const state: StudyState = await readStudy(address);
const query: TrialQuery = { state: ["complete"], sort: "-val_rmse", limit: 1 };
expect(queryTrials(state.trials, query, state.header.objectives).length === 1, "queried");
expect([...(await exportTrials(tuned, "csv"))].length === 3, "a line a trial, and the header");
const left: readonly string[] = await exportStudy(tuned, {
  to: "optuna-journal",
  file: "studies-of-consumer/tuned.log",
});
const taken: ImportedStudy = await importStudy({
  file: "studies-of-consumer/tuned.log",
  storage: "memory",
  name: "taken",
});
expect(left.length >= 0 && taken.counts.complete + taken.counts.pruned > 0, "an export that is taken in again");
let log = "";
for await (const text of await trialLog(tuned, 0)) log += text;
expect(log.startsWith("epoch 1"), "a log");
await copyCheckpoint(tuned, tuned.bestTrial?.number ?? -1, "best.safetensors");
const evaluation: Evaluation = await evaluateCheckpoint("best.safetensors");
expect(Math.abs((evaluation.metrics["val_rmse"] ?? NaN) - (tuned.bestTrial?.value ?? NaN)) < 1e-7, "evaluated");
expect((await predictCheckpoint("best.safetensors")).horizon === 3, "predicted");
const replayed: ReplayResult = await replayTrial(tuned, 0);
expect(replayed.same, "replayed bit for bit");
const important: StudyImportances = await studyImportances(address, { metric: ["val_rmse", "seconds"] });
expect(important.targets.map(({ used }) => used).join() === "2,2", "importances of what is stored");
const [forest] = importances(tuned, {
  method: { name: "fanova", options: { n_trees: 4 } },
  interactions: true,
}).targets;
expect(forest?.interactions !== null && forest?.top === null, "importances of an open study");
const retrained: RetrainResult = await retrain(tuned, { seeds: 2 });
expect(retrained.runs.length === 4, "trained again");
await deleteStudy(address);

// Samplers and pruners as pure functions.
const history: History = { direction: "minimize", trials };
const rng = createRng(1, "consumer");
const proposers = [
  ...[new AutoSampler({ seed: 1 }), new RandomSampler(), new QmcSampler({ sequence: "halton" })],
  ...[new TpeSampler({ preset: "optuna" }), new GpSampler({ nStartupTrials: 1 })],
  new NsgaIISampler({ crossover: "sbx" }),
];
for (const sampler of proposers) {
  const params: Params | null = await sampler.suggest(space, history, rng);
  expect(params !== null && typeof params["lr"] === "number", `${sampler.name} suggests`);
}
const choice: SamplerChoice = chooseSampler(space, history);
expect(samplers.has(choice.sampler) && choice.reason !== "", "a choice with its reason");
expect(hypervolume([[1, 3]], [4, 4]) === 3, "hypervolume");
expect(hypervolumeHistory([], ["minimize", "maximize"]).length === 0, "no hypervolume yet");
const grid = new GridSampler().suggest({ n: int(1, 3) }, { direction: "minimize", trials: [] }, rng);
expect(grid !== null && grid["n"] === 1, "grid");
const any = new BruteForceSampler().suggest({ n: int(2, 2) }, { direction: "minimize", trials: [] }, rng);
expect(any !== null && any["n"] === 2, "brute force");
for (const pruner of [
  new NopPruner(),
  new PercentilePruner({ percentile: 25 }),
  new PatientPruner({ pruner: null, patience: 3 }),
  new AshaPruner({ minResource: 1, reductionFactor: 4 }),
  new HyperbandPruner({ maxResource: 27 }),
  new WilcoxonPruner({ pThreshold: 0.05 }),
  new ThresholdPruner({ upper: 10 }),
])
  expect(typeof pruner.decide(trials[0] as Trial, history).prune === "boolean", `${pruner.name} decides`);
const estimator = new ParzenEstimator({ observations: { x: [0.2, 0.4] }, space: { x: float(0, 1) } });
expect(Number.isFinite(estimator.logPdf({ x: [0.3] })[0] ?? NaN), "logPdf");
expect(estimator.sample(rng, 4)["x"]?.length === 4, "sample");
expect(Math.abs(truncatedNormal.logMass(-1, 1) - Math.log(0.6826894921370859)) < 1e-12, "logMass");
expect(Math.abs(truncatedNormal.ppf(0.5, -1, 1)) < 1e-12, "ppf");
expect(Number.isFinite(truncatedNormal.logPdf(0, -1, 1, 0, 1)), "truncated logPdf");

// Parts of one's own: registries, tools, and the suites for any runner.
for (const [registry, name] of [
  [samplers, "tpe"],
  [pruners, "median"],
  [executors, "process"],
  [storages, "file"],
] as const)
  expect(registry.has(name), `${registry.kind} ${name}`);
const point = buildParams(space, (_name, distribution) => valueAtQuantile(distribution, 0.5));
expect(point["width"] === 40, "the middle of a range");
const begun = storageTools.createStudyState(study.header);
expect(storageTools.summaryOf(begun, { owner: null, location: "here" }).counted === 0, "a summary");
const names: string[] = [];
const runner: TestRunner = { describe: (_name, body) => body(), it: (name) => names.push(name) };
samplerConformance(runner, { name: "random", make: () => new RandomSampler() });
prunerConformance(runner, { name: "nop", make: () => new NopPruner(), timed: false, prunes: false });
storageConformance(runner, {
  name: "memory",
  make: () => {
    const storage = new MemoryStorage();
    return { storage, other: storage };
  },
});
expect(names.length > 100, "suites");

// Training.
const result: RunResult = await run(
  { model: "lstm", dataset: "dummy", seed: 1, params: { "train.epochs": 1, "data.cells": 3, "data.cycles": 50 } },
  { onEvent: (event) => void event.event },
);
expect(result.state === "complete" && Number.isFinite(result.best?.metrics["val_rmse"] ?? NaN), "run");
const folds: CrossValidation = await crossValidate({
  ...{ model: "mlp", dataset: "dummy", seed: 1 },
  params: { "train.epochs": 1, "data.cells": 3, "data.cycles": 50 },
});
expect(folds.folds.length === 3 && Number.isFinite(folds.mean?.metrics["val_rmse"] ?? NaN), "cross-validated");
expect(models.names().includes("lstm") && datasets.names().includes("nasa"), "registries");
expect(optimizers.has("adamw") && schedulers.has("cosine"), "training registries");
const dataset = await buildDataset("dummy", { cells: 3, cycles: 50 }, { seed: 1 });
expect(dataset.split("train").windows > 0, "dataset");
expect(typeof trainOneEpoch === "function" && typeof evaluate === "function", "loop");
expect(ForwardModel.prototype instanceof Object, "ForwardModel");
await readMat(new Uint8Array(4)).then(
  () => expect(false, "readMat must refuse"),
  (error: unknown) => expect(error instanceof Error, "readMat refuses"),
);

// Tracking.
const mlflow = new MlflowTracker({
  uri: "http://127.0.0.1:9",
  experiment: "cells",
  onWarning: () => undefined,
});
expect(typeof mlflow.onEvent === "function" && typeof syncMlflow === "function", "tracker");

// Differential equations, in float64 and on tensors.
const tight: OdeintOptions = { method: "tsit5", rtol: 1e-9, atol: 1e-9 };
const turned: NumberSolution = odeint((_t, [x = 0, v = 0]) => [v, -x], Float64Array.of(1, 0), [0, Math.PI], tight);
expect(Math.abs((turned.path[1]?.[0] ?? 0) + 1) < 1e-7, "odeint");
const life = odeintEvent((_t, [soh = 0]) => [-0.01 * soh], Float64Array.of(1), 0, {
  eventFn: (_t, [soh = 0]) => soh - 0.8,
  until: 1000,
});
expect(Math.abs(life.eventTime + 100 * Math.log(0.8)) < 1e-6 && life.counts.accepted > 0, "odeintEvent");
const rate = tf.variable(tf.scalar(-0.5));
const { grads } = tf.variableGrads(() => {
  const { path } = odeintAdjoint((_t, y) => tf.mul(y, rate), tf.tensor1d([1]), [0, 1], { rtol: 1e-5, atol: 1e-5 });
  return tf.sum<tf.Scalar>(path);
});
const slope = Object.values(grads)[0]?.dataSync()[0] ?? 0;
expect(Math.abs(slope - Math.exp(-0.5)) < 1e-3, "odeintAdjoint");
console.log("consumer ok");
