/** `mlbench-hpo mlflow sync`: what a tracking server has not got. */
import { Option } from "commander";
import type { CommandContext, CommandDefinition } from "../command.js";
import { withInterrupt } from "../interrupt.js";
import { printJson, printLine, printNote, printNotice } from "../io.js";
import type { CliIo } from "../io.js";
import { mlflowConnection } from "../mlflow-options.js";
import { addStudyOptions, resolveStudy } from "../study-ref.js";
import type { StudyOptions } from "../study-ref.js";

interface SyncOptions extends StudyOptions {
  mlflow?: string;
  format: "table" | "json";
}

/** `mlbench-hpo mlflow sync [STUDY]` */
export const mlflowCommand: CommandDefinition = (program, context) => {
  const mlflow = program.command("mlflow").description("send studies and trainings to an MLflow tracking server");
  addStudyOptions(mlflow.command("sync"), { positional: true })
    .description(
      "send what an MLflow server has not got of a study, or of the trainings in a folder FILE.mlflow; twice sends nothing twice",
    )
    .option("--mlflow <url>", "the server (default: that of MLFLOW_TRACKING_URI, else the one logged to before)")
    .addOption(new Option("--format <format>", "output format").choices(["table", "json"]).default("table"))
    .action((name: string | undefined, options: SyncOptions) => sync(name, options, context));
};

async function sync(name: string | undefined, options: SyncOptions, context: CommandContext): Promise<void> {
  const { io, setExitCode } = context;
  const { isTrainingFolder } = await import("../../app/mlflow.js");
  await withInterrupt(async (signal) => {
    try {
      if (name !== undefined && isTrainingFolder(name)) await syncFolder(name, options, { io, signal });
      else await syncOneStudy(name, options, { io, signal });
    } catch (error) {
      if (!signal.aborted) throw error;
      printLine(io.stderr, "interrupted; the same command sends the rest");
      setExitCode(130);
    }
  });
}

/** Where a command prints, and what ends it. */
interface Call {
  readonly io: CliIo;
  readonly signal: AbortSignal;
}

async function syncOneStudy(name: string | undefined, options: SyncOptions, { io, signal }: Call): Promise<void> {
  const ref = await resolveStudy(options, name);
  const { syncMlflow } = await import("../../app/mlflow.js");
  const result = await syncMlflow(ref, {
    ...{ ...mlflowConnection(options.mlflow ?? true), signal },
    onProgress: (done, of) => {
      if (done < of) printNote(io.stderr, `${done} of ${of} trials`);
    },
  });
  const { uri, experiment, run, trials, requests, refused } = result;
  for (const line of refused) printNotice(io.stderr, "warning", `MLflow: ${line}`);
  if (options.format === "json") return printJson(io.stdout, { study: ref.name, ...result });
  const all = `the study and its ${trials} ${trials === 1 ? "trial" : "trials"}`;
  const what = requests === 0 ? `has all of ${all} already` : `now has all of ${all}`;
  printLine(io.stdout, `${ref.name}: ${uri} ${what}`);
  printNote(io.stdout, `run: ${uri}/#/experiments/${experiment}/runs/${run}`);
}

async function syncFolder(folder: string, options: SyncOptions, { io, signal }: Call): Promise<void> {
  const { syncTrainingFolder } = await import("../../app/mlflow.js");
  const connection = mlflowConnection(options.mlflow ?? true);
  const { uri, refused } = await syncTrainingFolder(folder, { ...connection, signal });
  for (const line of refused) printNotice(io.stderr, "warning", `MLflow: ${line}`);
  if (options.format === "json") printJson(io.stdout, { folder, uri, refused });
  else printLine(io.stdout, `${folder}: ${uri} has got all of it`);
}
