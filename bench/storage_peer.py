"""The peer's side of bench/storage: Optuna with the journal file or sqlite.

python storage_peer.py write|open|resume journal|sqlite FILE TRIALS
A trial is asked for with five suggested floats, reports ten values and is told its result. Prints one line of JSON.
"""

import json
import resource
import sys
import time

import optuna
from optuna.storages import JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend

optuna.logging.set_verbosity(optuna.logging.ERROR)
what, kind, path, trials = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])


def storage():
    return JournalStorage(JournalFileBackend(path)) if kind == "journal" else RDBStorage(f"sqlite:///{path}")


def sampler():
    return optuna.samplers.RandomSampler(seed=1)


def one_trial(study):
    trial = study.ask()
    for name in "abcde":
        trial.suggest_float(name, 0, 1)
    for step in range(1, 11):
        trial.report(step / 7, step)
    study.tell(trial, trial.number / 3)


def clocks():
    return time.perf_counter() * 1e3, time.process_time() * 1e3


started = clocks()
result = {"optuna": optuna.__version__, "python": sys.version.split()[0]}
if what == "write":
    study = optuna.create_study(storage=storage(), study_name="bench", sampler=sampler())
    result["blocks"] = []
    block = min(1000, trials)
    for _ in range(0, trials, block):
        before = clocks()
        for _ in range(block):
            one_trial(study)
        after = clocks()
        result["blocks"].append({"wall_ms": (after[0] - before[0]) / block, "cpu_ms": (after[1] - before[1]) / block})
else:
    study = optuna.load_study(storage=storage(), study_name="bench", sampler=sampler())
    if what == "resume":
        one_trial(study)
    else:
        found = study.get_trials(deepcopy=False)
        assert len(found) == trials and all(len(t.intermediate_values) == 10 for t in found)
    after = clocks()
    result[f"{what}_ms"], result[f"{what}_cpu_ms"] = after[0] - started[0], after[1] - started[1]
result["rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps(result))
