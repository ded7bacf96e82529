#!/usr/bin/env python3
"""PyTorch's side of bench/train-step.mjs: reads one JSON command a line, answers with one JSON line.

  {"do": "case", "case": {…, "x", "y", "weights": base64 float32}, "seconds": S}
                                                           builds the model from our weights under the same names, and
                                                           trains S seconds under each AdamW setting to find the fastest
  {"do": "trace", "steps": N}                              trains N steps from those weights; the losses
  {"do": "compare", "loss", "gradients": {name: base64}}   the first batch from those weights without clipping, in float32
                                                           and float64: errors of both sides, the solver's evaluations
  {"do": "block", "seconds": S}                            trains for S seconds of CPU time; steps and CPU seconds
"""
import base64
import importlib.metadata
import importlib.util
import json
import platform
import sys
import time

import numpy as np
import torch
from torch import nn

torch.set_num_threads(1)

OPTIMIZERS = {"default": {}, "for-loop": {"foreach": False}, "foreach": {"foreach": True}, "fused": {"fused": True}}


def decode(text, shape):
    return torch.from_numpy(np.frombuffer(base64.b64decode(text), dtype=np.float32).copy()).reshape(shape)


class Recurrent(nn.Module):
    """The peer script's net: nn.LSTM (or nn.GRU) and a linear head on the last output."""

    def __init__(self, case):
        super().__init__()
        kind = nn.LSTM if case["model"] == "lstm" else nn.GRU
        self.name = case["model"]
        setattr(self, self.name, kind(case["features"], case["hidden"], case["layers"], batch_first=True))
        self.head = nn.Linear(case["hidden"], 1)

    def forward(self, x):
        y, _ = getattr(self, self.name)(x)
        return self.head(y[:, -1])


class Mlp(nn.Module):
    def __init__(self, case):
        super().__init__()
        inputs = case["window"] * case["features"]
        sizes = [inputs] + [case["hidden"]] * case["layers"]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
        self.head = nn.Linear(case["hidden"], 1)

    def forward(self, x):
        x = x.flatten(1)
        for layer in self.layers:
            x = torch.tanh(layer(x))
        return self.head(x)


def net_of(case):
    if case["model"] == "mlp":
        return Mlp(case)
    if case["model"] != "node":
        return Recurrent(case)
    from neural_ode_peer import NeuralOde

    return NeuralOde(case, case["features"], case["window"], case["horizon"])


class Side:
    def __init__(self, case):
        self.case = case
        n = case["windows"]
        self.x = decode(case["x"], (n, case["window"], case["features"]))
        self.y = decode(case["y"], (n, case.get("horizon", 1)))
        self.order = [torch.arange(i, i + case["batch"]) for i in range(0, n - case["batch"] + 1, case["batch"])]
        self.loss = nn.MSELoss()
        self.reset()

    def reset(self, optimizer=None):
        case = self.case
        self.net = net_of(case)
        named = dict(self.net.named_parameters())
        assert sorted(named) == sorted(case["weights"]), (sorted(named), sorted(case["weights"]))
        with torch.no_grad():
            for name, parameter in named.items():
                parameter.copy_(decode(case["weights"][name], parameter.shape))
        self.parameters = list(self.net.parameters())
        self.optimizer = optimizer or case.get("optimizer", "default")
        options = OPTIMIZERS[self.optimizer]
        self.adamw = torch.optim.AdamW(self.parameters, lr=1e-3, weight_decay=1e-4, **options)
        self.at = 0

    def step(self):
        index = self.order[self.at % len(self.order)]
        self.at += 1
        x, y = self.x.index_select(0, index), self.y.index_select(0, index)
        self.adamw.zero_grad(set_to_none=True)
        loss = self.loss(self.net(x), y)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.adamw.step()
        return loss.detach()

    def trace(self, steps):
        self.reset(self.optimizer)
        return [self.step().item() for _ in range(steps)]

    def gradients(self, dtype):
        """Loss and gradients of the first batch; float64 is what errors are against: of dopri5 at a tolerance of 1e-11."""
        self.reset(self.optimizer)
        net = self.net.to(dtype)
        if dtype == torch.float64:
            net.times = net.times.to(dtype)
            net.control = {name: 1e-11 for name in net.control}
        index = self.order[0]
        loss = self.loss(net(self.x[index].to(dtype)), self.y[index].to(dtype))
        loss.backward()
        return loss.item(), {name: p.grad for name, p in net.named_parameters()}, net.evaluations

    def compare(self, loss, gradients):
        own_loss, own, evaluations = self.gradients(torch.float32)
        exact_loss, exact, _ = self.gradients(torch.float64)
        found = {name: decode(gradients[name], exact[name].shape) for name in exact}
        self.reset(self.optimizer)

        def errors(loss, gradients):
            far = {n: ((g.double() - exact[n]).abs().max() / exact[n].abs().max()).item() for n, g in gradients.items()}
            return {**far, "loss": abs(loss - exact_loss) / exact_loss}

        return {"evaluations": evaluations, "errors": errors(own_loss, own), "oursErrors": errors(loss, found)}

    def block(self, seconds):
        # Losses are read together at the end of a pass, as ours are.
        steps, start = 0, time.process_time()
        while time.process_time() - start < seconds:
            kept = [self.step() for _ in range(len(self.order))]
            total = sum(float(v) for v in kept)
            steps += len(kept)
        return {"steps": steps, "cpu": time.process_time() - start, "loss": total / len(kept)}


def main():
    side = None
    for line in sys.stdin:
        command = json.loads(line)
        if command["do"] == "versions":
            answer = {"python": platform.python_version(), "torch": torch.__version__, "threads": torch.get_num_threads(), "capability": torch.backends.cpu.get_cpu_capability()}
            if importlib.util.find_spec("torchdiffeq"):
                answer["torchdiffeq"] = importlib.metadata.version("torchdiffeq")
        elif command["do"] == "case":
            side = Side(command["case"])
            # PyTorch at its fastest: the cheapest of its optimizer settings on this very case.
            probe = {}
            for name in OPTIMIZERS:
                side.reset(name)
                side.block(0.3 * command["seconds"])
                measured = side.block(command["seconds"])
                probe[name] = measured["cpu"] / measured["steps"]
            side.optimizer = min(probe, key=probe.get)
            side.reset(side.optimizer)
            answer = {"optimizer": side.optimizer, "probe_ms": {k: v * 1e3 for k, v in probe.items()}}
        elif command["do"] == "trace":
            answer = {"losses": side.trace(command["steps"])}
        elif command["do"] == "compare":
            answer = side.compare(command["loss"], command["gradients"])
        else:
            answer = side.block(command["seconds"])
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
