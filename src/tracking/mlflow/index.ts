/** MLflow tracking: studies, trials and trainings as runs of a tracking server. */
export type { Artifact, StudyDoors } from "./catch-up.js";
export { isTransient } from "./retry.js";
export { MlflowError } from "./request.js";
export { resolveSettings } from "./settings.js";
export type { MlflowConnection, MlflowSettings } from "./settings.js";
export type { NonFinite, RunSource } from "./study-runs.js";
export type { FileToSend } from "./operations.js";
export { syncStudy, syncTrainings } from "./sync.js";
export type { SyncResult } from "./sync.js";
export { knownTargets } from "./target.js";
export { MLFLOW_FOLDER, StudyTracker } from "./tracker.js";
export { TrainingTracker } from "./training-tracker.js";
export type { TrainingEnd } from "./training-tracker.js";
