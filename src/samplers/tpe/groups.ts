import type { Distribution, SearchSpace, Trial } from "../../core/index.js";

/**
 * The groups of parameters that were suggested without being declared: for every complete or pruned trial, each group
 * lies wholly inside or wholly outside its parameters (Optuna's group decomposition). A study draws each group jointly
 * at ask and hands the values out as they are asked for. Parameters are in sorted order; a distribution is the first
 * trial's that has the parameter.
 */
export function sharedGroups(trials: readonly Trial[]): SearchSpace[] {
  let groups: Set<string>[] = [];
  const distributions = new Map<string, Distribution>();
  for (const trial of trials) {
    if (!trial.distributions || (trial.state !== "complete" && trial.state !== "pruned")) continue;
    const left = new Set(Object.keys(trial.distributions));
    for (const name of left)
      if (!distributions.has(name)) distributions.set(name, trial.distributions[name] as Distribution);
    const next: Set<string>[] = [];
    for (const group of groups) {
      next.push(new Set([...group].filter((name) => left.has(name))));
      next.push(new Set([...group].filter((name) => !left.has(name))));
      for (const name of group) left.delete(name);
    }
    next.push(left);
    groups = next.filter((g) => g.size > 0);
  }
  return groups.map((g) => Object.fromEntries([...g].sort().map((n) => [n, distributions.get(n) as Distribution])));
}
