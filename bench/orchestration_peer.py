"""The peer's side of bench/orchestration: Optuna with its journal file or sqlite.

python orchestration_peer.py journal|sqlite FILE TRIALS REPORTS median|nop
One call of `optimize` over an objective that computes nothing. Prints one line of JSON.
"""

import collections
import json
import resource
import sys
import time

import optuna
from optuna.storages import JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend

optuna.logging.set_verbosity(optuna.logging.ERROR)
kind, path, trials, reports, pruner = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
BLOCK = min(1000, trials)
prunes = 0


def storage():
    return JournalStorage(JournalFileBackend(path)) if kind == "journal" else RDBStorage(f"sqlite:///{path}")


def clocks():
    return time.perf_counter() * 1e3, time.process_time() * 1e3


def reported(number, step):
    """The same numbers on both sides, whatever was drawn."""
    return ((number * 7919 + step * 104729) % 1000 + step) / 1000


def objective(trial):
    global prunes
    for name in "abcde":
        trial.suggest_float(name, 0, 1)
    for step in range(1, reports + 1):
        trial.report(reported(trial.number, step), step)
        prunes += trial.should_prune()
    return reported(trial.number, reports)


blocks = []
started = last = clocks()


def each(study, trial):
    global last
    if (trial.number + 1) % BLOCK != 0:
        return
    now = clocks()
    blocks.append({"wall_ms": (now[0] - last[0]) / BLOCK, "cpu_ms": (now[1] - last[1]) / BLOCK})
    last = now


study = optuna.create_study(
    storage=storage(),
    study_name="bench",
    sampler=optuna.samplers.RandomSampler(seed=1),
    pruner=optuna.pruners.MedianPruner() if pruner == "median" else optuna.pruners.NopPruner(),
)
study.optimize(objective, n_trials=trials, callbacks=[each])
ended = clocks()

kept = optuna.load_study(storage=storage(), study_name="bench")
found = kept.get_trials(deepcopy=False)
print(
    json.dumps(
        {
            "optuna": optuna.__version__,
            "python": sys.version.split()[0],
            "trials": len(found),
            "states": dict(collections.Counter(trial.state.name.lower() for trial in found)),
            "prunes": int(prunes),
            "reports": sum(len(trial.intermediate_values) for trial in found),
            "best": kept.best_trial.number,
            "all": {"wall_ms": (ended[0] - started[0]) / trials, "cpu_ms": (ended[1] - started[1]) / trials},
            "blocks": blocks,
            "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
    )
)
