"""Our model `node` in PyTorch with torchdiffeq, its weights under our names: for the peers' sides of the benchmarks.

Time in units of 16 cycles; solvers of fixed steps step from one time asked for to the next, which is torchdiffeq's fastest.
"""
import torch
from torch import nn
from torchdiffeq import odeint

CYCLES_PER_UNIT = 16


class NeuralOde(nn.Module):
    def __init__(self, params, features, window, horizon):
        super().__init__()
        hidden, latent, width = params["hidden"], params["latent"], params["width"]
        self.recurrent = params["encoder"] == "gru"
        if self.recurrent:
            self.encoder = nn.GRU(features, hidden, batch_first=True)
        else:
            self.encoder = nn.Sequential(nn.Linear(window * features, hidden), nn.Tanh())
        dropout = params.get("dropout", 0)
        self.drop = nn.Dropout(dropout) if dropout > 0 else nn.Identity()
        self.latent = nn.Linear(hidden, latent)
        self.dynamics = nn.Sequential(nn.Linear(latent, width), nn.Tanh(), nn.Linear(width, latent))
        self.decoder = nn.Linear(latent, 1)
        self.times = torch.arange(horizon + 1) / CYCLES_PER_UNIT
        self.solver = params["solver"]
        self.control = {"rtol": params["rtol"], "atol": params.get("atol", 1e-4)} if self.solver == "dopri5" else {}
        self.evaluations = 0

    def change(self, _, state):
        self.evaluations += 1
        return self.dynamics(state)

    def forward(self, x):
        read = self.encoder(x)[0][:, -1] if self.recurrent else self.encoder(x.flatten(1))
        path = odeint(self.change, self.latent(self.drop(read)), self.times, method=self.solver, **self.control)
        return self.decoder(path[1:])[:, :, 0].T
