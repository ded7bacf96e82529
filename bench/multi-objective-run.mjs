/** A sampler on a problem with several objectives or constraints: how its hypervolume grows. */
import { blankTrial, createRng, deriveSeed, hypervolumeHistory, isFeasible } from "../dist/core/index.js";

/**
 * Runs a sampler one trial after another.
 * @returns [trials]: the hypervolume so far (one objective: minus the best feasible value), the larger the better
 */
export async function runProblem({ space, reference, evaluate }, sampler, count, seed) {
  const stream = deriveSeed(seed, "sampler");
  const trials = [];
  let directions = ["minimize"];
  for (let number = 0; number < count; number++) {
    const history = { direction: "minimize", directions, trials };
    const params = await sampler.suggest(space, history, createRng(stream, number));
    const { values, constraints = {} } = evaluate(params);
    directions = values.map(() => "minimize");
    const one = values.length === 1 ? { value: values[0] } : {};
    trials.push(
      Object.freeze(
        blankTrial(number, {
          state: "complete",
          params: Object.freeze(params),
          values,
          constraints,
          finish_index: number,
          ...one,
        }),
      ),
    );
  }
  return directions.length > 1 ? volumes(trials, directions, reference) : bests(trials);
}

function volumes(trials, directions, reference) {
  const curve = new Float64Array(trials.length);
  const points = new Map(hypervolumeHistory(trials, directions, reference));
  let volume = 0;
  for (let i = 0; i < trials.length; i++) curve[i] = volume = points.get(i + 1) ?? volume;
  return [...curve];
}

function bests(trials) {
  let best = Infinity;
  return trials.map((trial) => -(best = isFeasible(trial) ? Math.min(best, trial.value) : best));
}
