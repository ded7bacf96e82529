/** A network's batch as a program of kernel calls: what is laid down where, and the calls in their order. */
import { dropoutKey } from "../ops/dropout-mask.js";
import type { DenseLayer, Network } from "../ops/ops.js";
import { Places, type Tenant } from "./arena.js";
import type { DensePlan, WeightPlaces } from "./batch-dense.js";
import { addDenseGradients, addInputGradient, layDense, packDense, runDense, strideOf } from "./batch-dense.js";
import { BatchOde } from "./batch-ode.js";
import type { KernelMemory } from "./memory.js";
import { Program } from "./program.js";
import { cells, slotsOf } from "./recurrent.js";
import { type LayerPlan, layRecurrent, planWords } from "./recurrent-layout.js";

/** Slots of the arguments of `gatherPanels` and `gatherRows` that change from batch to batch. */
interface Gathered {
  readonly index: number;
  readonly rows: number;
  readonly source: number;
  readonly pitch: number;
}

const gathered = (slot: number): Gathered => ({ index: slot, rows: slot + 2, source: slot + 3, pitch: slot + 4 });

type MaskedPlan = DensePlan & { readonly layer: DenseLayer };
type Take = Places["take"];

/** Where a plan's parts stand in the arena. */
interface Laid {
  readonly stack: readonly LayerPlan[];
  readonly dense: readonly MaskedPlan[];
  readonly ode: BatchOde | null;
  /** Each window's last SOH and its target. */
  readonly soh: number;
  /** [B,H] */
  readonly path: number;
  /** Mean, std and 1 / std. */
  readonly scale: number;
}

/**
 * One network at one batch size, for training or for evaluation. It works in the arena, where anything may stand when its
 * turn comes: what is written once and read each time is written by {@link enter}.
 */
export class BatchPlan implements Tenant {
  /** Packs the weights: in training once a batch, in evaluation once a pass. */
  readonly pack: Program;
  readonly main: Program;
  readonly gathers: { readonly x: Gathered; readonly soh: Gathered };
  /** [B,H], filled when the program is told to. */
  readonly path: number;
  readonly slots: { readonly path: number; readonly results: number };
  readonly #masks: { readonly slot: number; readonly layer: number }[] = [];
  readonly #stack: readonly LayerPlan[];
  /** As the kernels read it. */
  readonly #words: readonly Int32Array[];
  readonly #dense: readonly MaskedPlan[];
  /** Behind the dense layers. */
  readonly ode: BatchOde | null;
  readonly #scale: { readonly address: number; readonly values: Float32Array };
  readonly #stride: number;
  readonly #drops: boolean;
  #disposed = false;

  constructor(
    private readonly memory: KernelMemory,
    private readonly network: Network,
    readonly size: number,
    private readonly places: WeightPlaces,
    /** Adds the optimizer's step to the end of a training program. */
    step: ((program: Program) => void) | null,
    /** Steps of an ODE that have room, where they are kept. */
    steps: number,
  ) {
    this.#stride = strideOf(size);
    this.#drops = step !== null && network.dropout.rate > 0;
    const { horizon, scale } = network;
    const laid = this.#lay(steps);
    [this.#stack, this.#dense, this.ode, this.path] = [laid.stack, laid.dense, laid.ode, laid.path];
    this.#words = laid.stack.map(planWords);
    const { mean, std } = scale;
    this.#scale = { address: laid.scale, values: Float32Array.of(...mean, ...std, ...std.map((s) => 1 / s)) };
    this.main = new Program(memory);
    this.pack = step ? this.main : new Program(memory);
    this.#stack.forEach((plan, l) => {
      this.#packLayer(plan, l);
    });
    for (const plan of this.#dense) packDense(this.pack, places, plan);
    this.ode?.pack(this.pack);
    this.gathers = { x: this.#gatherWindows(), soh: this.#gatherSoh(laid.soh) };
    this.#forward();
    this.slots = this.#score(laid.soh, horizon);
    if (step) {
      this.#backward();
      step(this.main);
      this.main.seal();
    } else for (const program of [this.pack, this.main]) program.seal();
  }

  /** The masks of a step. */
  setMasks(step: number): void {
    const { seed } = this.network.dropout;
    for (const { slot, layer } of this.#masks) this.main.set(slot, dropoutKey(seed, step, layer) | 0);
  }

  /** False once it is evicted or disposed of: its addresses are void. */
  get isLaid(): boolean {
    return !this.#disposed;
  }

  /**
   * Readies the arena for a run.
   * @returns whether another plan may have worked there since the last one: weights are to be packed anew
   */
  enter(): boolean {
    const { memory } = this;
    if (!memory.arena.isTaken(this)) return false;
    for (const [l, { address, values }] of this.#stack.entries()) {
      memory.i32.set(this.#words[l] as Int32Array, address >> 2);
      const { h, c, stepH } = values;
      // The states before the first step.
      memory.f32.fill(0, h >> 2, (h + stepH) >> 2);
      if (this.network.recurrent?.cell === "lstm") memory.f32.fill(0, c >> 2, (c + stepH) >> 2);
    }
    this.ode?.prepare();
    memory.f32.set(this.#scale.values, this.#scale.address >> 2);
    return true;
  }

  evicted(): void {
    this.dispose();
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.memory.arena.leave(this);
    this.main.dispose();
    if (this.pack !== this.main) this.pack.dispose();
  }

  /** Once to find out how many bytes it takes, then for good. */
  #lay(steps: number): Laid {
    const lay = (from: number): { laid: Laid; bytes: number } => {
      const places = new Places(from);
      const { take } = places;
      const { horizon } = this.network;
      const stack = this.#layStack(take);
      const dense = this.#layDense(take, stack);
      const ode = this.#layOde(take, dense, steps);
      const soh = take(this.size * (1 + horizon));
      const laid = { stack, dense, ode, soh, path: take(this.size * horizon), scale: take(3 * horizon) };
      return { laid, bytes: places.bytes };
    };
    // Not from 0, which as an address means none.
    return lay(this.memory.arena.enter(this, lay(64).bytes)).laid;
  }

  #layStack(take: Take): readonly LayerPlan[] {
    const { recurrent, window, features } = this.network;
    if (!recurrent) return [];
    const units = recurrent.layers.map((layer) => layer.weightHh.shape[1]);
    const shape = { cell: recurrent.cell, batch: this.size, steps: window, features, units };
    const kind = { dropout: this.#drops && units.length > 1, forwardOnly: this.places.gradient === null };
    const { bytes, layout } = layRecurrent({ ...shape, ...kind }, this.memory.lanes);
    const plans = layout(take(bytes / 4));
    plans.forEach((plan, l) => {
      plan.values.sequence = l < plans.length - 1 ? 1 : 0;
    });
    return plans;
  }

  #layDense(take: Take, stack: readonly LayerPlan[]): readonly MaskedPlan[] {
    const training = this.places.gradient !== null;
    const top = stack.at(-1)?.values;
    let below = top ? top.h + top.T * top.stepH : 0;
    return this.network.dense.map((layer) => {
      const own = below === 0 || (layer.mask !== null && this.#drops);
      const request = { layer, rows: this.size, below: own ? 0 : below, training };
      const plan = layDense(this.memory, take, request);
      below = plan.y;
      return { ...plan, layer };
    });
  }

  #layOde(take: Take, dense: readonly MaskedPlan[], steps: number): BatchOde | null {
    const { ode, horizon } = this.network;
    if (!ode) return null;
    const given = (dense.at(-1) as DensePlan).outputs;
    const sizes = { size: this.size, horizon, given, steps, stride: this.#stride };
    return new BatchOde(this.memory, ode, sizes, this.places, take);
  }

  #packLayer(plan: LayerPlan, l: number): void {
    const { pack, places } = this;
    const { F, H, w, wh, wx, bias, biasH } = plan.values;
    const { cell, layers } = this.network.recurrent as NonNullable<Network["recurrent"]>;
    const layer = layers[l] as (typeof layers)[number];
    const { gates } = cells[cell];
    const [wIh, wHh, bIh, bHh] = [layer.weightIh, layer.weightHh, layer.biasIh, layer.biasHh].map((variable) =>
      places.weight(variable),
    ) as [number, number, number, number];
    pack.add("packUnits", wIh, H, F, gates, w, 0, F + H);
    pack.add("packUnits", wHh, H, H, gates, w, F, F + H);
    pack.add("packBias", bIh, cell === "lstm" ? bHh : 0, H, gates, bias);
    if (cell === "gru") pack.add("packBias", bHh, 0, H, gates, biasH);
    if (!places.gradient) return;
    pack.add("packUnitRows", wHh, H, H, gates, 0, wh);
    if (l > 0) pack.add("packUnitRows", wIh, H, F, gates, slotsOf(this.memory, cell).rotateX, wx);
  }

  #gatherWindows(): Gathered {
    const { window, features } = this.network;
    const [bottom] = this.#stack;
    if (!bottom) {
      // The flattened window: one step of T * F columns.
      const x = this.#dense[0]?.x as number;
      return gathered(this.main.add("gatherPanels", 0, this.size, 1, 0, 0, 1, window * features, x, 0, this.#stride));
    }
    const { x, stepX } = bottom.values;
    return gathered(this.main.add("gatherPanels", 0, this.size, 1, 0, 0, window, features, x, stepX, this.#stride));
  }

  #gatherSoh(target: number): Gathered {
    const columns = 1 + this.network.horizon;
    return gathered(this.main.add("gatherRows", 0, this.size, 1, 0, 0, columns, target, columns * 4));
  }

  /** Masks by the mask of index `layer`. */
  #drop(layer: number, ...where: [source: number, target: number, step: number, T: number, columns: number]): void {
    const [source, target, step, T, columns] = where;
    const { rate } = this.network.dropout;
    const numbers = [0, Math.round(rate * 2 ** 24), 1 / (1 - rate)] as const;
    const shape = [step, T, this.size, columns, this.#stride] as const;
    const slot = this.main.add("dropoutPanels", source, target, ...shape, ...numbers);
    this.#masks.push({ slot: slot + 7, layer });
  }

  #forward(): void {
    const { main } = this;
    const cell = this.network.recurrent?.cell;
    this.#stack.forEach((plan, l) => {
      const below = this.#stack[l - 1]?.values;
      if (below && this.#drops) this.#drop(l - 1, below.h + below.stepH, plan.values.x, below.stepH, below.T, below.H);
      main.add(`${cell as "lstm" | "gru"}Forward`, plan.address);
    });
    const top = this.#stack.at(-1)?.values;
    let below = top ? top.h + top.T * top.stepH : 0;
    for (const plan of this.#dense) {
      const { layer, inputs, x, y } = plan;
      if (layer.mask !== null && this.#drops) this.#drop(layer.mask, below, x, 0, 1, inputs);
      runDense(main, plan);
      below = y;
    }
    this.ode?.forward(main, below);
  }

  #score(soh: number, horizon: number): { path: number; results: number } {
    const { residual } = this.network.scale;
    const { y, dy } = this.ode ?? (this.#dense.at(-1) as DensePlan);
    const shape = [this.#stride, this.size, horizon] as const;
    const slot = this.main.add("scorePanels", y, ...shape, soh, residual ? 1 : 0, this.#scale.address, 0, dy, 0);
    return { path: slot + 7, results: slot + 9 };
  }

  #backward(): void {
    const top = this.#stack.at(-1)?.values;
    const gradient = this.places.gradient as NonNullable<WeightPlaces["gradient"]>;
    this.ode?.backward(this.main, (this.#dense.at(-1) as DensePlan).dy);
    for (let k = this.#dense.length - 1; k >= 0; k--) {
      const plan = this.#dense[k] as MaskedPlan;
      addDenseGradients(this.main, this.memory, gradient, plan);
      const target = k > 0 ? (this.#dense[k - 1] as DensePlan).dy : (top?.dy ?? 0);
      if (target === 0) continue;
      addInputGradient(this.main, target, plan);
      const { layer, inputs } = plan;
      if (layer.mask !== null && this.#drops) this.#drop(layer.mask, target, target, 0, 1, inputs);
    }
    for (let l = this.#stack.length - 1; l >= 0; l--) this.#layerGradients(l);
  }

  #layerGradients(l: number): void {
    const { main, memory } = this;
    const plan = this.#stack[l] as LayerPlan;
    const { cell, layers } = this.network.recurrent as NonNullable<Network["recurrent"]>;
    const layer = layers[l] as (typeof layers)[number];
    const { F, H, dWx, dWh, dBias } = plan.values;
    const gradient = this.places.gradient as NonNullable<WeightPlaces["gradient"]>;
    const { gates } = cells[cell];
    const { slotsH, slotsX } = slotsOf(memory, cell);
    main.add(`${cell}Backward`, plan.address);
    main.add("unpackUnitRows", dWx, H, F, gates, ...slotsX, Math.ceil(F / 4) * 4, gradient(layer.weightIh));
    main.add("unpackUnitRows", dWh, H, H, gates, ...slotsH, Math.ceil(H / 4) * 4, gradient(layer.weightHh));
    main.add("unpackUnitRows", dBias, H, 1, gates, ...slotsX, 1, gradient(layer.biasIh));
    const [source, slots] = cell === "gru" ? [plan.dBiasH, slotsH] : [dBias, slotsX];
    main.add("unpackUnitRows", source, H, 1, gates, ...slots, 1, gradient(layer.biasHh));
    const below = this.#stack[l - 1]?.values;
    if (!below) return;
    main.add(`${cell}InputGradient`, plan.address);
    if (this.#drops) this.#drop(l - 1, below.dy, below.dy, below.stepH, below.T, below.H);
  }
}
