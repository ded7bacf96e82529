/** A pass of a network over windows, batch by batch in one call each. */
import type { Batch } from "../../core/batch.js";
import type { BatchPass, BatchScores, Network, UpdateStep } from "../ops/ops.js";
import type { BatchPlan } from "./batch-plan.js";
import type { KernelMemory } from "./memory.js";
import type { FusedUpdate } from "./update.js";
import type { HeldRows } from "./window-rows.js";

/** The plan of a batch size. */
export interface SizedPlan {
  readonly plan: BatchPlan;
  readonly update: FusedUpdate | null;
  /** Steps of an ODE that have room. */
  readonly steps: number;
  /** Takes the optimizer's scalars. */
  readonly setStep: (numbers: UpdateStep) => void;
  /** The pass whose weights are packed, in evaluation. */
  packedFor: object | null;
}

/** The runner whose passes these are. */
export interface PassOwner {
  readonly memory: KernelMemory;
  readonly network: Network;
  /** The plan of a size, with an update's steps or for evaluation. */
  planOf(size: number, update: FusedUpdate | null): SizedPlan;
  /** The same with room for more steps of an ODE. */
  largerPlan(size: number, update: FusedUpdate | null): SizedPlan;
  /** Takes the variables' values for an evaluation. */
  loadWeights(): void;
}

/** Where a batch's windows come from: addresses, and floats from one row to the next. */
interface Source {
  readonly index: number;
  readonly x: { readonly rows: number; readonly source: number; readonly pitch: number };
  readonly soh: { readonly rows: number; readonly source: number; readonly pitch: number };
}

interface PassParts {
  readonly update: FusedUpdate | null;
  readonly paths: boolean;
  readonly windows: { readonly rows: HeldRows; readonly starts: Int32Array } | null;
  readonly ended: (pass: RunningPass) => void;
}

const RESULTS = 7;

/** A pass under way. */
export class RunningPass implements BatchPass {
  readonly #results: number;
  /** Of the pass's windows, or of a batch's copies: 0, 1, 2, … */
  #index: { readonly address: number; readonly count: number } | null = null;
  #staged: { readonly address: number; readonly floats: number } | null = null;
  #source: Source | null = null;
  #stepped = false;
  #ended = false;
  #last: { readonly path: number; readonly count: number } = { path: 0, count: 0 };
  readonly #scores: { -readonly [K in keyof BatchScores]: BatchScores[K] } = {
    ...{ loss: 0, squares: 0, magnitudes: 0, lastSquares: 0, largest: 0 },
  };

  constructor(
    private readonly runner: PassOwner,
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
    if (this.#ended) throw new Error("the pass has ended: its model is disposed of, or other kernels run");
    const { runner } = this;
    const { update } = this.parts;
    let entry = runner.planOf(size, update);
    // Nothing of the batch is left in what was run before it ended: it is run anew.
    for (; this.#attempt(entry, source, from, numbers);) entry = runner.largerPlan(size, update);
    this.#last = { path: entry.plan.path, count: size * runner.network.horizon };
    return this.#read(entry.plan);
  }

  /** @returns whether its ODE had no room for its steps */
  #attempt(...[entry, source, from, numbers]: [SizedPlan, Source, number, UpdateStep | null]): boolean {
    const { update, paths } = this.parts;
    const { plan } = entry;
    const { main } = plan;
    if (plan.enter()) entry.packedFor = null;
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
    if (update) {
      // Its program ends with the step: without numbers of its own it would take the last one's again.
      if (!numbers) throw new Error("a batch of a pass that trains needs the numbers of its step");
      // Whoever had the weights brought back may have changed them where they stand.
      update.load(!this.#stepped);
      plan.setMasks(numbers.t - 1);
      entry.setStep(numbers);
    } else if (entry.packedFor !== this) {
      plan.pack.run();
      entry.packedFor = this;
    }
    const ended = main.run();
    if (ended) return plan.ode !== null && plan.ode.lacksRoom(ended);
    if (update) {
      this.#stepped = true;
      update.taken();
    }
    return false;
  }

  #read({ ode }: BatchPlan): BatchScores {
    const { f64 } = this.runner.memory;
    const at = this.#results >> 3;
    const scores = this.#scores;
    scores.loss = f64[at] as number;
    scores.squares = f64[at + 1] as number;
    scores.magnitudes = f64[at + 2] as number;
    scores.lastSquares = f64[at + 3] as number;
    scores.largest = f64[at + 4] as number;
    if (ode) scores.ode = ode.counts();
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
