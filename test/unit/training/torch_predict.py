"""Opens checkpoints with PyTorch (and torchdiffeq) alone and predicts from the inputs that `predict --dump` wrote.

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


SOLVERS = {"heun": "heun2"}
ACTIVATIONS = {"tanh": torch.nn.Tanh, "relu": torch.nn.ReLU, "gelu": torch.nn.GELU, "silu": torch.nn.SiLU}


def neural_ode(_name, weights, params, x, cycles):
    """`node` and `anode`: one unit of time is 16 cycles."""
    import torchdiffeq

    def linear(name):
        layer = torch.nn.Linear(*reversed(weights[f"{name}.weight"].shape))
        layer.load_state_dict({part: weights[f"{name}.{part}"] for part in ("weight", "bias")})
        return layer

    if params["model.encoder"] == "gru":
        encoder = torch.nn.GRU(x.shape[2], params["model.hidden_size"], batch_first=True)
        encoder.load_state_dict({n.removeprefix("encoder."): w for n, w in weights.items() if n.startswith("encoder.")})
        read = encoder(x)[0][:, -1]
    else:
        read = torch.tanh(linear("encoder.0")(x.flatten(1)))
    z = linear("latent")(read)
    z = torch.cat([z, torch.zeros(len(z), params.get("model.augment", 0))], 1)
    layers = [linear(f"dynamics.{2 * k}") for k in range(params["model.depth"] + 1)]
    between = ACTIVATIONS[params["model.activation"]]
    dynamics = torch.nn.Sequential(*[m for layer in layers for m in (layer, between())][:-1])
    if "model.rtol" in params:
        control = {"rtol": params["model.rtol"], "atol": params["model.atol"]}
    else:
        control = {"options": {"step_size": params["model.step_size"] / 16}}
    times = torch.cat([torch.zeros(1), cycles / 16])
    method = SOLVERS.get(params["model.solver"], params["model.solver"])
    path = torchdiffeq.odeint(lambda _, y: dynamics(y), z, times, method=method, **control)
    return linear("decoder")(path[1:])[:, :, 0].T


def predict(name, weights, params, data):
    if name in ("node", "anode"):
        return neural_ode(name, weights, params, data["x"], data["t_eval"])
    return (mlp if name == "mlp" else recurrent)(name, weights, params, data["x"])


def difference(checkpoint, dump):
    with safe_open(checkpoint, framework="pt") as file:
        metadata = file.metadata()
    weights = {n: w for n, w in load_file(checkpoint).items() if not n.startswith("resume.")}
    data = load_file(dump)
    scale = json.loads(metadata["mlbench_hpo.normalisation"])
    params = json.loads(metadata["mlbench_hpo.config"])["params"]
    with torch.no_grad():
        y = predict(metadata["mlbench_hpo.model"], weights, params, data)
    soh = y.double() * torch.tensor(scale["y_std"]).double() + torch.tensor(scale["y_mean"]).double()
    if params["model.residual"]:
        soh = soh + data["last_soh"].double()[:, None]
    return (soh - data["soh_r"].double()).abs().max().item()


torch.set_num_threads(1)
print(json.dumps([difference(*pair) for pair in zip(sys.argv[1::2], sys.argv[2::2])]))
