/** Every command of the program, by name. */
import type { CommandDefinition } from "../command.js";

/** A command before its module is loaded. */
export interface CommandEntry {
  readonly name: string;
  readonly aliases?: readonly string[];
  /** For the list of commands; the module says it again with its options. */
  readonly summary: string;
  readonly load: () => Promise<CommandDefinition>;
}

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
    name: "studies",
    aliases: ["study-names"],
    summary: "list the studies",
    load: async () => (await import("./studies.js")).studiesCommand,
  },
  { name: "show", summary: "summarise a study", load: async () => (await import("./show.js")).showCommand },
  {
    name: "trials",
    summary: "list the trials of a study",
    load: async () => (await import("./trials.js")).trialsCommand,
  },
  {
    name: "best-trial",
    summary: "the best trial, its weights, its retraining",
    load: async () => (await import("./best-trial.js")).bestTrialCommand,
  },
  { name: "logs", summary: "print a trial's log", load: async () => (await import("./logs.js")).logsCommand },
  {
    name: "replay",
    summary: "train a trial again and compare",
    load: async () => (await import("./replay.js")).replayCommand,
  },
  {
    name: "export",
    summary: "write a study as CSV or JSON",
    load: async () => (await import("./export.js")).exportCommand,
  },
  { name: "stop", summary: "end a running optimize", load: async () => (await control()).stopCommand },
  { name: "pause", summary: "start no further trial until resume", load: async () => (await control()).pauseCommand },
  { name: "resume", summary: "let a paused optimize go on", load: async () => (await control()).resumeCommand },
  {
    name: "enqueue-trial",
    summary: "put a trial with given parameters in front",
    load: async () => (await import("./enqueue-trial.js")).enqueueTrialCommand,
  },
  {
    name: "ask",
    summary: "draw a trial to be evaluated elsewhere",
    load: async () => (await askTell()).askCommand,
  },
  {
    name: "report",
    summary: "report on a trial that `ask` handed out",
    load: async () => (await askTell()).reportCommand,
  },
  {
    name: "heartbeat",
    summary: "renew the lease on such a trial",
    load: async () => (await askTell()).heartbeatCommand,
  },
  { name: "tell", summary: "end a trial that `ask` handed out", load: async () => (await askTell()).tellCommand },
  {
    name: "trial",
    summary: "note, tag, ban, restore, retry or stop one trial",
    load: async () => (await import("./trial.js")).trialCommand,
  },
  { name: "study", summary: "a study's attributes", load: async () => (await import("./study.js")).studyCommand },
  {
    name: "delete-study",
    summary: "delete a study with its files",
    load: async () => (await import("./delete-study.js")).deleteStudyCommand,
  },
  {
    name: "doctor",
    summary: "look for damage in a study's files, and mend it",
    load: async () => (await import("./doctor.js")).doctorCommand,
  },
  {
    name: "train",
    summary: "train one model on one dataset",
    load: async () => (await import("./train.js")).trainCommand,
  },
  {
    name: "evaluate",
    summary: "score a checkpoint",
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
    summary: "list, show and download datasets",
    load: async () => (await import("./datasets.js")).datasetsCommand,
  },
  {
    name: "backends",
    summary: "which kernels and backends run here, and why",
    load: async () => (await import("./backends.js")).backendsCommand,
  },
  {
    name: "info",
    summary: "package, Node, CPU and kernels here",
    load: async () => (await import("./info.js")).infoCommand,
  },
  {
    name: "describe",
    summary: "what a model, dataset, optimizer, … takes",
    load: async () => (await import("./describe.js")).describeCommand,
  },
];
