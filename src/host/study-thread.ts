/** What runs in the host's worker thread: tasks by name, each loaded when it is first asked for. */
import { parentPort, workerData } from "node:worker_threads";
import type { StudyWork } from "../app/study-work.js";
import type { ErrorData } from "./error-data.js";
import { errorData } from "./error-data.js";
import type { ChangedStudy, ChangeSpaceRequest, MakeStudyRequest, PlannedStudy } from "./make-study.js";

/** The tasks: functions of plain data. */
export interface ThreadTasks extends StudyWork {
  /** Makes a study, or finds it there. */
  create(request: MakeStudyRequest): Promise<{ readonly created: boolean; readonly name: string }>;
  /** Says what a study would be; nothing is stored. */
  plan(request: MakeStudyRequest): Promise<PlannedStudy>;
  /** Has a study search another space. */
  changeSpace(request: ChangeSpaceRequest): Promise<ChangedStudy>;
}

/** What is posted to the thread. */
export interface ThreadRequest {
  readonly id: number;
  readonly task: keyof ThreadTasks;
  readonly input: readonly unknown[];
}

/** What it answers. */
export type ThreadAnswer =
  { readonly id: number; readonly output: unknown } | { readonly id: number; readonly error: ErrorData };

const work = async (): Promise<StudyWork> => (await import("../app/work-here.js")).workHere;
const making = () => import("./make-study.js");

const tasks: { readonly [T in keyof ThreadTasks]: () => Promise<ThreadTasks[T]> } = {
  preflight: async () => (await work()).preflight,
  baselines: async () => (await work()).baselines,
  keptBackend: async () => (await work()).keptBackend,
  tables: async () => (await work()).tables,
  objective: async () => (await work()).objective,
  create: async () => (await making()).makeStudy,
  plan: async () => (await making()).studyPlan,
  changeSpace: async () => (await making()).changeStudySpace,
};

async function answer({ id, task, input }: ThreadRequest): Promise<void> {
  try {
    const run = (await tasks[task]()) as (...input: readonly unknown[]) => unknown;
    const output = await run(...input);
    parentPort?.postMessage({ id, output } satisfies ThreadAnswer);
  } catch (error) {
    parentPort?.postMessage({ id, error: errorData(error) } satisfies ThreadAnswer);
  }
}

process.argv = (workerData as { readonly argv: string[] }).argv;

parentPort?.on("message", (request: ThreadRequest) => void answer(request));
