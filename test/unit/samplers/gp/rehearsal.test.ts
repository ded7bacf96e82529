import { execFileSync } from "node:child_process";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Params, Trial } from "../../../../src/core/index.js";
import { float, isPromised } from "../../../../src/core/index.js";
import { GpSampler } from "../../../../src/samplers/gp/gp.js";
import { proposePoint } from "../../../../src/samplers/gp/propose.js";
import type { GpProblem } from "../../../../src/samplers/gp/propose.js";
import type { ThreadRequest } from "../../../../src/samplers/sampler-thread.js";
import { streamOf } from "../../../../src/testing/sampler-scenes.js";
import { trialOf } from "../../../../src/testing/trials.js";

/** What is posted to the samplers' thread while trials are drawn. */
const rehearsed: GpProblem[] = [];
const post = Reflect.get<Worker, "postMessage">(Worker.prototype, "postMessage");
beforeEach(() => {
  vi.spyOn(Worker.prototype, "postMessage").mockImplementation(function (this: Worker, message: ThreadRequest) {
    if (message.task === "gp") rehearsed.push(message.input as GpProblem);
    post.call(this, message);
  });
});
afterEach(() => vi.restoreAllMocks());

const plane = { x: float(-5, 5), y: float(-5, 5) };

/** How many problems were posted by each ask and those before, in a study that had so many trials when the process began. */
async function rehearsals(begun: number, asks: number, sampler: GpSampler): Promise<number[]> {
  rehearsed.length = 0;
  const trials: Trial[] = [];
  const counts: number[] = [];
  for (let n = 0; n < begun + asks; n++) {
    const asked = n < begun ? new GpSampler({ offThread: false }) : sampler;
    const answer = asked.suggest(plane, { direction: "minimize", trials }, streamOf(1, n));
    expect(isPromised(answer)).toBe(n >= 10 && asked === sampler);
    const params: Params = await answer;
    trials.push(trialOf(n, params, { value: Number(params["x"]) ** 2 }));
    if (n >= begun) counts.push(rehearsed.length);
  }
  return counts;
}

it("rehearses twice while the first trials are drawn, with what they have told so far", async () => {
  expect(await rehearsals(0, 10, new GpSampler())).toEqual([0, 0, 0, 0, 0, 1, 2, 2, 2, 2]);
  expect(rehearsed.map(({ objectives }) => objectives[0]?.y.length)).toEqual([5, 6]);
  for (const problem of rehearsed) expect(proposePoint(problem)).toHaveLength(2);
});

it("does not for a process that asks once, nor without a thread, nor once it proposes", async () => {
  expect(await rehearsals(7, 1, new GpSampler())).toEqual([0]);
  expect(await rehearsals(7, 3, new GpSampler())).toEqual([0, 1, 2]);
  // What is posted is then waited for.
  expect(await rehearsals(10, 2, new GpSampler())).toEqual([1, 2]);
  rehearsed.length = 0;
  const here = new GpSampler({ offThread: false });
  const trials: Trial[] = [];
  for (let n = 0; n < 12; n++) {
    const params = here.suggestAtOnce(plane, { direction: "minimize", trials }, streamOf(1, n));
    expect(here.suggest(plane, { direction: "minimize", trials }, streamOf(1, n))).toEqual(params);
    trials.push(trialOf(n, params, { value: n }));
  }
  expect(rehearsed).toEqual([]);
});

it("keeps no process alive", () => {
  const module = new URL("../../../../dist/samplers/off-thread.js", import.meta.url).href;
  // Of points that are no numbers no process is ever positive definite: the thread never answers.
  const script = `
    const { rehearse } = await import(${JSON.stringify(module)});
    const unit = { choices: 0, log: false, step: 0, low: 0, high: 1, from: 0, width: 1 };
    const none = new Float64Array(0);
    const told = { x: Float64Array.of(NaN, 0.5), y: Float64Array.of(1, 2) };
    rehearse("gp", {
      coordinates: [{ unit, size: Infinity, when: [] }], objectives: [told], counts: Uint8Array.of(1, 1),
      constraints: [], failures: null, pending: none, visited: none, seed: 1,
    });
    console.log("asked");`;
  const options = { encoding: "utf8", timeout: 60_000 } as const;
  expect(execFileSync(process.execPath, ["--input-type=module", "-e", script], options)).toBe("asked\n");
}, 70_000);
