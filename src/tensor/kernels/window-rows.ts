/** Datasets' rows in the kernels' memory, shared by everything that reads them there. */
import type { WindowRows } from "../ops/ops.js";
import type { KernelMemory } from "./memory.js";

/** Larger ones stay outside, and batches are copied in one by one: the memory never shrinks, and there is one a thread. */
const MOST_BYTES = 32 << 20;

/** Rows in the memory: the inputs, and behind them the SOH. */
export interface HeldRows {
  readonly rows: WindowRows;
  readonly inputs: number;
  readonly soh: number;
}

/** The rows of one memory: copied in by whoever asks first, freed by whoever lets go last. */
export class WindowRowsStore {
  readonly #held: (HeldRows & { users: number })[] = [];

  constructor(
    private readonly memory: KernelMemory,
    private readonly mostBytes = MOST_BYTES,
  ) {}

  /** Null where they are too many. */
  acquire(rows: WindowRows): HeldRows | null {
    const { inputs, soh } = rows;
    if ((inputs.length + soh.length) * 4 > this.mostBytes) return null;
    let held = this.#held.find((other) => other.rows.inputs === inputs && other.rows.soh === soh);
    if (!held) {
      const address = this.memory.allocate((inputs.length + soh.length) * 4);
      this.memory.f32.set(inputs, address >> 2);
      this.memory.f32.set(soh, (address >> 2) + inputs.length);
      held = { rows, inputs: address, soh: address + inputs.length * 4, users: 0 };
      this.#held.push(held);
    }
    held.users++;
    return held;
  }

  release(rows: HeldRows): void {
    const held = this.#held.find((other) => other === rows);
    if (!held || --held.users > 0) return;
    this.memory.free(held.inputs);
    this.#held.splice(this.#held.indexOf(held), 1);
  }
}
