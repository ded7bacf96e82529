/** The executors by name: what `--isolation` chooses from, and what plug-ins may add to. */
import { z } from "zod";
import { requireKnownKeys } from "../core/index.js";
import type { KnownKeys } from "../core/index.js";
import { lazy, registryOf } from "../registry/index.js";
import type { Executor } from "./executor.js";

export type {
  ArtifactReference,
  ExecutedTrial,
  ExpectedTrials,
  Executor,
  FileReference,
  Place,
  ReportAnswer,
  RunHooks,
  StopReason,
  ProgramReference,
  TrialJob,
  Workload,
} from "./executor.js";
export { Places } from "./places.js";

/** What every executor is made from. */
export interface ExecutorOptions {
  /** How many trials run at once. @default what the machine suggests */
  readonly places?: number | undefined;
}

const optionKeys: KnownKeys<ExecutorOptions> = { places: true };

/** Makes an executor for a call of `optimize`. */
export type ExecutorFactory = (options: ExecutorOptions) => Executor | Promise<Executor>;

/** The executors by name. */
export const executors = registryOf<ExecutorFactory>("executor");

const slotsOf = ({ places }: ExecutorOptions): { slots?: number } => (places === undefined ? {} : { slots: places });

// Another copy of this package in the process may have registered them: the registry is the process's.
if (!executors.has("thread")) {
  executors.register("thread", { summary: "threads of this process, sharing data", parameters: z.strictObject({}) })(
    lazy<ExecutorFactory>(async () => {
      const { PiscinaExecutor } = await import("./piscina.js");
      return (options) => new PiscinaExecutor(slotsOf(options));
    }),
  );
  executors.register("process", {
    summary: "a process a place: contains whatever a trial does to its process",
    parameters: z.strictObject({}),
  })(
    lazy<ExecutorFactory>(async () => {
      const { ProcessExecutor } = await import("./process.js");
      return (options) => new ProcessExecutor(slotsOf(options));
    }),
  );
}

/**
 * An executor by its registered name.
 * @throws UsageError `unknown-executor`, `unknown-option`.
 */
export async function createExecutor(name: string, options: ExecutorOptions = {}): Promise<Executor> {
  requireKnownKeys("createExecutor", options, optionKeys);
  const create = await executors.get(name).load();
  return create(options);
}
