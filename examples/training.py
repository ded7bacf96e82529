"""A training program for program-objective.mjs: gradient descent with momentum on a noisy bowl, standard library only."""
import argparse
import json
import random
import sys

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, required=True)
parser.add_argument("--momentum", type=float, required=True)
parser.add_argument("--seed", type=int, required=True)
args = parser.parse_args()

draw = random.Random(args.seed)
print(f"lr {args.lr:g}, momentum {args.momentum:g}", file=sys.stderr)
x, velocity = 4.0, 0.0
for step in range(1, 21):
    gradient = 2 * x + draw.gauss(0, 0.05)
    velocity = args.momentum * velocity - args.lr * gradient
    x += velocity
    # flush: the objective reports each step as it comes
    print(json.dumps({"step": step, "value": x * x}), flush=True)
