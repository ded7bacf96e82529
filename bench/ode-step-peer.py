#!/usr/bin/env python3
"""torchdiffeq's side of bench/ode-step.mjs: reads one JSON command a line, answers with one JSON line.

  {"do": "case", …, "y0", "dPath", "weights": base64 float32}   the same dynamics, and their exact solution
  {"do": "solve", "method": M}                                  path and gradients in float32, evaluations, errors
  {"do": "block", "method": M, "seconds": S}                    solves and takes gradients for S seconds of CPU time
"""
import base64
import json
import platform
import sys
import time

import numpy as np
import torch
import torchdiffeq

torch.set_num_threads(1)


def decode(text, shape):
    return torch.from_numpy(np.frombuffer(base64.b64decode(text), dtype=np.float32).copy()).reshape(shape)


class Dynamics(torch.nn.Module):
    def __init__(self, case, dtype):
        super().__init__()
        sizes = [case["D"], *case["units"], case["D"]]
        self.layers = torch.nn.ModuleList(torch.nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
        self.evaluations = 0
        with torch.no_grad():
            for layer, (weight, bias) in zip(self.layers, case["weights"]):
                layer.weight.copy_(decode(weight, layer.weight.shape))
                layer.bias.copy_(decode(bias, layer.bias.shape))
        self.to(dtype)

    def forward(self, t, y):
        self.evaluations += 1
        for layer in self.layers[:-1]:
            y = torch.tanh(layer(y))
        return self.layers[-1](y)


class Side:
    def __init__(self, case):
        self.case = case
        self.t = torch.linspace(0, 1, case["points"])
        self.y0 = decode(case["y0"], (case["batch"], case["D"]))
        self.dPath = decode(case["dPath"], (case["points"], case["batch"], case["D"]))
        self.net = Dynamics(case, torch.float32)
        self.exact = self.gradients(Dynamics(case, torch.float64), "dopri5", torch.float64, 1e-11, 1e-12)

    def gradients(self, net, method, dtype, rtol=None, atol=None):
        control = {"rtol": rtol or self.case["rtol"], "atol": atol or self.case["atol"]}
        y0 = self.y0.to(dtype).requires_grad_()
        net.zero_grad(set_to_none=True)
        path = torchdiffeq.odeint(net, y0, self.t.to(dtype), method=method, **control)
        path.backward(self.dPath.to(dtype))
        return [path.detach(), y0.grad, *(p.grad for p in net.parameters())]

    def errors(self, found):
        """Largest difference from the exact solution, relative to its largest number, of each tensor."""
        return [((f.double() - e).abs().max() / e.abs().max()).item() for f, e in zip(found, self.exact)]


def main():
    side = None
    for line in sys.stdin:
        command = json.loads(line)
        answer = {}
        if command["do"] == "versions":
            answer = {"python": platform.python_version(), "torch": torch.__version__, "torchdiffeq": torchdiffeq.__version__}
        elif command["do"] == "case":
            side = Side(command["case"])
        elif command["do"] == "solve":
            side.net.evaluations = 0
            found = side.gradients(side.net, command["method"], torch.float32)
            ours = [decode(text, e.shape) for text, e in zip(command["found"], side.exact)]
            differences = [((a - b).abs().max() / b.abs().max()).item() for a, b in zip(ours, found)]
            answer = {"evaluations": side.net.evaluations, "errors": side.errors(found), "oursErrors": side.errors(ours)}
            answer["differences"] = differences
        else:
            start, steps = time.process_time(), 0
            while time.process_time() - start < command["seconds"]:
                side.gradients(side.net, command["method"], torch.float32)
                steps += 1
            answer = {"steps": steps, "cpu": time.process_time() - start}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
