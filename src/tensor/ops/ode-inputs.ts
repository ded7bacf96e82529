/** The checks of what a caller in JavaScript may hand `odeMlp`: kinds and names, before any number is looked at. */
import { type KnownKeys, requireKnownKeys } from "../../core/known-keys.js";
import { isTensor } from "../is-tensor.js";
import { type OdeControl, type OdeOptions, refuseOde } from "./ode-types.js";

const controlKeys: KnownKeys<OdeControl> = { method: true, stepSize: true, rtol: true, atol: true, minStep: true };
const optionKeys: KnownKeys<OdeOptions> = {
  ...controlKeys,
  ...{ activation: true, time: true, augment: true, gradient: true, adjoint: true, maxEvaluations: true },
};

/** @throws UsageError `invalid-ode`, `unknown-option`, `invalid-option` */
export function requireOdeInputs(...[y0, layers, times, options]: [unknown, unknown, unknown, unknown]): void {
  requireKnownKeys("odeMlp", options, optionKeys);
  const { adjoint } = options as OdeOptions;
  if (adjoint !== undefined) requireKnownKeys("odeMlp: adjoint", adjoint, controlKeys);
  requireTensor("y0", y0, 2);
  if (!Array.isArray(layers)) refuseOde("layers is no list of layers");
  (layers as readonly unknown[]).forEach((layer, i) => {
    const { weight, bias } = (layer ?? {}) as Readonly<Record<string, unknown>>;
    requireTensor(`the weight of layer ${i}`, weight, 2);
    requireTensor(`the bias of layer ${i}`, bias, 1);
  });
  if (!Array.isArray(times) && !(ArrayBuffer.isView(times) && "length" in times))
    refuseOde("times is no list of times");
}

function requireTensor(name: string, given: unknown, rank: number): void {
  if (!isTensor(given)) refuseOde(`${name} is no tensor`);
  const { dtype, shape } = given;
  if (shape.length !== rank) refuseOde(`${name} has the shape [${shape.join(", ")}]: ${rank} dimensions`);
  if (dtype !== "float32") refuseOde(`${name} is ${dtype}: float32`);
}
