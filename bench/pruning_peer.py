"""Optuna's sampler and pruner together on the problems of pruning-problems.mjs, for `npm run bench -- pruning-quality`.

    python bench/pruning_peer.py [--seeds 30] [--first 1] [--epochs 810] [--out bench/pruning-peer.json]
    python bench/pruning_peer.py --probe      the made curves at the points that both sides compare

Python 3.11, optuna 5.0.0, numpy 2.4.6. A study ends when its epochs are used up; the trial that is under way then is
dropped. Written after each study: the raw truth of the winner, its number of trials and of complete ones.
"""

import argparse
import json
import math
import random
import warnings
from pathlib import Path

import optuna

optuna.logging.set_verbosity(optuna.logging.ERROR)
warnings.simplefilter("ignore")
STEPS, NOISE = 27, 0.01
HERE = Path(__file__).parent


def floor_of(u):
    a, b, c, d, e = u
    return (
        0.2
        + 0.3 * (a - 0.6) ** 2
        + 0.1 * (b - 0.7) ** 2
        + 0.06 * (c - 0.3) ** 2
        + 0.04 * (d - 0.2) ** 2
        + 0.03 * (e - 0.5) ** 2
        + 0.1 * (a - 0.6) * (b - 0.7)
    )


RATES = {
    "speed": lambda u: 0.12 + 0.1 * u[0],
    "slow": lambda u: 0.14 + 0.26 * (1 - math.exp(-(floor_of(u) - 0.2) / 0.03)),
}


def unit(p):
    return (
        (math.log10(p["lr"]) + 4) / 3,
        math.log(p["width"] / 8) / math.log(16),
        (math.log10(p["decay"]) + 6) / 4,
        p["dropout"] / 0.5,
        math.log(p["batch"] / 8) / math.log(16),
    )


def made_at(name, params, step):
    u = unit(params)
    floor = floor_of(u)
    return floor + (1 - floor) * math.exp(-RATES[name](u) * step)


def suggest_made(trial):
    return {
        "lr": trial.suggest_float("lr", 1e-4, 0.1, log=True),
        "width": trial.suggest_int("width", 8, 128, log=True),
        "decay": trial.suggest_float("decay", 1e-6, 1e-2, log=True),
        "dropout": trial.suggest_float("dropout", 0, 0.5),
        "batch": trial.suggest_int("batch", 8, 128, log=True),
    }


class Made:
    def __init__(self, name):
        self.name = name
        self.suggest = suggest_made

    def curve(self, params, rng):
        return [made_at(self.name, params, k) + NOISE * rng.gauss(0, 1) for k in range(1, STEPS + 1)]

    def truth(self, params):
        return made_at(self.name, params, STEPS)


class Recorded:
    name = "mlp"

    def __init__(self):
        table = json.loads((HERE / "pruning-curves.json").read_text())
        self.grid, self.curves = table["grid"], table["curves"]

    def suggest(self, trial):
        return {name: trial.suggest_int(name, 0, len(values) - 1) for name, values in self.grid.items()}

    def curve(self, params, _rng):
        place = 0
        for name, values in self.grid.items():
            place = place * len(values) + params[name]
        return self.curves[place]

    def truth(self, params):
        return min(self.curve(params, None))


PRUNERS = {
    "none": optuna.pruners.NopPruner,
    "median": optuna.pruners.MedianPruner,
    "hyperband": optuna.pruners.HyperbandPruner,
}


def run(problem, pruner, seed, epochs):
    rng = random.Random(f"{problem.name} {seed}")
    left = epochs
    # A name of its own: hyperband deals trials to brackets by it.
    study = optuna.create_study(
        sampler=optuna.samplers.TPESampler(seed=seed), pruner=PRUNERS[pruner](), study_name=f"{problem.name} {seed}"
    )

    def objective(trial):
        nonlocal left
        curve = problem.curve(problem.suggest(trial), rng)
        for step, value in enumerate(curve, 1):
            if left == 0:
                study.stop()
                raise optuna.TrialPruned
            left -= 1
            trial.report(value, step)
            if step < STEPS and trial.should_prune():
                raise optuna.TrialPruned
        return min(curve)

    study.optimize(objective, n_trials=10_000)
    complete = [t for t in study.trials if t.state == optuna.trial.TrialState.COMPLETE]
    return {
        **{"problem": problem.name, "pruner": pruner, "seed": seed, "epochs": epochs},
        **{"truth": problem.truth(study.best_params), "trials": len(study.trials), "complete": len(complete)},
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=810)
    parser.add_argument("--problems", default="speed,slow,mlp")
    parser.add_argument("--out", type=Path, default=HERE / "pruning-peer.json")
    parser.add_argument("--probe", action="store_true")
    args = parser.parse_args()
    if args.probe:
        probes = json.load(__import__("sys").stdin)
        print(json.dumps({n: [[made_at(n, p, k) for k in (1, 9, 27)] for p in probes] for n in RATES}))
        return
    wanted = args.problems.split(",")
    problems = [p for p in ([Made("speed"), Made("slow")] + ([Recorded()] if "mlp" in wanted else [])) if p.name in wanted]
    results = json.loads(args.out.read_text())["results"] if args.out.exists() else []
    known = {(r["problem"], r["pruner"], r["seed"], r["epochs"]) for r in results}
    for seed in range(args.first, args.first + args.seeds):
        for problem in problems:
            for pruner in PRUNERS:
                if (problem.name, pruner, seed, args.epochs) not in known:
                    results.append(run(problem, pruner, seed, args.epochs))
        lines = ",\n".join(json.dumps(r) for r in results)
        args.out.write_text(f'{{"optuna": "{optuna.__version__}", "results": [\n{lines}\n]}}\n')
        print("seed", seed, flush=True)


main()
