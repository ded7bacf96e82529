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


def linear_of(weights, name):
    layer = torch.nn.Linear(*reversed(weights[f"{name}.weight"].shape))
    layer.load_state_dict({part: weights[f"{name}.{part}"] for part in ("weight", "bias")})
    return layer


def module_of(kind, weights, name, *sizes, **options):
    module = kind(*sizes, **options)
    module.load_state_dict({n.removeprefix(f"{name}."): w for n, w in weights.items() if n.startswith(f"{name}.")})
    return module


def solve(weights, params, z, cycles):
    """The path at `cycles` (rising, from 0); one unit of time is 16 cycles."""
    import torchdiffeq

    layers = [linear_of(weights, f"dynamics.{2 * k}") for k in range(params["model.depth"] + 1)]
    between = ACTIVATIONS[params["model.activation"]]
    dynamics = torch.nn.Sequential(*[m for layer in layers for m in (layer, between())][:-1])
    if "model.rtol" in params:
        control = {"rtol": params["model.rtol"], "atol": params["model.atol"]}
    else:
        control = {"options": {"step_size": params["model.step_size"] / 16}}
    method = SOLVERS.get(params["model.solver"], params["model.solver"])
    return torchdiffeq.odeint(lambda _, y: dynamics(y), z, torch.as_tensor(cycles) / 16, method=method, **control)


def neural_ode(_name, weights, params, x, cycles):
    """`node` and `anode`."""

    def linear(name):
        return linear_of(weights, name)

    if params["model.encoder"] == "gru":
        encoder = module_of(torch.nn.GRU, weights, "encoder", x.shape[2], params["model.hidden_size"], batch_first=True)
        read = encoder(x)[0][:, -1]
    else:
        read = torch.tanh(linear("encoder.0")(x.flatten(1)))
    z = linear("latent")(read)
    z = torch.cat([z, torch.zeros(len(z), params.get("model.augment", 0))], 1)
    path = solve(weights, params, z, torch.cat([torch.zeros(1), cycles]))
    return linear("decoder")(path[1:])[:, :, 0].T


def gaps_of(cycles, params):
    return torch.diff(cycles, dim=1, prepend=cycles[:, :1]).clamp(max=params["model.max_gap"])


def ode_rnn(_name, weights, params, x, cycles, horizon):
    """`cycles` [B,T]: the observed ones."""
    gaps = gaps_of(cycles, params)
    cell = module_of(torch.nn.GRUCell, weights, "cell", x.shape[2], params["model.latent_size"])
    h = cell(x[:, 0])
    for t in range(1, x.shape[1]):
        path = solve(weights, params, h, range(int(gaps[:, t].max()) + 1))
        h = cell(x[:, t], path[gaps[:, t].long(), range(len(x))])
    path = solve(weights, params, h, range(horizon + 1))
    return linear_of(weights, "decoder")(path[1:])[:, :, 0].T


def latent_ode(_name, weights, params, x, cycles, horizon):
    gaps = gaps_of(cycles, params)
    missing = torch.cat([gaps[:, 1:] - 1, torch.zeros(len(x), 1)], 1)
    sizes = x.shape[2] + 1, params["model.hidden_size"]
    encoder = module_of(torch.nn.GRU, weights, "encoder", *sizes, batch_first=True)
    read = encoder(torch.cat([x, missing[:, :, None]], 2).flip(1))[0][:, -1]
    mean, _logvar = linear_of(weights, "latent")(read).chunk(2, 1)
    last = gaps.sum(1).long()
    path = solve(weights, params, mean, range(int(last.max()) + horizon + 1))
    values = linear_of(weights, "decoder")(path)[:, :, 0]
    return torch.stack([values[last + h, range(len(x))] for h in range(1, horizon + 1)], 1)


def predict(name, weights, params, data):
    if name in ("node", "anode"):
        return neural_ode(name, weights, params, data["x"], data["t_eval"])
    if name in ("ode_rnn", "latent_ode"):
        model = {"ode_rnn": ode_rnn, "latent_ode": latent_ode}[name]
        return model(name, weights, params, data["x"], data["cycles"], len(data["t_eval"]))
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
