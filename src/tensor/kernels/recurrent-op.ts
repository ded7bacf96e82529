/** A recurrent stack as one differentiable op. */
import type { LstmOptions, RecurrentLayer, RecurrentOptions, RecurrentResult } from "../ops/ops.js";
import type { Tensor, Tensor2D, Tensor3D } from "../tf.js";
import { tapeIsOn } from "../own-tape.js";
import type { RecurrentShape } from "./recurrent-layout.js";
import type { RecurrentCall, RecurrentKernels } from "./recurrent.js";
import { registerFused, runFused } from "./registration.js";

const NAME = "MlbenchRecurrent";

/**
 * One node on the tape. The backward pass runs here and not when the first gradient is asked for: each of those
 * functions has a tidy of its own, which would take the others' tensors with it.
 */
function gradients(dys: Tensor[], call: RecurrentCall): Record<string, () => Tensor> {
  const all = runFused(`${NAME}Grad`, Object.fromEntries(dys.entries()), call);
  const states = call.initial ? (call.shape.cell === "lstm" ? ["h", "c"] : ["h"]) : [];
  const names = call.shape.units.flatMap((_, l) => ["w", "u", "b", "v", ...states].map((name) => `${name}${l}`));
  const thunks = names.map((name, i) => [name, (): Tensor => all[i] as Tensor] as const);
  return { ...Object.fromEntries(thunks), x: () => runFused(`${NAME}InputGrad`, {}, call)[0] as Tensor };
}

function register(): void {
  registerFused<RecurrentCall>(NAME, (inputs, call, backend) => call.kernels.forward(inputs, call, backend), gradients);
  registerFused<RecurrentCall>(`${NAME}Grad`, (inputs, call, backend) =>
    call.kernels.backward(Object.values(inputs), call, backend),
  );
  registerFused<RecurrentCall>(`${NAME}InputGrad`, (_, call, backend) => call.kernels.inputGradient(call, backend));
}

/** A stacked LSTM or GRU as one op. */
export function fusedRecurrent(
  kernels: RecurrentKernels,
  cell: RecurrentShape["cell"],
  x: Tensor3D,
  layers: readonly RecurrentLayer[],
  options: RecurrentOptions | LstmOptions,
): RecurrentResult {
  register();
  const [batch, steps, features] = x.shape;
  const units = layers.map((layer) => layer.weightHh.shape[1]);
  const inputs: Record<string, Tensor> = { x };
  layers.forEach((layer, l) => {
    inputs[`w${l}`] = layer.weightIh;
    inputs[`u${l}`] = layer.weightHh;
    inputs[`b${l}`] = layer.biasIh;
    inputs[`v${l}`] = layer.biasHh;
    if (options.initial) inputs[`h${l}`] = options.initial.h[l] as Tensor;
    if (options.initial && "c" in options.initial) inputs[`c${l}`] = options.initial.c[l] as Tensor;
  });
  const dropout = units.length > 1 && options.dropout?.rate ? options.dropout : undefined;
  const call: RecurrentCall = {
    kernels,
    shape: { cell, batch, steps, features, units, dropout: dropout !== undefined },
    initial: options.initial !== undefined,
    sequence: options.sequence ?? false,
    dropout,
    onTape: tapeIsOn(),
  };
  const outputs = runFused(NAME, inputs, call);
  if (!call.sequence) return { last: outputs[0] as Tensor2D, sequence: null };
  return { sequence: outputs[0] as Tensor3D, last: outputs[1] as Tensor2D };
}
