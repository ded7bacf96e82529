/** One study of the sampler benchmark: asked and told as a study does it, several trials at a time where the problem says so. */
import { blankTrial, createRng, deriveSeed } from "../../dist/core/index.js";

const GOLDEN = 0.6180339887498949;
/** Where incumbents are also looked at: the trials that the GP peer has. */
export const EARLY = 50;

/** A finished trial's record. */
function finished(running, outcome, index) {
  const ended = { ...running, finish_index: index };
  if (outcome !== null)
    return Object.freeze({ ...ended, state: "complete", values: [outcome.value], value: outcome.value });
  const failure = { class: "diverged", message: "the value is not finite", where: "objective" };
  return Object.freeze({ ...ended, state: "failed", failure });
}

/**
 * Trial n takes 1 + frac(0.618 n), whatever it is: each that ends is told, then the next one is asked, so that the order
 * of ends is the same for every sampler. record_peers.py does the same.
 * @returns the true value at the incumbent (the trial with the best observed value) after 50 trials and at the end,
 *   Infinity where every trial failed; how many trials failed.
 */
export async function runStudy(problem, sampler, seed, trials) {
  const stream = deriveSeed(seed, "sampler");
  const history = { direction: "minimize", directions: ["minimize"], trials: [], running: [] };
  const slots = problem.parallel ?? 1;
  const under = [];
  const result = { early: undefined, final: Infinity, failed: 0 };
  let [clock, best] = [0, { value: Infinity, truth: Infinity }];
  for (let ended = 0; ended < trials; ended++) {
    for (let n = history.trials.length; n < trials && under.length < slots; n++) {
      const params = await sampler.suggest(problem.space, history, createRng(sampler.seed ?? stream, n));
      if (params === null) throw new Error(`${problem.id}: the sampler has nothing left to propose at trial ${n}`);
      const record = Object.freeze(blankTrial(n, { state: "running", params: Object.freeze(params), value: null }));
      history.trials.push(record);
      under.push({ number: n, end: clock + 1 + ((n * GOLDEN) % 1) });
      history.running = under.map(({ number }) => history.trials[number]);
    }
    under.sort((a, b) => a.end - b.end || a.number - b.number);
    const { number, end } = under.shift();
    clock = end;
    const outcome = await problem.evaluate(history.trials[number].params, seed, number);
    history.trials[number] = finished(history.trials[number], outcome, ended);
    history.running = under.map((u) => history.trials[u.number]);
    if (outcome === null) result.failed++;
    else if (outcome.value < best.value) best = outcome;
    if (ended + 1 === EARLY) result.early = best.truth;
  }
  return { ...result, final: best.truth };
}
