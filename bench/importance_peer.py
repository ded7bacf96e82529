"""Optuna's importances of the trials in a file, for bench/importance.mjs: CPU milliseconds and the values, as JSON.

    python bench/importance_peer.py trials.json ped-anova|fanova SEEDS

fANOVA's values are the mean over the seeds 0, 1, …; its time is that of one forest.
"""

import json
import sys
import time
import warnings

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.importance import FanovaImportanceEvaluator, PedAnovaImportanceEvaluator
from optuna.trial import create_trial

warnings.simplefilter("ignore")
optuna.logging.set_verbosity(optuna.logging.ERROR)


def distribution(d):
    if d["type"] == "categorical":
        return CategoricalDistribution(d["choices"])
    if d["type"] == "int":
        return IntDistribution(d["low"], d["high"], log=d["log"], step=d["step"])
    return FloatDistribution(d["low"], d["high"], log=d["log"], step=d["step"])


def main():
    path, method, seeds = sys.argv[1], sys.argv[2], int(sys.argv[3])
    with open(path) as file:
        data = json.load(file)
    space = {name: distribution(d) for name, d in data["space"].items()}
    study = optuna.create_study()
    study.add_trials([create_trial(params=t["params"], distributions=space, value=t["value"]) for t in data["trials"]])
    evaluators = [PedAnovaImportanceEvaluator()] * 3
    if method == "fanova":
        evaluators = [FanovaImportanceEvaluator(seed=seed) for seed in range(seeds)]
    times, sums = [], {}
    for evaluator in evaluators:
        begun = time.process_time()
        found = evaluator.evaluate(study)
        times.append(1000 * (time.process_time() - begun))
        for name, value in found.items():
            sums[name] = sums.get(name, 0.0) + float(value) / len(evaluators)
    versions = {"optuna": optuna.__version__, "python": sys.version.split()[0]}
    print(json.dumps({"ms": sorted(times)[len(times) // 2], "samples": times, "importances": sums, "versions": versions}))


if __name__ == "__main__":
    main()
