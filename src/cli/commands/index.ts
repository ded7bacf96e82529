/** Every command of the program, by name. */
import { pathsOf } from "../command.js";
import type { CommandEntry } from "../command.js";

const askTell = () => import("./ask-tell.js");
const control = () => import("./control.js");

/** Every command in the order of the help text. Only the one that is typed gets loaded: `--help` stays light. */
export const commands: readonly CommandEntry[] = [
  {
    name: "create-study",
    summary: "create a study",
    load: async () => (await import("./create-study.js")).createStudyCommand,
  },
  {
    name: "optimize",
    summary: "run trials of a study; run it again to continue",
    load: async () => (await import("./optimize.js")).optimizeCommand,
  },
  {
    name: "sweep",
    summary: "run every point of a grid, each under several seeds",
    load: async () => (await import("./sweep.js")).sweepCommand,
  },
  {
    name: "studies",
    aliases: ["study-names"],
    summary: "list the studies",
    load: async () => (await import("./studies.js")).studiesCommand,
  },
  { name: "show", summary: "summarize a study", load: async () => (await import("./show.js")).showCommand },
  {
    name: "trials",
    summary: "list the trials of a study",
    load: async () => (await import("./trials.js")).trialsCommand,
  },
  {
    name: "best-trial",
    summary: "show the best trial, export its weights, retrain it",
    load: async () => (await import("./best-trial.js")).bestTrialCommand,
  },
  {
    name: "importance",
    summary: "show which parameters matter, and how much",
    load: async () => (await import("./importance.js")).importanceCommand,
  },
  {
    name: "compare",
    summary: "compare studies side by side",
    load: async () => (await import("./compare.js")).compareCommand,
  },
  { name: "logs", summary: "print a trial's log", load: async () => (await import("./logs.js")).logsCommand },
  {
    name: "replay",
    summary: "rerun a trial and compare every number",
    load: async () => (await import("./replay.js")).replayCommand,
  },
  {
    name: "export",
    summary: "write a study as CSV, JSON or a journal of Optuna",
    load: async () => (await import("./export.js")).exportCommand,
  },
  {
    name: "import",
    summary: "make a study of a journal of Optuna, or of an export",
    load: async () => (await import("./import.js")).importCommand,
  },
  { name: "plot", summary: "draw a study", load: async () => (await import("./plot.js")).plotCommand },
  { name: "stop", summary: "stop a running optimize", load: async () => (await control()).stopCommand },
  { name: "pause", summary: "pause a running optimize", load: async () => (await control()).pauseCommand },
  { name: "resume", summary: "continue a paused optimize", load: async () => (await control()).resumeCommand },
  { name: "cancel", summary: "end a running optimize at once", load: async () => (await control()).cancelCommand },
  {
    name: "set-share",
    summary: "change the places and the weight of a service's run",
    load: async () => (await control()).setShareCommand,
  },
  {
    name: "enqueue-trial",
    summary: "queue a trial with given parameters",
    load: async () => (await import("./enqueue-trial.js")).enqueueTrialCommand,
  },
  {
    name: "ask",
    summary: "draw a trial to evaluate elsewhere",
    load: async () => (await askTell()).askCommand,
  },
  {
    name: "report",
    summary: "write a study's report as a page, or report a value of an asked trial",
    load: async () => (await import("./report.js")).reportCommand,
  },
  {
    name: "heartbeat",
    summary: "renew the lease on an asked trial",
    load: async () => (await askTell()).heartbeatCommand,
  },
  { name: "tell", summary: "report the result of an asked trial", load: async () => (await askTell()).tellCommand },
  {
    name: "trial",
    subcommands: ["note", "tag", "ban", "restore", "retry", "stop"],
    summary: "note, tag, ban, restore, retry or stop one trial",
    load: async () => (await import("./trial.js")).trialCommand,
  },
  {
    name: "study",
    subcommands: ["set-user-attr", "note", "archive", "unarchive", "rename", "copy"],
    summary: "note, archive, copy or rename a study",
    load: async () => (await import("./study.js")).studyCommand,
  },
  {
    name: "delete-study",
    summary: "delete a study with its files",
    load: async () => (await import("./delete-study.js")).deleteStudyCommand,
  },
  {
    name: "doctor",
    summary: "check a study's files for damage, and repair them",
    load: async () => (await import("./doctor.js")).doctorCommand,
  },
  {
    name: "serve",
    summary: "serve the studies: an HTTP interface, and a dashboard in the browser",
    load: async () => (await import("./serve.js")).serveCommand,
  },
  {
    name: "open",
    summary: "print or open the URL of the running service",
    load: async () => (await import("./open.js")).openCommand,
  },
  {
    name: "tokens",
    subcommands: ["create", "list", "revoke"],
    summary: "make, list and revoke tokens of the service",
    load: async () => (await import("./tokens.js")).tokensCommand,
  },
  {
    name: "train",
    summary: "train one model on one dataset",
    load: async () => (await import("./train.js")).trainCommand,
  },
  {
    name: "mlflow",
    subcommands: ["sync"],
    summary: "send studies and trainings to an MLflow server",
    load: async () => (await import("./mlflow.js")).mlflowCommand,
  },
  {
    name: "evaluate",
    summary: "score a checkpoint against the baselines",
    load: async () => (await import("./evaluate.js")).evaluateCommand,
  },
  {
    name: "predict",
    summary: "predict with a checkpoint",
    load: async () => (await import("./predict.js")).predictCommand,
  },
  { name: "models", summary: "list the models", load: async () => (await import("./models.js")).modelsCommand },
  {
    name: "datasets",
    subcommands: ["show", "download"],
    summary: "list, show and download datasets",
    load: async () => (await import("./datasets.js")).datasetsCommand,
  },
  {
    name: "backends",
    subcommands: ["install", "uninstall"],
    summary: "which kernels and backends run here, and why",
    load: async () => (await import("./backends.js")).backendsCommand,
  },
  {
    name: "info",
    summary: "show package, Node, CPU, kernels and project file",
    load: async () => (await import("./info.js")).infoCommand,
  },
  {
    name: "completion",
    plain: true,
    summary: "print a script that completes command lines in bash, zsh or fish",
    load: async () => (await import("./completion.js")).completionCommand,
  },
  {
    name: "complete",
    plain: true,
    hidden: true,
    summary: "what the script of `completion` asks",
    load: async () => (await import("./completion.js")).completeCommand,
  },
  {
    name: "describe",
    summary: "show the parameters of a model, dataset, optimizer, …",
    load: async () => (await import("./describe.js")).describeCommand,
  },
];

/** Every command as it is typed: `datasets show`. */
export const commandPaths: readonly string[] = pathsOf(commands);
