/** The events of a call of `optimize` in which everything happens that a tracker can hear of. */
import type { OptimizeEvent, OptimizeResult, Trial } from "../core/index.js";
import { reportedTrial, trialOf } from "./trials.js";

const odd = { best: { loss: NaN }, last: { loss: Infinity } };
const failure = { class: "exception", message: 'said "no",\nand went', where: "objective.mjs:3" } as const;

function report(number: number, step: number, value: number, prune = false): OptimizeEvent {
  const metrics = { value, loss: value / 2, odd: step === 2 ? NaN : -Infinity };
  return { event: "report", number, step, value, metrics, prune, reason: `step ${step}: ${prune ? "worse" : "fine"}` };
}

function start(number: number, slot: number, attempt = 1): OptimizeEvent {
  return { event: "trial-start", number, slot, attempt, params: paramsOf(number) };
}

function paramsOf(number: number): Trial["params"] {
  return { "model.size": 8 + number, rate: 10 ** -number, kind: number % 2 ? null : 'a, "b"', flag: number === 1 };
}

/**
 * Trials that complete, are pruned, fail and wait again, two at a time; reports of theirs take turns. Deeply frozen.
 * @param study the study's name
 */
export function callEvents(study: string): readonly OptimizeEvent[] {
  const given = (number: number): Partial<Trial> => ({
    params: paramsOf(number),
    seconds: 1.5,
    owner: "1@here",
    slot: 0,
  });
  const best = reportedTrial(0, "complete", [3, 2, 1], null, { ...given(0), value: 1, metrics: odd });
  const events: OptimizeEvent[] = [
    { event: "start", study, finished: 0, more: Infinity, slots: 2, recovered: [7] },
    ...[start(0, 0), start(1, 1), report(0, 1, 3), report(1, 1, NaN), report(0, 2, 2), report(1, 2, 9, true)],
    {
      event: "trial",
      trial: reportedTrial(1, "pruned", [NaN, 9], null, { ...given(1), prune_reason: "step 2: worse" }),
    },
    { event: "paused" },
    ...[report(0, 3, 1), { event: "resumed" } as const, start(2, 1)],
    { event: "held", number: 2, waitsFor: 0 },
    { event: "trial", trial: best },
    { event: "trial", trial: trialOf(2, paramsOf(2), { state: "failed", failure }) },
    ...[start(3, 0), report(3, 1, 4)],
    { event: "requeued", number: 3 },
    ...[start(3, 1, 2), report(3, 1, Infinity)],
    { event: "subscriber-failed", subscriber: "tracker 2", message: "no room" },
    { event: "trial", trial: trialOf(3, {}, { values: [1, -Infinity] }) },
    start(4, 0),
    { event: "draining", by: "interrupt", running: [4], graceMs: 10_000 },
    { event: "requeued", number: 4 },
  ];
  return [...events, { event: "finish", result: resultOf(study, best) } as const].map(deepFrozen);
}

function resultOf(study: string, best: Trial): OptimizeResult {
  return {
    study,
    stoppedBy: "interrupt",
    stopReason: null,
    finished: 4,
    added: 4,
    best,
    front: [0],
    subscriberFailures: [{ subscriber: "tracker 2", count: 3, message: "no room" }],
    exitCode: 130,
  };
}

function deepFrozen<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    for (const item of Object.values(value)) deepFrozen(item);
    Object.freeze(value);
  }
  return value;
}
