/** What built-in models are made of, and what runs their batches in one call: kept beside the models, by identity. */
import { activeOps, createRunner } from "../tensor/index.js";
import type { BatchRunner, Network, Ops } from "../tensor/index.js";

/** Methods that say what a model computes: where one is not the class's own any more, its network means nothing. */
type Behaviour = Readonly<Record<string, unknown>>;

/** A method of a class, to be compared with what a model has later. */
export function methodOf(type: { readonly prototype: object }, name: string): unknown {
  return Reflect.get(type.prototype, name);
}

interface Described {
  readonly network: Network;
  readonly behaviour: Behaviour;
  runner: { readonly ops: Ops; readonly runner: BatchRunner | null } | null;
}

const described = new WeakMap<object, Described>();

/**
 * Says what a model of a built-in class computes with the given methods. Never called for a subclass, which may compute
 * anything.
 */
export function describeNetwork(model: object, network: Network, behaviour: Behaviour): void {
  described.set(model, { network, behaviour, runner: null });
}

/** What runs a model's batches in one call; null for a model that only its own code knows, or under ops without it. */
export function networkRunner(model: object): { readonly network: Network; readonly runner: BatchRunner } | null {
  const known = described.get(model);
  if (!known) return null;
  for (const [name, method] of Object.entries(known.behaviour)) if (Reflect.get(model, name) !== method) return null;
  const ops = activeOps();
  if (known.runner?.ops !== ops) {
    known.runner?.runner?.dispose();
    known.runner = { ops, runner: createRunner(known.network) };
  }
  const { runner } = known.runner;
  return runner && { network: known.network, runner };
}

/** Has the weights of a pass under way brought back, before someone reads them. */
export function flushRunner(model: object): void {
  described.get(model)?.runner?.runner?.flush();
}

/** Frees what the runner holds. */
export function releaseRunner(model: object): void {
  const known = described.get(model);
  known?.runner?.runner?.dispose();
  if (known) known.runner = null;
}
