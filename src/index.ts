/**
 * The library: studies over any objective, samplers and pruners, training runs, registries, and the readers. See
 * docs/study-library.md for a tour.
 */
export { TrialPruned, MlbenchError, UsageError, categorical, createRng, deriveSeed, float, int } from "./core/index.js";
export type {
  AlwaysActive,
  Annotation,
  Attempt,
  BackendName,
  Batch,
  CategoricalDistribution,
  CategoricalOptions,
  CellTable,
  CellTables,
  CheckpointEvent,
  CommandSettings,
  ComponentSpec,
  Condition,
  ConfigValue,
  CopiedFrom,
  Dataset,
  DatasetMetadata,
  Direction,
  Distribution,
  EarlierSpace,
  EpochEvent,
  EpochOfPart,
  Failure,
  FailureClass,
  FinishEvent,
  FinishOfPart,
  FoldBaselines,
  FloatDistribution,
  FloatOptions,
  Folds,
  HashedFile,
  History,
  IntDistribution,
  IntOptions,
  KeptLease,
  IsaName,
  KernelsName,
  Lease,
  Loader,
  LoaderOptions,
  MadeBy,
  MetricInfo,
  MetricMeta,
  Metrics,
  Normalisation,
  NumericDistribution,
  Objective,
  ObjectiveResult,
  ObjectiveTrial,
  OnDuplicate,
  OnNan,
  Params,
  ParamsOf,
  ParamValue,
  PartMetrics,
  PriorTrial,
  RanOn,
  Rng,
  RunConfig,
  RunEvent,
  PartOfRun,
  ScoredBaselines,
  SearchEnd,
  SearchSpace,
  SpaceReplacement,
  Split,
  SplitName,
  StartEvent,
  StoppedBy,
  StudyAnnotation,
  StudyEvent,
  StudyHeader,
  StudyKind,
  StudyRun,
  StudyRunOptions,
  RunState as StudyRunState,
  StudyObjective,
  StudyPrior,
  StudySettings,
  StudyState,
  StudyTask,
  SubscriberFailures,
  TrackedStudy,
  Tracker,
  Trial,
  TrialCounts,
  TrialOutcome,
  TrialPart,
  TrialState,
  TrialValueRule,
  ValueOf,
} from "./core/index.js";

export { changeSpace } from "./app/change-space.js";
export type { ChangeOptions, SpaceChange } from "./app/change-space.js";
export type { ParameterChange, ParameterSetting, SpaceRequest } from "./app/next-space.js";
export type { EarlierTrials } from "./app/views/space-history.js";
export type { BestPerMinute } from "./analysis/best-per-minute.js";
export type { StudyCost } from "./app/views/study-cost.js";
export { createStudy, ensureStudy, planSpaceChange, planStudy } from "./app/create-study.js";
export type {
  CreateStudyOptions,
  EnsuredStudy,
  StudyOf,
  StudyPlan,
  TypedOptimize,
  TypedStudyOptions,
} from "./app/create-study.js";
export type { Given, NamedComponent } from "./app/components.js";
export type { StudyDefinition } from "./app/study-definition.js";
export type { StudyRequest } from "./app/study-request.js";
export type { PriorRequest } from "./app/study-prior.js";
export type { StudyFile } from "./app/study-config.js";
export { defineConfig } from "./app/define-config.js";
export type { OptionValue, ProjectConfig } from "./app/define-config.js";
export { deleteStudy, listStudies, loadStudy } from "./app/study.js";
export type { LoadStudyOptions } from "./app/study.js";
export { copyStudy, renameStudy } from "./app/move-study.js";
export type { CopyStudyOptions, RenameStudyOptions } from "./app/move-study.js";
export { archiveStudy, noteStudy, unarchiveStudy } from "./app/annotate-study.js";
export type { NoteStudyOptions } from "./app/annotate-study.js";
export type { StorageAddress, StudyAddress, StudyTarget } from "./app/address.js";
export type { StorageLocation } from "./app/storage.js";
export { readReport, writeReport } from "./app/write-report.js";
export type { WriteReportOptions, WrittenReport } from "./app/write-report.js";
export type {
  NamedText,
  ColumnKind,
  ReportData,
  ReportedAnnotation,
  ReportedFailure,
  ReportedParameter,
  ReportedSpace,
  ReportedWinner,
  Reproduction,
  TrialColumn,
  TrialColumns,
} from "./app/report/report-data.js";
export { readEpochs } from "./app/epoch-log.js";
export type { KeptReport } from "./study/report-keeper.js";
export type {
  AnnotationChange,
  AskOptions,
  ReportBatch,
  ReportPoint,
  ReportRequest,
  ShareChange,
  StudyAnnotationChange,
  TellResult,
} from "./study/commands.js";
export type { AskedTrial } from "./study/hand-outs.js";
export { createExecutor, executors, Places } from "./executors/index.js";
export type { RunInSlot } from "./executors/places.js";
export type {
  ArtifactReference,
  ExecutedTrial,
  ExpectedTrials,
  Executor,
  ExecutorFactory,
  ExecutorOptions,
  FileReference,
  Place,
  ReportAnswer,
  RunHooks,
  StopReason,
  ProgramReference,
  TrialJob,
  Workload,
} from "./executors/index.js";
export type { ObjectiveSource, OptimizeOptions, OptimizeStudyOptions, Study, StudyCallback } from "./study/study.js";
export type { CallOptions, TaskOptions } from "./study/optimize-options.js";
export type { StudyComponents } from "./study/components.js";
export type { PreparedJob, TrialRunner } from "./study/trial-runner.js";
export type { OptimizeEvent, OptimizeResult } from "./core/index.js";
export { frontVolume, hypervolume, hypervolumeHistory, referencePoint } from "./core/index.js";
export type { FrontVolume } from "./core/index.js";

export { sweep } from "./app/sweep.js";
export type { GridValues, SweepCall, SweepOptions, SweepResult } from "./app/sweep.js";
export { sweepPoints } from "./app/views/sweep-points.js";
export type { SweepPoint, SweepScore } from "./app/views/sweep-points.js";
export { enqueueFrom } from "./app/enqueue-from.js";
export type { EnqueuedFrom, EnqueueFromOptions, SkippedTrial } from "./app/enqueue-from.js";
export { commandHooks } from "./app/command-hooks.js";
export type { HookCommand, HooksOptions } from "./app/command-hooks.js";
export { commandStudy } from "./app/command-study.js";
export { compareStudies } from "./app/compare-studies.js";
export type { CompareOptions, GroupRule, StudyComparison } from "./app/compare-studies.js";
export type {
  ComparedBy,
  ComparedGroup,
  ComparedStudy,
  Comparison,
  CurvePoint,
  GroupComparison,
  QuartilePoint,
  RankComparison,
} from "./analysis/index.js";
export type { CommandAnswers, HandedTrial, StudyCommand } from "./study/commands.js";
export {
  copyCheckpoint,
  inspectStudy,
  readStudy,
  summarizeStudy,
  trialCheckpoints,
  trialLog,
} from "./app/read-study.js";
export type { InspectedStudy } from "./app/read-study.js";
export { studyImportances } from "./app/study-importances.js";
export type { StudyImportances } from "./app/study-importances.js";
export { summarizeStudies } from "./app/views/study-list.js";
export type { StudyList, StudyListEntry, UnreadStudy } from "./app/views/study-list.js";
export type {
  BestTrialSummary,
  DryRunSummary,
  PriorSummary,
  StudyOverview,
  StudyPlace,
} from "./app/views/study-overview.js";
export { exportStudy, exportTrials } from "./app/export-study.js";
export type { ExportFormat, ExportStudyOptions } from "./app/export-study.js";
export { importStudy } from "./app/import-study.js";
export type { ImportedStudy, ImportStudyOptions } from "./app/import-study.js";
export type { ImportRequest } from "./app/import-header.js";
export { queryTrials } from "./app/views/trial-query.js";
export type { TrialQuery } from "./app/views/trial-query.js";
export { replayTrial } from "./app/replay.js";
export type { ReplayOptions, ReplayResult } from "./app/replay.js";
export { retrain } from "./app/retrain.js";
export type { RetrainOptions, RetrainResult, RetrainRow, RetrainRun } from "./app/retrain.js";
export { judgeBest } from "./app/judge-best.js";
export type { ChosenBy, DefaultsMargin, JudgedTrial, JudgeOptions } from "./app/judge-best.js";
export type { Interval } from "./app/student-t.js";
export { defineDataset, defineMetric, defineModel, defineObjective } from "./plugins/define.js";
export type { DefinedObjective, MetricDefinition } from "./plugins/define.js";
export { loadPlugins } from "./plugins/load-plugins.js";
export type { Plugin, PluginApi } from "./plugins/load-plugins.js";

export { importances } from "./analysis/index.js";
export type {
  ImportanceMethod,
  ImportanceOptions,
  ImportanceRecords,
  Importances,
  ImportanceStudy,
  InteractionImportance,
  MethodOptions,
  OmittedReason,
  OmittedTrials,
  ParameterImportance,
  PrunedRule,
  TargetImportances,
} from "./analysis/index.js";

export { MemoryStorage } from "./storage/memory.js";
export { JsonFileStorage } from "./storage/json-file/index.js";
export type { JsonFileStorageOptions } from "./storage/json-file/index.js";
export { storages, StudyLockedError } from "./storage/index.js";
export { storageTools } from "./storage/tools.js";
export type {
  ArtifactStore,
  ByteRange,
  FindingSeverity,
  FollowOptions,
  LockOwner,
  RepairReport,
  StorageContext,
  StorageFactory,
  StorageFinding,
  StudyChange,
  StudyInspection,
  StudyStorage,
  StudySummary,
  SummariesOptions,
  StudyWriter,
  SummaryEntry,
  WriterOptions,
} from "./storage/index.js";

export type { BestOfSummary, TrialsInBrief } from "./storage/study-summary.js";

export { RandomSampler } from "./samplers/random.js";
export type { RandomSamplerOptions } from "./samplers/random.js";
export { GridSampler } from "./samplers/grid.js";
export type { GridSamplerOptions } from "./samplers/grid.js";
export { BruteForceSampler } from "./samplers/brute-force/brute-force.js";
export type { BruteForceSamplerOptions } from "./samplers/brute-force/brute-force.js";
export { CmaesSampler } from "./samplers/cmaes/cmaes.js";
export type { CmaesSamplerOptions, Restarts } from "./samplers/cmaes/cmaes.js";
export { QmcSampler } from "./samplers/qmc/qmc.js";
export type { QmcSamplerOptions } from "./samplers/qmc/qmc.js";
export { AutoSampler } from "./samplers/auto/auto.js";
export type { AutoSamplerOptions } from "./samplers/auto/auto.js";
export { chooseSampler } from "./samplers/auto/choice.js";
export type { AutoMember, SamplerChoice } from "./samplers/auto/choice.js";
export { NsgaIISampler } from "./samplers/nsga2/nsga2.js";
export type { NsgaIISamplerOptions } from "./samplers/nsga2/nsga2.js";
export { TpeSampler } from "./samplers/tpe/tpe.js";
export type { TpeSamplerOptions } from "./samplers/tpe/tpe.js";
export { GpSampler } from "./samplers/gp/gp.js";
export type { GpSamplerOptions } from "./samplers/gp/gp.js";
export { ParzenEstimator } from "./samplers/tpe/parzen-estimator.js";
export type { Columns, ParzenEstimatorOptions, WeightsRule } from "./samplers/tpe/parzen-estimator.js";
export { truncatedNormal } from "./samplers/tpe/truncated-normal.js";
export { createSampler, samplers } from "./samplers/index.js";
export type { Sampler, SamplerFactory } from "./samplers/index.js";

export { NopPruner } from "./pruners/nop.js";
export { MedianPruner } from "./pruners/median.js";
export { PercentilePruner } from "./pruners/percentile.js";
export type { ComparisonOptions, PercentilePrunerOptions } from "./pruners/percentile.js";
export { ProspectPruner } from "./pruners/prospect.js";
export type { ProspectPrunerOptions } from "./pruners/prospect.js";
export { PatientPruner } from "./pruners/patient.js";
export type { PatientPrunerOptions } from "./pruners/patient.js";
export { AshaPruner } from "./pruners/asha.js";
export type { AshaPrunerOptions } from "./pruners/asha.js";
export { HyperbandPruner } from "./pruners/hyperband.js";
export type { HyperbandPrunerOptions } from "./pruners/hyperband.js";
export { WilcoxonPruner } from "./pruners/wilcoxon.js";
export type { WilcoxonPrunerOptions } from "./pruners/wilcoxon.js";
export { ThresholdPruner } from "./pruners/threshold.js";
export type { ThresholdPrunerOptions } from "./pruners/threshold.js";
export { createPruner, pruners } from "./pruners/index.js";
export type { PruneBar, PruneDecision, Pruner, PrunerFactory } from "./pruners/index.js";

export { z } from "zod";
export { MetricRegistry, metrics } from "./metrics/index.js";
export type { Metric, MetricEntry, ScoredPart } from "./metrics/index.js";
export { Registry, lazy, parameter } from "./registry/index.js";
export type {
  ComponentFactory,
  Entry,
  EntryMeta,
  FurtherMeta,
  Lazy,
  NamedEntries,
  ParameterGroup,
  ParameterInfo,
  ParameterMeta,
  QualifiedParameter,
  Registrable,
  SearchMeta,
  WithParameters,
} from "./registry/index.js";
export { ForwardModel } from "./models/forward-model.js";
export type {
  ForwardResult,
  LossResult,
  ModelConstructor,
  ModelFacts,
  ModelMeta,
  ModelOutputs,
  NormalisedPath,
} from "./models/index.js";
export type { OutputScale } from "./models/forward-model.js";
export type { Backend, BatchTensors, DropoutOptions, RecurrentLayer } from "./tensor/index.js";
export type { Scalar, Tensor, Tensor1D, Tensor2D, Tensor3D, Variable } from "./tensor/tf.js";
export * as tf from "./tensor/tf.js";
export * as ops from "./tensor/ops/index.js";
export { odeint, odeintAdjoint, odeintEvent } from "./ode/index.js";
export type {
  AdjointChoices,
  AdjointCost,
  AskedTimes,
  ControlName,
  EventOptions,
  EventResult,
  NumberEventOptions,
  NumberFunction,
  NumberJacobian,
  NumberSolution,
  OdeintAdjointOptions,
  OdeintOptions,
  PartsEventOptions,
  PartsFunction,
  PartsSolution,
  SolverCounts,
  SolverName,
  SolverOptions,
  TensorEventOptions,
  TensorFunction,
  TensorSolution,
} from "./ode/index.js";
export { models } from "./models/index.js";
export { buildDataset, createTables, datasets, loadTables } from "./datasets/index.js";
export type { BuildOptions, CellRows, DatasetSource, LoadContext, LoadOptions, TableParts } from "./datasets/index.js";
export { readMat } from "./datasets/matlab/index.js";
export type * from "./datasets/matlab/index.js";
export { optimizers } from "./training/optimizers/index.js";
export type { Optimizer, OptimizerFactory, StepNumbers } from "./training/optimizers/index.js";
export { schedulers } from "./training/schedulers/index.js";
export type { Scheduler, SchedulerFactory, SchedulerFacts } from "./training/schedulers/index.js";

export { evaluate, trainOneEpoch } from "./training/loop.js";
export type { EpochOptions, EvaluateOptions, PassControl } from "./training/loop.js";
export type { Divergence, PassResult } from "./training/metrics.js";
export type { EpochMetrics } from "./training/checkpoint.js";
export type { EventAnswer, RunState } from "./training/run-types.js";
export { run } from "./app/run.js";
export type { RunOptions } from "./app/run.js";
export type { PartResult, RunProbe, RunResult } from "./training/run.js";
export { MlflowTracker, syncMlflow } from "./app/mlflow.js";
export type { MlflowOptions, SyncMlflowOptions } from "./app/mlflow.js";
export type { Artifact, MlflowConnection, NonFinite, SyncResult } from "./tracking/mlflow/index.js";
export { crossValidate } from "./app/cross-validate.js";
export type { CrossValidateOptions, CrossValidation, FoldResult } from "./app/cross-validate.js";
export { evaluateCheckpoint } from "./training/evaluate.js";
export type { EnsembleInterval, Evaluation, EvaluationOptions } from "./training/evaluate.js";
export { predictCheckpoint } from "./training/predict.js";
export type { CheckpointOptions } from "./training/checkpoint-data.js";
export type { SourceHints } from "./datasets/table-warnings.js";
export type { PredictOptions } from "./training/predict.js";
export type { CellEndPoints, CellForecast, Prediction, PredictionRow } from "./training/prediction.js";
export { buildParams, parseSpace, valueAtQuantile } from "./search-space/index.js";
export type { DerivedSpace } from "./search-space/index.js";
export { plotStudy, renderPlot } from "./app/plot-study.js";
export type { PlotFormat, RenderOptions, StudyPlotOptions } from "./app/plot-study.js";
export { plotKinds } from "./plots/plot.js";
export type { Plot, PlotCell, PlotKind, PlotOptions, PlotTable } from "./plots/plot.js";
export type { ThemeName } from "./plots/theme.js";
export type { ChartOption } from "#echarts";
