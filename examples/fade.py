"""Trains a small network on the fade of simulated cells; prints its validation loss after each epoch."""
import argparse
import torch
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=1e-3)
parser.add_argument("--units", type=int, default=16)
parser.add_argument("--dropout", type=float, default=0.0)
parser.add_argument("--epochs", type=int, default=20)
args = parser.parse_args()
torch.manual_seed(0)
torch.set_num_threads(1)

# Eight cells fade slowly, then faster from a knee on: from 20 cycles to the capacity 20 cycles later.
cycles, knees = torch.arange(150.0), torch.linspace(70, 130, 8)[:, None]
soh = 1 - 1e-3 * cycles - 0.01 * nn.functional.softplus((cycles - knees) / 5) + 2e-3 * torch.randn(8, 150)
windows = soh.unfold(1, 40, 1)
windows = (windows - windows[:6].mean()) / windows[:6].std()
(x, y), (val_x, val_y) = [(part[..., :20].reshape(-1, 20), part[..., -1].reshape(-1, 1)) for part in windows.split([6, 2])]

model = nn.Sequential(nn.Linear(20, args.units), nn.ReLU(), nn.Dropout(args.dropout), nn.Linear(args.units, 1))
optimizer, loss = torch.optim.Adam(model.parameters(), args.lr), nn.MSELoss()
for epoch in range(1, args.epochs + 1):
    model.train()
    for batch in torch.randperm(len(x)).split(64):
        optimizer.zero_grad()
        loss(model(x[batch]), y[batch]).backward()
        optimizer.step()
    with torch.no_grad():
        print(f"epoch {epoch}/{args.epochs}: val_loss {loss(model.eval()(val_x), val_y).item():.5f}")
