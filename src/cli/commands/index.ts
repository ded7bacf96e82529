import type { CommandDefinition } from "../command.js";

/** A command before its module is loaded. */
export interface CommandEntry {
  readonly name: string;
  readonly aliases?: readonly string[];
  /** For the list of commands; the module says it again with its options. */
  readonly summary: string;
  readonly load: () => Promise<CommandDefinition>;
}

const studyCommands = () => import("./study-commands.js");

/** Every command in the order of the help text. Only the one that is typed gets loaded: `--help` stays light. */
export const commands: readonly CommandEntry[] = [
  {
    name: "create-study",
    summary: "make a study",
    load: async () => (await import("./create-study.js")).createStudyCommand,
  },
  {
    name: "optimize",
    summary: "run trials of a study; typed again it goes on",
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
  { name: "stop", summary: "end a running optimize", load: async () => (await studyCommands()).stopCommand },
  {
    name: "enqueue-trial",
    summary: "put a trial with given parameters in front",
    load: async () => (await studyCommands()).enqueueTrialCommand,
  },
  {
    name: "ask",
    summary: "draw a trial to be evaluated elsewhere",
    load: async () => (await studyCommands()).askCommand,
  },
  { name: "tell", summary: "end a trial that `ask` handed out", load: async () => (await studyCommands()).tellCommand },
  { name: "study", summary: "a study's attributes", load: async () => (await studyCommands()).studyCommand },
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
    name: "describe",
    summary: "what a model, dataset, optimizer, … takes",
    load: async () => (await import("./describe.js")).describeCommand,
  },
];
