#!/usr/bin/env python3
"""The peers' side of bench/multi-objective.mjs, recorded once: Optuna's TPE and NSGA-II on the same problems.

    nice python bench/multi_objective_peer.py --seeds 10 [--trials 100]; npx prettier --write bench/multi-objective-peer.json

Raw values of every seed are kept: hypervolume (one objective: minus the best feasible value) after half of the trials
and after all of them. `checks` are a problem's values at some points, which the other side must get as well.
"""
import argparse
import json
import math
import pathlib
import warnings

import numpy as np
import optuna
from optuna._hypervolume import compute_hypervolume

warnings.simplefilter("ignore")
optuna.logging.set_verbosity(optuna.logging.ERROR)
HERE = pathlib.Path(__file__).parent


def box(n, low, high):
    return [(low, high)] * n


def zdt1(x):
    g = 1 + 9 * sum(x[1:]) / (len(x) - 1)
    return [x[0], g * (1 - math.sqrt(x[0] / g))], {}


def zdt2(x):
    g = 1 + 9 * sum(x[1:]) / (len(x) - 1)
    return [x[0], g * (1 - (x[0] / g) ** 2)], {}


def zdt3(x):
    g = 1 + 9 * sum(x[1:]) / (len(x) - 1)
    return [x[0], g * (1 - math.sqrt(x[0] / g) - x[0] / g * math.sin(10 * math.pi * x[0]))], {}


def dtlz2(x):
    g = sum((v - 0.5) ** 2 for v in x[2:])
    a, b = x[0] * math.pi / 2, x[1] * math.pi / 2
    return [(1 + g) * math.cos(a) * math.cos(b), (1 + g) * math.cos(a) * math.sin(b), (1 + g) * math.sin(a)], {}


def binh_korn(x):
    values = [4 * x[0] ** 2 + 4 * x[1] ** 2, (x[0] - 5) ** 2 + (x[1] - 5) ** 2]
    return values, {"a": (x[0] - 5) ** 2 + x[1] ** 2 - 25, "b": 7.7 - (x[0] - 8) ** 2 - (x[1] + 3) ** 2}


def osyczka(x):
    first = -(25 * (x[0] - 2) ** 2 + (x[1] - 2) ** 2 + (x[2] - 1) ** 2 + (x[3] - 4) ** 2 + (x[4] - 1) ** 2)
    return [first, sum(v * v for v in x)], {
        "a": 2 - x[0] - x[1], "b": x[0] + x[1] - 6, "c": x[1] - x[0] - 2, "d": x[0] - 3 * x[1] - 2,
        "e": (x[2] - 3) ** 2 + x[3] - 4, "f": 4 - (x[4] - 3) ** 2 - x[5],
    }


def g06(x):
    return [(x[0] - 10) ** 3 + (x[1] - 20) ** 3], {
        "a": 100 - (x[0] - 5) ** 2 - (x[1] - 5) ** 2, "b": (x[0] - 6) ** 2 + (x[1] - 5) ** 2 - 82.81,
    }


PROBLEMS = {
    "zdt1": (box(8, 0, 1), [1.1, 7], zdt1),
    "zdt2": (box(8, 0, 1), [1.1, 7], zdt2),
    "zdt3": (box(8, 0, 1), [1.1, 7], zdt3),
    "dtlz2": (box(6, 0, 1), [2, 2, 2], dtlz2),
    "binh-korn": ([(0, 5), (0, 3)], [140, 50], binh_korn),
    "osyczka": ([(0, 10), (0, 10), (1, 5), (0, 6), (1, 5), (0, 10)], [0, 400], osyczka),
    "g06": ([(13, 100), (0, 100)], None, g06),
}


def score(trials, reference):
    feasible = [v for v, c in trials if all(x <= 0 for x in c.values())]
    if reference is None:
        return -min((v[0] for v in feasible), default=math.inf)
    limit = np.array(reference, dtype=float)
    inside = np.array([v for v in feasible if all(a < r for a, r in zip(v, reference))])
    return float(compute_hypervolume(inside, limit)) if len(inside) else 0.0


def run(bounds, reference, evaluate, sampler, count):
    study = optuna.create_study(directions=["minimize"] * (1 if reference is None else len(reference)), sampler=sampler)
    trials = []
    for _ in range(count):
        trial = study.ask()
        values, constraints = evaluate([trial.suggest_float(f"x{i}", lo, hi) for i, (lo, hi) in enumerate(bounds)])
        for name, value in constraints.items():
            trial.set_constraint(name, value)
        study.tell(trial, values)
        trials.append((values, constraints))
    return [number(score(trials[: count // 2], reference)), number(score(trials, reference))]


def number(x):
    return x if math.isfinite(x) else "-Infinity"


parser = argparse.ArgumentParser()
parser.add_argument("--seeds", type=int, default=20)
parser.add_argument("--trials", type=int, default=100)
options = parser.parse_args()
record = {
    "made_by": "bench/multi_objective_peer.py", "versions": {"optuna": optuna.__version__, "numpy": np.__version__},
    "seeds": options.seeds, "trials": options.trials, "problems": {},
}
rng = np.random.RandomState(5)
for name, (bounds, reference, evaluate) in PROBLEMS.items():
    points = [[float(lo + (hi - lo) * rng.rand()) for lo, hi in bounds] for _ in range(3)]
    entry = {"checks": [{"x": x, "values": evaluate(x)[0], "constraints": evaluate(x)[1]} for x in points]}
    for kind, make in (("tpe", optuna.samplers.TPESampler), ("nsga2", optuna.samplers.NSGAIISampler)):
        entry[kind] = [run(bounds, reference, evaluate, make(seed=s), options.trials) for s in range(options.seeds)]
    record["problems"][name] = entry
    print(name, flush=True)
text = json.dumps(record, indent=1)
(HERE / "multi-objective-peer.json").write_text(text + "\n")
