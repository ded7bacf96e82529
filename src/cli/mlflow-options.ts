/** `--mlflow`: what a command logs to a tracking server, and how its warnings are shown beside a live view. */
import { Option } from "commander";
import type { OptimizeEvent, Tracker } from "../core/index.js";
import { printDetail, printNotice } from "./io.js";
import type { CliIo } from "./io.js";
import { storageArgument } from "./study-ref.js";
import type { StudyRef } from "./study-ref.js";
import { typedProgram } from "./typed-program.js";

/** The value of `--mlflow`: a URL, true without one, undefined where it is not typed. */
export type MlflowGiven = string | true | undefined;

export function mlflowOption(): Option {
  return new Option("--mlflow [url]", "log to an MLflow tracking server (default: that of MLFLOW_TRACKING_URI)");
}

/** The options of app for what was typed. */
export function mlflowConnection(given: string | true): { readonly uri?: string } {
  return given === true ? {} : { uri: given };
}

/** What a study's command logs. */
export interface LoggedCall {
  readonly trackers: readonly Tracker[];
  /** Shows warnings where the view is, as long as there is one. */
  watch(view: { onEvent(event: OptimizeEvent): void }): { onEvent(event: OptimizeEvent): void };
  /** Shows the warnings that have come since the view was done. */
  end(io: CliIo): void;
}

/** @throws UsageError `mlflow-uri`, `mlflow-settings`: before anything is opened or run */
export async function loggedCall(given: MlflowGiven, ref: StudyRef, io: CliIo): Promise<LoggedCall> {
  if (given === undefined) return { trackers: [], watch: (view) => view, end: () => undefined };
  const { MlflowTracker } = await import("../app/mlflow.js");
  const late: string[] = [];
  let tell = (message: string): void => void late.push(message);
  const tracker = new MlflowTracker({
    ...mlflowConnection(given),
    onWarning: (message) => {
      tell(message);
    },
    resend: (study) => `${typedProgram()} mlflow sync ${study}${storageArgument(ref.directory)}`,
  });
  printDetail(io.stderr, () => `MLflow: logging ${ref.name}`);
  return {
    trackers: [tracker],
    watch: (view) => {
      const early = tell;
      tell = (message) => {
        view.onEvent({ event: "subscriber-failed", subscriber: "MLflow", message });
      };
      return {
        onEvent: (event) => {
          view.onEvent(event);
          if (event.event === "finish") tell = early;
        },
      };
    },
    end: ({ stderr }) => {
      for (const message of late.splice(0)) printNotice(stderr, "warning", `MLflow: ${message}`);
    },
  };
}
