/** Runs a network's batches in one call each: plans kept by size, weights in the optimizer's blocks while a pass trains. */
import type { Batch } from "../../core/batch.js";
import type { BatchPass, BatchRunner, BatchScores, Network, PassRequest, UpdateStep, WindowRows } from "../ops/ops.js";
import * as tf from "../tf.js";
import type { Tensor, Variable } from "../tf.js";
import { BatchPlan } from "./batch-plan.js";
import type { KernelMemory } from "./memory.js";
import type { Program } from "./program.js";
import { valuesOf } from "./tensors.js";
import { adamScalars, FusedUpdate, sgdScalars } from "./update.js";
import type { HeldRows, WindowRowsStore } from "./window-rows.js";

/** Plans kept: a part has two sizes of batches, and there are training and evaluation. */
const PLANS = 6;
/** Datasets kept: another one is copied in where a model meets it. */
const DATASETS = 2;

interface Plan {
  readonly plan: BatchPlan;
  readonly update: FusedUpdate | null;
  /** Takes the optimizer's scalars. */
  readonly setStep: (numbers: UpdateStep) => void;
  /** The pass whose weights are packed, in evaluation. */
  packedFor: object | null;
}

/** Where a batch's windows come from: addresses, and floats from one row to the next. */
interface Source {
  readonly index: number;
  readonly x: { readonly rows: number; readonly source: number; readonly pitch: number };
  readonly soh: { readonly rows: number; readonly source: number; readonly pitch: number };
}

function tensorsOf({ recurrent, dense }: Network): Tensor[] {
  const stack =
    recurrent?.layers.flatMap((layer) => [layer.weightIh, layer.weightHh, layer.biasIh, layer.biasHh]) ?? [];
  return [...stack, ...dense.flatMap(({ weight, bias }) => [weight, bias])];
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
export class FusedRunner implements BatchRunner {
  readonly #tensors: readonly Tensor[];
  readonly #plans = new Map<string, Plan>();
  readonly #rows: HeldRows[] = [];
  readonly #under = new Set<RunningPass>();
  /** The weights of an evaluation, one after another. */
  #weights: Weights | null = null;

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
    return own && this.#tensors.every((tensor) => update.offsetOf(tensor) !== undefined && (tensor as Variable).trainable);
  }

  #hold(rows: WindowRows): HeldRows | null {
    const known = this.#rows.find((held) => held.rows.inputs === rows.inputs && held.rows.soh === rows.soh);
    if (known) return known;
    const held = this.store.acquire(rows);
    if (held && this.#rows.push(held) > DATASETS) this.store.release(this.#rows.shift() as HeldRows);
    return held;
  }

  /** The plan of a size, with an update's steps or for evaluation. */
  planOf(size: number, update: FusedUpdate | null): Plan {
    const key = `${update ? "training" : "evaluation"} ${size}`;
    const known = this.#plans.get(key);
    if (known?.update === update) return known;
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

  #trainingPlan(size: number, update: FusedUpdate): Plan {
    const [p, g] = update.blocks().addresses;
    const places = {
      weight: (variable: Tensor) => p + (update.offsetOf(variable) as number),
      gradient: (variable: Tensor) => g + (update.offsetOf(variable) as number),
    };
    let setStep: Plan["setStep"] = noStep;
    const plan = new BatchPlan(this.memory, this.network, size, places, (program) => {
      setStep = addStep(program, update);
    });
    return { plan, update, setStep, packedFor: null };
  }

  #evaluationPlan(size: number): Plan {
    const { address, offsets } = this.#evaluationWeights();
    const weight = (variable: Tensor): number => address + (offsets.get(variable) as number);
    const plan = new BatchPlan(this.memory, this.network, size, { weight, gradient: null }, null);
    return { plan, update: null, setStep: noStep, packedFor: null };
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

interface PassParts {
  readonly update: FusedUpdate | null;
  readonly paths: boolean;
  readonly windows: { readonly rows: HeldRows; readonly starts: Int32Array } | null;
  readonly ended: (pass: RunningPass) => void;
}

const RESULTS = 7;

class RunningPass implements BatchPass {
  readonly #results: number;
  /** Of the pass's windows, or of a batch's copies: 0, 1, 2, … */
  #index: { readonly address: number; readonly count: number } | null = null;
  #staged: { readonly address: number; readonly floats: number } | null = null;
  #source: Source | null = null;
  #stepped = false;
  #ended = false;
  #last: { readonly path: number; readonly count: number } = { path: 0, count: 0 };
  readonly #scores = { loss: 0, squares: 0, magnitudes: 0, lastSquares: 0, largest: 0 };

  constructor(
    private readonly runner: FusedRunner,
    private readonly parts: PassParts,
  ) {
    if (!parts.update) runner.loadWeights();
    this.#results = runner.memory.allocate(RESULTS * 8);
    if (parts.windows) this.#source = this.#windowsSource(parts.windows.rows, parts.windows.starts);
  }

  #windowsSource({ rows, inputs, soh }: HeldRows, starts: Int32Array): Source {
    const { window, features, horizon } = this.runner.network;
    this.#setIndex(starts);
    const count = rows.soh.length;
    return {
      index: this.#index?.address ?? 0,
      x: { rows: Math.max(0, count - window + 1), source: inputs, pitch: features },
      // A window's last SOH and its targets stand behind one another.
      soh: { rows: Math.max(0, count - window + 1 - horizon), source: soh + (window - 1) * 4, pitch: 1 },
    };
  }

  #setIndex(values: Int32Array): void {
    const { memory } = this.runner;
    if (this.#index) memory.free(this.#index.address);
    const address = memory.allocate(values.length * 4);
    memory.i32.set(values, address >> 2);
    this.#index = { address, count: values.length };
  }

  windows(from: number, size: number, numbers: UpdateStep | null): BatchScores {
    return this.#run(this.#source as Source, from, size, numbers);
  }

  batch(batch: Batch, numbers: UpdateStep | null): BatchScores {
    return this.#run(this.#stage(batch), 0, batch.size, numbers);
  }

  /** Copies a batch's arrays in as rows of their own. */
  #stage({ size, x, lastSoh, target, horizon }: Batch): Source {
    const { memory } = this.runner;
    const floats = x.length + size * (1 + horizon);
    if (!this.#index || this.#index.count < size) this.#setIndex(Int32Array.from({ length: size }, (_, i) => i));
    if (!this.#staged || this.#staged.floats < floats) {
      if (this.#staged) memory.free(this.#staged.address);
      this.#staged = { address: memory.allocate(floats * 4), floats };
    }
    const { f32 } = memory;
    const { address } = this.#staged;
    f32.set(x, address >> 2);
    let at = (address >> 2) + x.length;
    const soh = at * 4;
    for (let b = 0; b < size; b++) {
      f32[at++] = lastSoh[b] as number;
      for (let h = 0; h < horizon; h++) f32[at++] = target[b * horizon + h] as number;
    }
    return {
      index: this.#index?.address ?? 0,
      x: { rows: size, source: address, pitch: x.length / size },
      soh: { rows: size, source: soh, pitch: 1 + horizon },
    };
  }

  #run(source: Source, from: number, size: number, numbers: UpdateStep | null): BatchScores {
    if (this.#ended) throw new Error("the pass has ended: its model is disposed of");
    const { runner } = this;
    const { update, paths } = this.parts;
    const entry = runner.planOf(size, update);
    const { plan } = entry;
    const { main } = plan;
    for (const [slots, at] of [
      [plan.gathers.x, source.x],
      [plan.gathers.soh, source.soh],
    ] as const) {
      main.set(slots.index, source.index + from * 4);
      main.set(slots.rows, at.rows);
      main.set(slots.source, at.source);
      main.set(slots.pitch, at.pitch);
    }
    main.set(plan.slots.results, this.#results);
    main.set(plan.slots.path, paths ? plan.path : 0);
    if (update && numbers) {
      // Whoever had the weights brought back may have changed them where they stand.
      update.load(!this.#stepped);
      plan.setMasks(numbers.t - 1);
      entry.setStep(numbers);
      this.#stepped = true;
    } else if (entry.packedFor !== this) {
      plan.pack.run();
      entry.packedFor = this;
    }
    main.run();
    this.#last = { path: plan.path, count: size * runner.network.horizon };
    return this.#read();
  }

  #read(): BatchScores {
    const { f64 } = this.runner.memory;
    const at = this.#results >> 3;
    const scores = this.#scores;
    scores.loss = f64[at] as number;
    scores.squares = f64[at + 1] as number;
    scores.magnitudes = f64[at + 2] as number;
    scores.lastSquares = f64[at + 3] as number;
    scores.largest = f64[at + 4] as number;
    return scores;
  }

  paths(): Float32Array {
    return this.runner.memory.floats(this.#last.path, this.#last.count);
  }

  targets(): readonly [number, number] {
    const { f64 } = this.runner.memory;
    return [f64[(this.#results >> 3) + 5] as number, f64[(this.#results >> 3) + 6] as number];
  }

  bringBack(): void {
    if (this.#stepped) this.parts.update?.store();
    this.#stepped = false;
  }

  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.bringBack();
    const { memory } = this.runner;
    for (const block of [this.#index, this.#staged]) if (block) memory.free(block.address);
    memory.free(this.#results);
    this.parts.ended(this);
  }
}
