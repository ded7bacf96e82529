#!/usr/bin/env python3
"""The peer's side of bench/study: Optuna with PyTorch (and torchdiffeq) on NASA's cells, processes that share a study in a journal file.

  python study_peer.py run PLAN.json DIRECTORY [--adamw default|foreach|fused] [--start fork|spawn]
      makes the study, queues the plan's parameter sets (or searches with TPE and median pruning, where it has none)
  python study_peer.py agree STARTS.json
      trains from given weights in given orders; the validation RMSE after each epoch

The data, model, loss, clipping, optimizer and validation are those of our side. Prints one line of JSON.
"""
import argparse
import base64
import json
import multiprocessing
import os
import sys
import time
import warnings
from queue import Empty

began = time.time()
for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402
import scipy.io  # noqa: E402
import torch  # noqa: E402
from torch import nn  # noqa: E402

torch.set_num_threads(1)
warnings.filterwarnings("ignore")


def load_phase(data):
    """A discharge under load: time, voltage, temperature from the first to the last sample of at least half the load."""
    time_, volts, amps = (np.atleast_1d(v).astype(float) for v in (data.Time, data.Voltage_measured, data.Current_measured))
    kelvin = np.atleast_1d(data.Temperature_measured).astype(float)
    ahead = np.concatenate([[True], time_[1:] > np.maximum.accumulate(time_)[:-1]])
    kept = ahead & np.isfinite(time_) & np.isfinite(volts) & np.isfinite(amps)
    time_, volts, amps, kelvin = time_[kept], volts[kept], amps[kept], kelvin[kept]
    loaded = np.flatnonzero(-amps >= np.quantile(-amps[amps < 0], 0.95) / 2)
    span = slice(loaded[0], loaded[-1] + 1)
    return time_[span], volts[span], kelvin[span]


def load_cell(plan, cell):
    """Rows of [SOH, mean voltage under load, highest temperature under load], one a discharge."""
    path = os.path.join(plan["dir"], f"{cell}.mat")
    cycles = scipy.io.loadmat(path, squeeze_me=True, struct_as_record=False)[cell].cycle
    rows = []
    for cycle in cycles:
        if cycle.type != "discharge":
            continue
        capacity = np.atleast_1d(cycle.data.Capacity).astype(float)
        if capacity.size == 0 or not capacity[0] >= plan["min_capacity"]:
            continue
        clock, volts, kelvin = load_phase(cycle.data)
        mean = np.trapezoid(volts, clock) / (clock[-1] - clock[0])
        rows.append([capacity[0] / plan["nominal_capacity"], mean, kelvin.max()])
    return np.asarray(rows)


def load_data(plan):
    """Windows and the SOH after them, or its change, standardised by what the training windows see."""
    window, horizon = plan["window"], plan["horizon"]
    parts = {"train": ([], []), "val": ([], [])}
    seen = []
    for cell in plan["cells"]:
        rows = load_cell(plan, cell)
        count = len(rows) - window - horizon + 1
        first_late = count - int(np.floor(plan["val_split"] * count + 0.5))
        # The last target of an early window comes before the first one of a late window.
        early = first_late - horizon + 1
        seen.append(rows[: early - 1 + window])
        for i in [*range(early), *range(first_late, count)]:
            inputs, targets = parts["train" if i < early else "val"]
            end = i + window
            inputs.append(rows[i:end])
            targets.append(rows[end : end + horizon, 0] - (rows[end - 1, 0] if plan["residual"] else 0))
    seen = np.concatenate(seen)
    mean, std = seen.mean(0), seen.std(0)
    target = np.asarray(parts["train"][1])
    scale = {"mean": target.mean(0), "std": np.sqrt(target.var(0).mean())}
    tensors = {
        part: (
            torch.tensor((np.stack(x) - mean) / std, dtype=torch.float32),
            torch.tensor((np.asarray(y) - scale["mean"]) / scale["std"], dtype=torch.float32),
        )
        for part, (x, y) in parts.items()
    }
    return {**tensors, "std": float(scale["std"]), "windows": {part: len(x) for part, (x, _) in tensors.items()}}


class Lstm(nn.Module):
    def __init__(self, features, hidden, dropout):
        super().__init__()
        self.lstm = nn.LSTM(features, hidden, batch_first=True)
        self.drop = nn.Dropout(dropout) if dropout > 0 else nn.Identity()
        self.head = nn.Linear(hidden, 1)

    def forward(self, x):
        return self.head(self.drop(self.lstm(x)[0][:, -1]))


def net_of(model, params, plan):
    features = len(plan["features"])
    if model == "lstm":
        return Lstm(features, params["hidden"], params.get("dropout", 0))
    from neural_ode_peer import NeuralOde

    return NeuralOde(params, features, plan["window"], plan["horizon"])


ADAMW = {"default": {}, "foreach": {"foreach": True}, "fused": {"fused": True}, "for-loop": {"foreach": False}}


def epochs(data, net, params, adamw, orders):
    """Trains an epoch for each order of the training windows; gives the validation RMSE in SOH after each."""
    (x, y), (x_val, y_val) = data["train"], data["val"]
    weights = list(net.parameters())
    optimizer = torch.optim.AdamW(weights, lr=params["lr"], weight_decay=params["weight_decay"], **ADAMW[adamw])
    for order in orders:
        net.train()
        for index in order.split(params["batch"]):
            optimizer.zero_grad(set_to_none=True)
            loss = nn.functional.mse_loss(net(x.index_select(0, index)), y.index_select(0, index))
            loss.backward()
            nn.utils.clip_grad_norm_(weights, 1.0)
            optimizer.step()
        net.eval()
        with torch.inference_mode():
            yield float(nn.functional.mse_loss(net(x_val), y_val).sqrt()) * data["std"]


def decode(text, dtype):
    return torch.from_numpy(np.frombuffer(base64.b64decode(text), dtype=dtype).copy())


def agree(path):
    with open(path) as file:
        starts = json.load(file)
    data = load_data(starts["data"])
    out = []
    for start in starts["starts"]:
        net = net_of(starts["model"], {**start["params"], "dropout": 0}, starts["data"])
        with torch.no_grad():
            for name, parameter in net.named_parameters():
                parameter.copy_(decode(start["weights"][name], np.float32).reshape(parameter.shape))
        orders = [decode(order, np.int32).long() for order in start["orders"]]
        out.append(list(epochs(data, net, start["params"], "default", orders)))
    return {"windows": data["windows"], "rmse": out}


def open_study(plan, directory, rank=0):
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    seed = plan["seed"] + 1000 * rank
    fixed = plan["sets"] is not None
    return optuna.create_study(
        study_name="bench",
        storage=JournalStorage(JournalFileBackend(os.path.join(directory, "journal.log"))),
        load_if_exists=True,
        sampler=optuna.samplers.RandomSampler(seed=seed) if fixed else optuna.samplers.TPESampler(seed=seed),
        pruner=optuna.pruners.NopPruner() if fixed else optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=5),
    )


def suggested(trial, space):
    """The trial's parameters; what hangs on another's value is left out where it has another one."""
    params = {}
    for name, parameter in space.items():
        if any(params[other] != value for other, value in parameter.get("when", {}).items()):
            continue
        if "choices" in parameter:
            params[name] = trial.suggest_categorical(name, parameter["choices"])
        else:
            suggest = trial.suggest_int if parameter["type"] == "int" else trial.suggest_float
            params[name] = suggest(name, parameter["low"], parameter["high"], log=parameter["log"])
    return params


def objective_of(plan, data, adamw, marks):
    import optuna

    x, _ = data["train"]

    def objective(trial):
        marks["trialStart"].append([trial.number, time.time() * 1e3])
        params = suggested(trial, plan["space"])
        torch.manual_seed(100_000 * plan["seed"] + trial.number)
        net = net_of(plan["model"], params, plan["data"])
        best = float("inf")
        orders = (torch.randperm(len(x)) for _ in range(plan["epochs"]))
        for epoch, rmse in enumerate(epochs(data, net, params, adamw, orders)):
            best = min(best, rmse)
            marks["report"].append([trial.number, epoch + 1, time.time() * 1e3])
            trial.report(rmse, epoch)
            if trial.should_prune():
                raise optuna.TrialPruned()
        return best

    return objective


def work(rank, plan, directory, adamw, data, taken, queue):
    marks = {"trialStart": [], "report": []}
    data = data or load_data(plan["data"])
    study = open_study(plan, directory, rank)
    objective = objective_of(plan, data, adamw, marks)
    while True:
        with taken.get_lock():
            if taken.value >= plan["trials"]:
                break
            taken.value += 1
        # torchdiffeq asserts that its step is not too small: such a trial has failed, as ours has.
        study.optimize(objective, n_trials=1, catch=(AssertionError,))
    queue.put(marks)


def gathered(queue, processes):
    """What each process puts into the queue; one that has died will not."""
    marks = []
    while len(marks) < len(processes):
        try:
            marks.append(queue.get(timeout=1))
        except Empty:
            if any(process.exitcode for process in processes):
                for process in processes:
                    process.terminate()
                raise SystemExit("a process of the peer's has died")
    return marks


def trial_record(trial):
    return {
        "number": trial.number,
        "state": trial.state.name.lower(),
        "value": trial.value,
        "params": trial.params,
        "values": [trial.intermediate_values[step] for step in sorted(trial.intermediate_values)],
        "finishedAt": trial.datetime_complete.timestamp() * 1e3,
    }


def run(args):
    import optuna

    with open(args.plan) as file:
        plan = json.load(file)
    if plan["model"] == "node":
        import neural_ode_peer  # noqa: F401  (before processes are forked, which have it then)
    loaded = time.time()
    data = load_data(plan["data"])
    with_data = time.time()
    study = open_study(plan, args.directory)
    for params in plan["sets"] or []:
        study.enqueue_trial(params)
    ready = time.time()
    # Forked processes have the modules and the data already.
    context = multiprocessing.get_context(args.start)
    queue, taken = context.Queue(), context.Value("i", 0)
    given = data if args.start == "fork" else None
    processes = [
        context.Process(target=work, args=(rank, plan, args.directory, args.adamw, given, taken, queue))
        for rank in range(plan["workers"])
    ]
    for process in processes:
        process.start()
    marks = gathered(queue, processes)
    for process in processes:
        process.join()
    optimized = time.time()
    trials = [trial_record(trial) for trial in open_study(plan, args.directory).trials if trial.state.is_finished()]
    at = {"began": began, "loaded": loaded, "data": with_data, "ready": ready, "optimized": optimized}
    versions = {"python": sys.version.split()[0], "torch": torch.__version__, "optuna": optuna.__version__}
    if "torchdiffeq" in sys.modules:
        versions["torchdiffeq"] = sys.modules["torchdiffeq"].__version__
    return {
        "at": {name: seconds * 1e3 for name, seconds in at.items()},
        "marks": {name: sum((each[name] for each in marks), []) for name in ("trialStart", "report")},
        "trials": trials,
        "windows": data["windows"],
        "versions": versions,
        "capability": torch.backends.cpu.get_cpu_capability(),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["run", "agree"])
    parser.add_argument("plan")
    parser.add_argument("directory", nargs="?")
    parser.add_argument("--adamw", choices=list(ADAMW), default="fused")
    parser.add_argument("--start", choices=["fork", "spawn"], default="fork")
    args = parser.parse_args()
    print(json.dumps(agree(args.plan) if args.what == "agree" else run(args)))


if __name__ == "__main__":
    main()
