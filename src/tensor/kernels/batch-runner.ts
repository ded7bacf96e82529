/** Runs a network's batches in one call each: plans kept by size, weights in the optimizer's blocks while a pass trains. */
import type { BatchPass, BatchRunner, Network, PassRequest, UpdateStep, WindowRows } from "../ops/ops.js";
import * as tf from "../tf.js";
import type { Tensor, Variable } from "../tf.js";
import { BatchPlan } from "./batch-plan.js";
import type { KernelMemory } from "./memory.js";
import { FIRST_STEPS } from "./ode.js";
import type { Program } from "./program.js";
import type { PassOwner, SizedPlan } from "./running-pass.js";
import { RunningPass } from "./running-pass.js";
import { valuesOf } from "./tensors.js";
import { adamScalars, FusedUpdate, sgdScalars } from "./update.js";
import type { HeldRows, WindowRowsStore } from "./window-rows.js";

/** Plans kept: a part has two sizes of batches, and there are training and evaluation. */
const PLANS = 6;
/** Datasets kept: another one is copied in where a model meets it. */
const DATASETS = 2;

function tensorsOf({ recurrent, dense, ode }: Network): Tensor[] {
  const stack =
    recurrent?.layers.flatMap((layer) => [layer.weightIh, layer.weightHh, layer.biasIh, layer.biasHh]) ?? [];
  const linear = [...dense, ...(ode ? [...ode.layers, ode.decoder] : [])];
  return [...stack, ...linear.flatMap(({ weight, bias }) => [weight, bias])];
}

const noStep = (): void => undefined;

/** Adds an optimizer's step to a program. */
function addStep(program: Program, update: FusedUpdate): (numbers: UpdateStep) => void {
  const { count, addresses } = update.blocks();
  const [p, g, first, second] = addresses;
  const none = [0, 0, 0, 0, 0, 0, 0, 0] as const;
  const [slot, scalars] =
    update.rule === "sgd"
      ? [program.add("sgdClipped", p, g, first, count, 0, 0, 0, 0, 0, 0) + 4, sgdScalars]
      : [
          program.add("adamClipped", p, g, first, second, count, ...none, 0) + 5,
          (numbers: UpdateStep) => adamScalars(numbers, update.rule === "adamw"),
        ];
  return (numbers) => {
    const values = scalars(numbers);
    for (let i = 0; i < values.length; i++) program.set(slot + i, values[i] as number);
    program.set(slot + values.length, numbers.maxNorm);
  };
}

/** Weights one after another: where they begin, and each one's offset in bytes. */
interface Weights {
  readonly address: number;
  readonly offsets: ReadonlyMap<Tensor, number>;
}

/** The runner of one network. */
export class FusedRunner implements BatchRunner, PassOwner {
  readonly #tensors: readonly Tensor[];
  readonly #plans = new Map<string, SizedPlan>();
  readonly #rows: HeldRows[] = [];
  readonly #under = new Set<RunningPass>();
  /** The weights of an evaluation, one after another. */
  #weights: Weights | null = null;
  /** Of an ODE, for which its plans have room. */
  #steps = FIRST_STEPS;

  constructor(
    readonly memory: KernelMemory,
    readonly network: Network,
    private readonly store: WindowRowsStore,
  ) {
    this.#tensors = tensorsOf(network);
  }

  open({ windows, update, paths = false }: PassRequest): BatchPass | null {
    if (update && !(update instanceof FusedUpdate && this.#trains(update))) return null;
    const rows = windows ? this.#hold(windows.rows) : null;
    if (windows && !rows) return null;
    this.flush();
    const pass = new RunningPass(this, {
      update,
      paths,
      windows: windows && rows ? { rows, starts: windows.starts } : null,
      ended: (ended) => this.#under.delete(ended),
    });
    this.#under.add(pass);
    return pass;
  }

  flush(): void {
    for (const pass of this.#under) pass.bringBack();
  }

  dispose(): void {
    for (const pass of this.#under) pass.close();
    for (const { plan } of this.#plans.values()) plan.dispose();
    this.#plans.clear();
    for (const rows of this.#rows.splice(0)) this.store.release(rows);
    if (this.#weights) this.memory.free(this.#weights.address);
    this.#weights = null;
  }

  /** Whether all its variables are the network's, none of them frozen, and it is of this memory. */
  #trains(update: FusedUpdate): boolean {
    const own = update.memory === this.memory && update.variables === this.#tensors.length;
    return (
      own && this.#tensors.every((tensor) => update.offsetOf(tensor) !== undefined && (tensor as Variable).trainable)
    );
  }

  #hold(rows: WindowRows): HeldRows | null {
    const known = this.#rows.find((held) => held.rows.inputs === rows.inputs && held.rows.soh === rows.soh);
    if (known) return known;
    const held = this.store.acquire(rows);
    if (held && this.#rows.push(held) > DATASETS) this.store.release(this.#rows.shift() as HeldRows);
    return held;
  }

  /** The plan of a size, with an update's steps or for evaluation. */
  planOf(size: number, update: FusedUpdate | null): SizedPlan {
    const key = `${update ? "training" : "evaluation"} ${size}`;
    const known = this.#plans.get(key);
    if (known?.update === update && known.plan.isLaid) return known;
    known?.plan.dispose();
    this.#plans.delete(key);
    const [oldest] = this.#plans;
    if (oldest && this.#plans.size >= PLANS) {
      oldest[1].plan.dispose();
      this.#plans.delete(oldest[0]);
    }
    const made = update ? this.#trainingPlan(size, update) : this.#evaluationPlan(size);
    this.#plans.set(key, made);
    return made;
  }

  /** A plan with room for more steps of an ODE, in the place of one that had too few. */
  largerPlan(size: number, update: FusedUpdate | null): SizedPlan {
    const key = `${update ? "training" : "evaluation"} ${size}`;
    const small = this.#plans.get(key);
    // Batches of another size may have found out before that more are needed.
    this.#steps = Math.max(this.#steps, 2 * (small?.steps ?? 0));
    small?.plan.dispose();
    this.#plans.delete(key);
    return this.planOf(size, update);
  }

  #trainingPlan(size: number, update: FusedUpdate): SizedPlan {
    const [p, g] = update.blocks().addresses;
    const places = {
      weight: (variable: Tensor) => p + (update.offsetOf(variable) as number),
      gradient: (variable: Tensor) => g + (update.offsetOf(variable) as number),
    };
    let setStep: SizedPlan["setStep"] = noStep;
    const step = (program: Program): void => {
      setStep = addStep(program, update);
    };
    const plan = new BatchPlan(this.memory, this.network, size, places, step, this.#steps);
    return { plan, update, steps: this.#steps, setStep, packedFor: null };
  }

  #evaluationPlan(size: number): SizedPlan {
    const { address, offsets } = this.#evaluationWeights();
    const weight = (variable: Tensor): number => address + (offsets.get(variable) as number);
    const plan = new BatchPlan(this.memory, this.network, size, { weight, gradient: null }, null, 0);
    return { plan, update: null, steps: 0, setStep: noStep, packedFor: null };
  }

  #evaluationWeights(): Weights {
    if (this.#weights) return this.#weights;
    const offsets = new Map<Tensor, number>();
    let bytes = 0;
    for (const tensor of this.#tensors) {
      offsets.set(tensor, bytes);
      bytes += Math.ceil(tensor.size / 4) * 16;
    }
    return (this.#weights = { address: this.memory.allocate(bytes), offsets });
  }

  /** Takes the variables' values for an evaluation. */
  loadWeights(): void {
    const { address, offsets } = this.#evaluationWeights();
    for (const [tensor, offset] of offsets)
      this.memory.f32.set(valuesOf(tf.backend(), tensor), (address + offset) >> 2);
  }
}
