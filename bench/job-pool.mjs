/** Jobs of a long benchmark in processes of their own, under a budget that all calls share; each result is kept as it comes. */
import { fork } from "node:child_process";

/** Seconds of `90`, `90s`, `30m`, `2h`; undefined for anything else. */
export function secondsOf(text) {
  const found = /^(\d+(?:\.\d+)?)(s|m|h)?$/.exec(text);
  return found ? Number(found[1]) * { s: 1, m: 60, h: 3600 }[found[2] ?? "s"] : undefined;
}

/** Whether a result stands; a failed one is tried again by the next call. */
export const isDone = (result) => result !== undefined && result.state !== "failed";

/**
 * Runs jobs, some at once, until there is none, or no time.
 * @param {{ jobs: object[], keyOf: (job: object) => string, record: import("./models-record.mjs").ModelsRecord,
 *   worker: URL, workers: number, budget: number, options: object, said: (result: object) => string }} plan
 *   `worker` is a module that answers each `{ job, options }` with a result
 */
export async function runJobs({ jobs, keyOf, record, worker, workers, budget, options, said }) {
  const pending = jobs.filter((job) => !isDone(record.get(keyOf(job))));
  const total = pending.length;
  let ended = 0;
  /** Seconds that are left, of all calls together. */
  const left = () => budget - record.earlier - record.now;

  function tell(job, result) {
    ended++;
    const rest = ((record.now / ended) * (total - ended)) / 60;
    const state = result.state && result.state !== "complete" ? `${result.state}: ` : "";
    console.error(`[${ended}/${total}] ${keyOf(job)}: ${state}${said(result)} (about ${rest.toFixed(0)} min to go)`);
  }

  /** A job's result; null when the budget ended first, `lost` when the process did. */
  function answerOf(child, job) {
    return new Promise((done) => {
      const settle = (result) => {
        clearTimeout(timer);
        child.removeAllListeners();
        done(result);
      };
      const timer = setTimeout(() => settle(null), Math.max(0, left() * 1000));
      child.once("message", settle);
      child.once("exit", (code, signal) =>
        settle({ state: "failed", lost: true, message: `the process ended with ${signal ?? code}` }),
      );
      child.send({ job, options });
    });
  }

  /** A process that takes one job after the other. */
  async function work() {
    let child = null;
    while (pending.length > 0 && left() > 0) {
      const job = pending.shift();
      child ??= fork(worker, { stdio: ["ignore", "ignore", "inherit", "ipc"] });
      const result = await answerOf(child, job);
      if (result === null) break;
      if (result.lost) child = null;
      record.add(keyOf(job), job, result);
      tell(job, result);
    }
    child?.kill();
  }

  await Promise.all(Array.from({ length: workers }, work));
  return { spent: left() <= 0 };
}

/** What a forked worker does: answers job after job, and ends with its parent. */
export function answerJobs(answerOf) {
  process.on("message", async ({ job, options }) => {
    let answer;
    try {
      answer = await answerOf(job, options);
    } catch (error) {
      answer = { state: "failed", message: String(error?.message ?? error) };
    }
    process.send(answer);
  });
  // A killed parent leaves nobody to work for.
  process.on("disconnect", () => process.exit(1));
  if (!process.connected) process.exit(1);
}
