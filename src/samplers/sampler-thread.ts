/** What runs in the samplers' worker thread: tasks by name, each loaded when it is first asked for. */
import { parentPort } from "node:worker_threads";
import type { proposePoint } from "./gp/propose.js";

/** The tasks: functions of plain data. */
export interface ThreadTasks {
  readonly gp: typeof proposePoint;
}

/** What is posted to the thread. */
export interface ThreadRequest {
  readonly id: number;
  readonly task: keyof ThreadTasks;
  readonly input: unknown;
}

/** What it answers. */
export type ThreadAnswer =
  { readonly id: number; readonly output: unknown } | { readonly id: number; readonly error: unknown };

const tasks: { readonly [T in keyof ThreadTasks]: () => Promise<ThreadTasks[T]> } = {
  gp: async () => (await import("./gp/propose.js")).proposePoint,
};

async function answer({ id, task, input }: ThreadRequest): Promise<ThreadAnswer> {
  try {
    const run = (await tasks[task]()) as (input: unknown) => unknown;
    return { id, output: run(input) };
  } catch (error) {
    return { id, error };
  }
}

parentPort?.on("message", (request: ThreadRequest) => {
  void answer(request).then((message) => parentPort?.postMessage(message));
});
