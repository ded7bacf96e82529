/** The memory that one instance of the kernels works in, and its allocation. */
import type { KernelExports } from "./exports.js";
import type { IsaName } from "../../core/run.js";
import { Arena } from "./arena.js";
import { bindNative, type NativeExports } from "./native.js";
import { type Build, kernelBytes, type WasmBuild } from "./select.js";

const PAGE = 65536;
/** 2 GiB: an address beyond would be negative after `>> 2`. */
const MOST_PAGES = 32768;
const align = (bytes: number): number => Math.ceil(bytes / 64) * 64;

interface Range {
  start: number;
  end: number;
}

function instantiate(build: WasmBuild, memory: WebAssembly.Memory): KernelExports {
  const abort = (): never => {
    throw new Error("the kernels aborted");
  };
  const module = new WebAssembly.Module(kernelBytes(build));
  return new WebAssembly.Instance(module, { env: { memory, abort } }).exports as unknown as KernelExports;
}

/**
 * One instance of the kernels and the memory that they work in. Blocks are 64-byte aligned, handed out first fit and
 * coalesced when freed. Growing the memory detaches every view, so views are taken from `f32`, `i32` and `f64` at each use and
 * never kept.
 */
export class KernelMemory {
  readonly exports: KernelExports;
  /** Of all programs. */
  readonly arena = new Arena(this);
  /** Columns of a panel. */
  readonly lanes: 4 | 16;
  readonly #memory: WebAssembly.Memory;
  /** Sorted by address, never adjacent. The first page is the module's own (static data). */
  readonly #free: Range[];
  readonly #sizes = new Map<number, number>();
  #f32: Float32Array;
  #i32: Int32Array;
  #f64: Float64Array;
  #scratch = { address: 0, bytes: 0 };
  readonly #native: NativeExports | null;

  /** @param isa of the native kernels. @default `MLBENCH_HPO_ISA`, or the fastest here */
  constructor(
    readonly build: Build,
    isa?: IsaName,
  ) {
    this.#memory = new WebAssembly.Memory({ initial: 16, maximum: MOST_PAGES });
    // The addon works in the same kind of memory: it grows where it stands, and its layout is this class's.
    this.#native = build === "native" ? bindNative(this.#memory.buffer, isa) : null;
    this.exports = this.#native ?? instantiate(build as WasmBuild, this.#memory);
    this.lanes = this.#native ? 16 : 4;
    this.#free = [{ start: PAGE, end: 16 * PAGE }];
    this.#f32 = new Float32Array(this.#memory.buffer);
    this.#i32 = new Int32Array(this.#memory.buffer);
    this.#f64 = new Float64Array(this.#memory.buffer);
  }

  /** Bytes of the whole memory; it never shrinks. */
  get size(): number {
    return this.#memory.buffer.byteLength;
  }

  /** Bytes in blocks that are handed out. */
  get used(): number {
    let sum = 0;
    for (const bytes of this.#sizes.values()) sum += bytes;
    return sum;
  }

  /** The whole memory as float32: element `address >> 2`. Valid until the next `allocate` or `scratch`. */
  get f32(): Float32Array {
    return this.#f32;
  }

  get i32(): Int32Array {
    return this.#i32;
  }

  get f64(): Float64Array {
    return this.#f64;
  }

  /** `run` of the native kernels; null in WebAssembly. */
  get native(): Pick<NativeExports, "run"> | null {
    return this.#native;
  }

  /** `count` floats from an address; valid until the next `allocate` or `scratch`. */
  floats(address: number, count: number): Float32Array {
    return this.#f32.subarray(address >> 2, (address >> 2) + count);
  }

  /**
   * A block filled with zeros.
   * @throws RangeError when the memory can't grow so far
   */
  allocate(bytes: number): number {
    const size = Math.max(64, align(bytes));
    let index = this.#free.findIndex((range) => range.end - range.start >= size);
    if (index < 0) index = this.#grow(size);
    const range = this.#free[index] as Range;
    const address = range.start;
    range.start += size;
    if (range.start === range.end) this.#free.splice(index, 1);
    this.#sizes.set(address, size);
    this.#f32.fill(0, address >> 2, (address + size) >> 2);
    return address;
  }

  free(address: number): void {
    const size = this.#sizes.get(address);
    if (size === undefined) throw new Error(`no block of the kernels' memory starts at ${address}`);
    this.#sizes.delete(address);
    this.#insert({ start: address, end: address + size });
  }

  /**
   * A block for the length of one kernel, shared by all: its contents are lost at the next call of any kernel. Ask once
   * for everything, since a larger request may move it.
   */
  scratch(bytes: number): number {
    if (bytes > this.#scratch.bytes) {
      if (this.#scratch.bytes) this.free(this.#scratch.address);
      // Half as much again, so that slowly growing requests do not each move it.
      const size = align(Math.ceil(bytes * 1.5));
      this.#scratch = { address: this.allocate(size), bytes: size };
    }
    return this.#scratch.address;
  }

  #insert(range: Range): void {
    const at = this.#free.findIndex((other) => other.start > range.start);
    const index = at < 0 ? this.#free.length : at;
    this.#free.splice(index, 0, range);
    const next = this.#free[index + 1];
    if (next && next.start === range.end) {
      range.end = next.end;
      this.#free.splice(index + 1, 1);
    }
    const previous = this.#free[index - 1];
    if (previous && previous.end === range.start) {
      previous.end = range.end;
      this.#free.splice(index, 1);
    }
  }

  #grow(size: number): number {
    const before = this.size;
    const last = this.#free.at(-1);
    const atEnd = last && last.end === before ? last.end - last.start : 0;
    try {
      this.#memory.grow(Math.ceil((size - atEnd) / PAGE));
    } catch (cause) {
      const more = `${Math.ceil(size / 2 ** 20)} MiB more than ${Math.round(this.used / 2 ** 20)}`;
      throw new RangeError(`the kernels are out of memory: ${more}, of at most 2048 a thread`, { cause });
    }
    this.#native?.rebind(this.#memory.buffer);
    this.#f32 = new Float32Array(this.#memory.buffer);
    this.#i32 = new Int32Array(this.#memory.buffer);
    this.#f64 = new Float64Array(this.#memory.buffer);
    this.#insert({ start: before, end: this.size });
    return this.#free.findIndex((range) => range.end - range.start >= size);
  }
}
