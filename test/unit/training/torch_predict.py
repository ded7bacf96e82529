"""Opens checkpoints with PyTorch alone and predicts from the inputs that `predict --dump` wrote.

    python torch_predict.py CHECKPOINT DUMP [CHECKPOINT DUMP …]

Prints a JSON array: for each pair the largest difference from our prediction, in SOH.
"""

import json
import sys

import torch
from safetensors import safe_open
from safetensors.torch import load_file


def recurrent(name, weights, params, x):
    layers, hidden = params["model.layers"], params["model.hidden_size"]
    kind = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[name]
    module = kind(x.shape[2], hidden, layers, batch_first=True, dropout=params["model.dropout"])
    module.load_state_dict({n.removeprefix(f"{name}."): w for n, w in weights.items() if n.startswith(f"{name}.")})
    if params["model.head"] == "linear":
        head = torch.nn.Linear(hidden, weights["head.bias"].shape[0])
    else:
        sizes = weights["head.0.bias"].shape[0], weights["head.2.bias"].shape[0]
        head = torch.nn.Sequential(torch.nn.Linear(hidden, sizes[0]), torch.nn.Tanh(), torch.nn.Linear(*sizes))
    head.load_state_dict({n.removeprefix("head."): w for n, w in weights.items() if n.startswith("head.")})
    return head(module.eval()(x)[0][:, -1])


def mlp(_name, weights, params, x):
    x = x.flatten(1)
    activation = {"tanh": torch.tanh, "relu": torch.relu, "gelu": torch.nn.functional.gelu}[params["model.activation"]]
    for layer in range(params["model.layers"]):
        x = activation(torch.nn.functional.linear(x, weights[f"layers.{layer}.weight"], weights[f"layers.{layer}.bias"]))
    return torch.nn.functional.linear(x, weights["head.weight"], weights["head.bias"])


def difference(checkpoint, dump):
    with safe_open(checkpoint, framework="pt") as file:
        metadata = file.metadata()
    weights = {n: w for n, w in load_file(checkpoint).items() if not n.startswith("resume.")}
    data = load_file(dump)
    scale = json.loads(metadata["mlbench_hpo.normalisation"])
    params = json.loads(metadata["mlbench_hpo.config"])["params"]
    with torch.no_grad():
        name = metadata["mlbench_hpo.model"]
        y = (mlp if name == "mlp" else recurrent)(name, weights, params, data["x"])
    soh = y.double() * torch.tensor(scale["y_std"]).double() + torch.tensor(scale["y_mean"]).double()
    if params["model.residual"]:
        soh = soh + data["last_soh"].double()[:, None]
    return (soh - data["soh_r"].double()).abs().max().item()


torch.set_num_threads(1)
print(json.dumps([difference(*pair) for pair in zip(sys.argv[1::2], sys.argv[2::2])]))
