/** The page's end of the columns' thread: questions and their answers. */
import { ApiProblem } from "../api/client.js";
import { assetUrl } from "../paths.js";
import type { ColumnAnswers, ColumnQuestion, ColumnRequests, FromColumns } from "./protocol.js";

declare const __COLUMNS_WORKER__: string;

interface Asked {
  readonly resolve: (answer: never) => void;
  readonly reject: (error: unknown) => void;
}

let thread: Worker | null = null;
let last = 0;
const asked = new Map<number, Asked>();

function start(): Worker {
  const started = new Worker(assetUrl(__COLUMNS_WORKER__), { type: "module", name: "mlbench-hpo columns" });
  started.onmessage = ({ data }: MessageEvent<FromColumns>) => {
    const waiting = asked.get(data.id);
    asked.delete(data.id);
    if ("problem" in data) {
      const { message, code, status } = data.problem;
      waiting?.reject(new ApiProblem(message, code, status));
    } else waiting?.resolve(data.answer as never);
  };
  started.onerror = (event) => {
    // It could not be loaded, or went down: whoever waits is told, and the next question starts another.
    thread = null;
    started.terminate();
    const problem = new ApiProblem(
      `the thread that holds trials ended: ${event.message || "not loaded"}`,
      "thread-ended",
      0,
    );
    for (const { reject } of asked.values()) reject(problem);
    asked.clear();
  };
  return started;
}

/** Loads the columns' thread, so that it is there when the first question is. */
export function prepareColumns(): void {
  thread ??= start();
}

/** Asks the columns' thread. */
export function askColumns<K extends ColumnQuestion>(ask: K, request: ColumnRequests[K]): Promise<ColumnAnswers[K]> {
  thread ??= start();
  const id = ++last;
  const answer = new Promise<ColumnAnswers[K]>((resolve, reject) => asked.set(id, { resolve, reject }));
  thread.postMessage({ ...request, id, ask });
  return answer;
}
