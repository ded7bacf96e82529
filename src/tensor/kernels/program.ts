/** A list of kernel calls that runs as one: natively in one call of the addon, in WebAssembly one after another. */
import type { KernelExports } from "./exports.js";
import type { KernelMemory } from "./memory.js";
import { nativeOperations } from "./native.js";

type Operation = keyof KernelExports;

interface Step {
  readonly run: (...args: number[]) => unknown;
  readonly args: number[];
  /** Whether a result other than 0 ends the program. */
  readonly ends: boolean;
}

/** Functions that give a status. */
const statuses: ReadonlySet<Operation> = new Set(["odeSolve", "odeBackward"]);

/** The call that ended a program before its end. */
export interface Ended {
  /** Of the program's calls, from 0. */
  readonly place: number;
  readonly status: number;
}

/** The numbers of one program, wherever they stand. */
export class Program {
  readonly #steps: Step[] = [];
  /** Each argument's place: its step, and its index there. */
  readonly #places: (readonly [step: number, index: number])[] = [];
  readonly #numbers: number[] = [];
  readonly #operations: ReadonlyMap<Operation, number> | null;
  #address = 0;

  constructor(private readonly memory: KernelMemory) {
    this.#operations = memory.native ? nativeOperations() : null;
  }

  /**
   * Adds a call. The arguments may be changed later by {@link set}.
   * @returns the slot of the first argument; the others follow
   */
  add<K extends Operation>(operation: K, ...args: Parameters<KernelExports[K]>): number {
    const numbers: readonly number[] = args;
    this.#numbers.push(this.#operations?.get(operation) ?? 0);
    this.#places.push([0, 0]);
    const slot = this.#numbers.length;
    const run = this.memory.exports[operation];
    numbers.forEach((_, index) => this.#places.push([this.#steps.length, index]));
    this.#numbers.push(...numbers);
    this.#steps.push({ run, args: [...numbers], ends: statuses.has(operation) });
    return slot;
  }

  /** Ends the list. */
  seal(): this {
    if (!this.#operations) return this;
    this.#address = this.memory.allocate(this.#numbers.length * 8);
    this.memory.f64.set(this.#numbers, this.#address >> 3);
    return this;
  }

  /** Changes an argument of a sealed program. */
  set(slot: number, value: number): void {
    if (this.#operations) {
      this.memory.f64[(this.#address >> 3) + slot] = value;
      return;
    }
    const [step, index] = this.#places[slot] as readonly [number, number];
    (this.#steps[step] as Step).args[index] = value;
  }

  /** How many calls it has. */
  get calls(): number {
    return this.#steps.length;
  }

  /** @returns the call whose status ended it; null when all ran */
  run(): Ended | null {
    const { native } = this.memory;
    if (native) {
      const ended = native.run(this.#address, this.#numbers.length);
      return ended === undefined ? null : { place: Math.floor(ended / 16), status: ended % 16 };
    }
    for (let place = 0; place < this.#steps.length; place++) {
      const { run, args, ends } = this.#steps[place] as Step;
      const status = run(...args);
      if (ends && status !== 0) return { place, status: status as number };
    }
    return null;
  }

  dispose(): void {
    if (this.#address) this.memory.free(this.#address);
    this.#address = 0;
  }
}
