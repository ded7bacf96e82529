import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import type { IsaName } from "../../../../src/core/run.js";
import type { Activation, Ops } from "../../../../src/tensor/index.js";
import { useBackend } from "../../../../src/tensor/index.js";
import type { KernelExports } from "../../../../src/tensor/kernels/exports.js";
import { createFusedOps, KernelMemory } from "../../../../src/tensor/kernels/index.js";
import { bindNative, nativeOperations } from "../../../../src/tensor/kernels/native.js";
import { Program } from "../../../../src/tensor/kernels/program.js";
import { layRecurrent, PLAN_BYTES, writePlan } from "../../../../src/tensor/kernels/recurrent-layout.js";
import * as tf from "../../../../src/tensor/tf.js";
import { drawn } from "../../models/drawn.js";
import { isas, missing, tidied } from "./builds.js";
import { inputsOf, solve } from "./recurrent-problem.js";
import { cases } from "../../../cases.js";

/** The reason stands in the title of what is skipped. */
const without = missing === "" ? "" : ` (skipped: ${missing})`;
const [first] = isas as readonly [IsaName, ...IsaName[]];
const bits = (values: Float32Array): Uint32Array => new Uint32Array(values.buffer, values.byteOffset, values.length);

describe.skipIf(isas.length < 2)(`every instruction set gives the same bits${without}`, () => {
  const all: readonly (readonly [IsaName, Ops, KernelMemory])[] = isas.map((isa) => {
    const memory = new KernelMemory("native", isa);
    return [isa, createFusedOps(memory), memory] as const;
  });
  beforeAll(async () => {
    await useBackend("cpu");
  });

  function requireSame(results: readonly Map<string, Float32Array>[]): void {
    for (const [name, values] of results[0] as Map<string, Float32Array>)
      for (const other of results.slice(1)) expect(bits(other.get(name) as Float32Array), name).toEqual(bits(values));
  }

  test("recurrent stacks of any shape, last blocks of every size", () => {
    const problems = fc.record({
      kind: fc.constantFrom("lstm" as const, "gru" as const),
      batch: fc.integer({ min: 1, max: 150 }),
      steps: fc.integer({ min: 1, max: 7 }),
      features: fc.integer({ min: 1, max: 35 }),
      units: fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 2 }),
      initial: fc.boolean(),
      sequence: fc.boolean(),
      dropout: fc.constantFrom(undefined, { rate: 0.3, seed: 5, step: 2 }),
    });
    fc.assert(
      fc.property(problems, (problem) => {
        const inputs = inputsOf(problem);
        requireSame(all.map(([, ops]) => solve(ops, problem, inputs)));
      }),
      { numRuns: cases(20), seed: 11 },
    );
  });

  test("dense layers and their activations", () => {
    const size = fc.integer({ min: 1, max: 70 });
    const activation = fc.constantFrom<Activation>("linear", "tanh", "relu", "gelu");
    fc.assert(
      fc.property(activation, size, size, size, (kind, batch, inputs, outputs) => {
        const solved = (ops: Ops): Map<string, Float32Array> =>
          tidied(() => {
            const x = tf.tensor(drawn("x", batch * inputs, 3), [batch, inputs]);
            const weight = tf.tensor(drawn("weight", outputs * inputs, 1), [outputs, inputs]);
            const bias = tf.tensor(drawn("bias", outputs, 1), [outputs]);
            const dy = tf.tensor(drawn("dy", batch * outputs, 1), [batch, outputs]);
            const { value, grads } = tf.valueAndGrads((...[a, b, c]: tf.Tensor[]) =>
              tf.sum(tf.mul(ops.dense(a as tf.Tensor2D, b as tf.Tensor2D, c as tf.Tensor1D, kind), dy)),
            )([x, weight, bias]);
            return new Map([value, ...grads].map((t, i) => [`${i}`, Float32Array.from(t.dataSync())] as const));
          });
        requireSame(all.map(([, ops]) => solved(ops)));
      }),
      { numRuns: cases(40), seed: 12 },
    );
  });

  test("optimizers and the norm, for any count", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), (n) => {
        const results = all.map(([, , memory]) => {
          const blocks = ["p", "g", "m", "v"].map((name) => {
            const address = memory.allocate(n * 4);
            const values = drawn(name, n, 1);
            memory.f32.set(name === "v" ? values.map(Math.abs) : values, address >> 2);
            return address;
          }) as [number, number, number, number];
          const { exports } = memory;
          exports.adamStep(...blocks, n, 0.01, 0.9, 0.999, 1e-8, 0.01, 0.1, 0.1, 0.001, 0.5);
          exports.sgdStep(blocks[0], blocks[1], blocks[2], n, 0.1, 0.01, 0.9, 1, 0, 0.7);
          const norm = exports.sumOfSquares(blocks[0], n);
          const found = blocks.map((address, i) => [`${i}`, memory.floats(address, n).slice()] as const);
          blocks.forEach((address) => {
            memory.free(address);
          });
          return { norm, found: new Map(found) };
        });
        requireSame(results.map(({ found }) => found));
        for (const { norm } of results) expect(norm).toBe(results[0]?.norm);
      }),
      { numRuns: cases(60), seed: 13 },
    );
  });

  test("tanh and the logistic function at all magnitudes", () => {
    const values = Float32Array.from(
      { length: 1 << 16 },
      (_, i) => (i % 2 ? 1 : -1) * 10 ** ((i / (1 << 16)) * 12 - 8),
    );
    const results = all.map(([, , memory]) => {
      const address = memory.scratch(values.length * 4);
      const found = (["tanhArray", "sigmoidArray"] as const).map((name) => {
        memory.f32.set(values, address >> 2);
        memory.exports[name](address, address, values.length);
        return [name, memory.floats(address, values.length).slice()] as const;
      });
      return new Map<string, Float32Array>(found);
    });
    requireSame(results);
  });
});

/** Calls of every function, in an order of kinds: a address, s distance in bytes, n count, d any number. */
const kindsOf: Readonly<
  Record<Exclude<keyof KernelExports, `${string}${"Forward" | "Backward" | "InputGradient"}` | `ode${string}`>, string>
> = {
  ...{ tanhArray: "aan", sigmoidArray: "aan", toPanels: "asnnan", fromPanels: "annnas", packUnits: "annnann" },
  ...{ packUnitRows: "annnna", packColumns: "anna", packRows: "anna", packBias: "aanna", unpackUnitRows: "annnnnna" },
  ...{ gemmPanels: "anaaannnnn", gemmTransposed: "asnasnnnnan", dropoutPanels: "aasnnnnnnd", activatePanels: "naannn" },
  ...{
    multiplyPanels: "aannn",
    sumPanels: "annna",
    copyRows: "asnnas",
    sumOfSquares: "an",
    adamStep: "aaaanddddddddd",
  },
  sgdStep: "aaandddnnd",
  ...{ gatherPanels: "annannnasn", gatherRows: "annannas", scorePanels: "annnanaaaa" },
  ...{ adamClipped: "aaaanddddddddd", sgdClipped: "aaandddnnd" },
};

const plannedNames = (cell: string): string[] =>
  ["Forward", "Backward", "InputGradient"].map((part) => `${cell}${part}`);

describe.skipIf(isas.length === 0)(`a bad call is an error${without}`, () => {
  const BYTES = 16 * 65536;
  const fresh = () => bindNative(new WebAssembly.Memory({ initial: 16, maximum: 16 }).buffer, first);

  test("arguments that are no addresses, sizes or numbers", () => {
    const table = fresh();
    for (const bad of [NaN, -4, 2, 4.5, Infinity, 2 ** 40, "64", undefined, {}, null])
      expect(() => table.tanhArray(bad as number, 0, 4), typeof bad).toThrow(RangeError);
    expect(() => table.sumOfSquares(0, 2 ** 31)).toThrow(/sumOfSquares got a number out of range/);
    expect(() => (table.sumOfSquares as (a: number) => number)(0)).toThrow(/takes numbers/);
    expect(() => {
      table.rebind(new Uint8Array(8) as never);
    }).toThrow(TypeError);
  });

  test("the last float that fits is taken, the next one refused", () => {
    const table = fresh();
    table.tanhArray(0, BYTES - 40, 10);
    expect(() => {
      table.tanhArray(0, BYTES - 36, 10);
    }).toThrow(/tanhArray would leave their memory/);
    // 17 columns are two panels; a target one float short.
    const panels = 2 * 8 * 16 * 4;
    table.toPanels(0, 17 * 4, 8, 17, BYTES - panels, 8);
    expect(() => {
      table.toPanels(0, 17 * 4, 8, 17, BYTES - panels + 4, 8);
    }).toThrow(RangeError);
    // More rows than the stride would run into the next panel, and at the end out of the memory.
    expect(() => {
      table.toPanels(0, 4, 9, 1, 0, 8);
    }).toThrow(RangeError);
  });

  test("as many gates as overflow an int are refused where none of their numbers is read", () => {
    const table = fresh();
    for (const gates of [2 ** 27, 2 ** 28]) {
      expect(() => {
        table.packUnits(0, 1, 0, gates, 0, 0, 0);
      }).toThrow(/packUnits would leave their memory/);
      expect(() => {
        table.unpackUnitRows(0, 1, 0, gates, 0, 1, 1, 0);
      }).toThrow(/unpackUnitRows would leave their memory/);
    }
  });

  test("whatever the numbers, a call ends or throws", () => {
    const table = fresh();
    const address = fc.oneof(
      fc.integer({ min: 0, max: BYTES / 4 }).map((n) => n * 4),
      fc.constantFrom(0, BYTES - 4, BYTES - 64, BYTES, 2 ** 31, 2 ** 32 - 4),
    );
    const count = fc.oneof(
      fc.integer({ min: 0, max: 70 }),
      fc.constantFrom(1000, 65536, 2 ** 20, 2 ** 24, 2 ** 28, 2 ** 30),
    );
    // From 4 on: at 0 a huge count of rows would fit, and take its time.
    const kind = { a: address, s: address.filter((n) => n > 0), n: count, d: fc.double({ noNaN: true }) };
    const call = fc
      .constantFrom(...(Object.keys(kindsOf) as (keyof typeof kindsOf)[]))
      .chain((name) => fc.tuple(fc.constant(name), fc.tuple(...[...kindsOf[name]].map((k) => kind[k as "a"]))));
    let done = 0;
    fc.assert(
      fc.property(call, ([name, args]) => {
        try {
          Reflect.get<Record<string, (...numbers: number[]) => unknown>, string>(table as never, name)(...args);
          done++;
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
      { numRuns: cases(4000), seed: 21 },
    );
    expect(done).toBeGreaterThan(100);
  });

  describe("of a program", () => {
    const operations = nativeOperations();
    const code = (name: keyof KernelExports): number => operations.get(name) as number;
    /** A table and its memory, with numbers written at an address. */
    const written = (numbers: readonly number[], address = 1024) => {
      const { buffer } = new WebAssembly.Memory({ initial: 16, maximum: 16 });
      new Float64Array(buffer).set(numbers, address / 8);
      return { table: bindNative(buffer, first), f32: new Float32Array(buffer) };
    };

    test("every function of the table has a number, and the same kinds of arguments", () => {
      expect([...operations.keys()].sort()).toEqual(
        [
          ...Object.keys(kindsOf),
          ...["lstm", "gru"].flatMap((cell) => plannedNames(cell)),
          ...["odeFloats", "odeSolve", "odeBackward"],
        ].sort(),
      );
    });

    test.each([
      ["an unknown operation", [99]],
      ["an unknown operation", [-1]],
      ["an unknown operation", [0.5]],
      ["an unknown operation", [NaN]],
      ["an unknown operation", [Infinity]],
      ["ends within an operation", [0, 0, 0]],
      ["tanhArray got a number out of range", [0, 2, 0, 4]],
      ["tanhArray got a number out of range", [0, NaN, 0, 4]],
      ["tanhArray would leave their memory", [0, 0, 16 * 65536, 4]],
    ])("%s", (message, bad) => {
      // A good call stands before the bad one, and must not run either.
      const good = [code("tanhArray"), 0, 64, 4];
      const { table, f32 } = written([...good, ...bad]);
      f32.set([1, 2, 3, 4]);
      expect(() => {
        table.run(1024, good.length + bad.length);
      }).toThrow(message);
      expect([...f32.subarray(16, 20)]).toEqual([0, 0, 0, 0]);
      table.run(1024, good.length);
      expect(f32[16]).toBeCloseTo(Math.tanh(1), 6);
    });

    test("an address or a count that is none", () => {
      const { table } = written([]);
      for (const [address, count] of [
        [4, 1],
        [-8, 1],
        [BYTES, 1],
        [BYTES - 8, 2],
        [0, -1],
        [0, 2 ** 16 + 1],
        [0, 1.5],
        [NaN, 1],
        [0, NaN],
        [2 ** 53, 1],
      ] as const)
        expect(() => {
          table.run(address, count);
        }, `${address} ${count}`).toThrow(RangeError);
      expect(() => {
        (table.run as (address: number) => void)(0);
      }).toThrow(/takes numbers/);
      table.run(BYTES, 0);
    });

    test("a call that writes over the rest of its program changes nothing of it", () => {
      const numbers = [...[code("copyRows"), 0, 64, 1, 16, 1024, 64], ...[code("tanhArray"), 64, 128, 4]];
      const { table, f32 } = written(numbers);
      f32.set([1, 2, 3, 4], 16);
      table.run(1024, numbers.length);
      expect(f32[32]).toBeCloseTo(Math.tanh(1), 6);
    });

    test("an index of no row: refused, and where a call before writes one, taken for row 0", () => {
      const gather = [code("gatherRows"), 0, 1, 2, 512, 1, 1, 640, 4];
      const { table, f32 } = written(gather);
      const u32 = new Uint32Array(f32.buffer);
      f32.set([7, 8], 128);
      u32[0] = 1;
      table.run(1024, gather.length);
      expect(f32[160]).toBe(8);
      u32[0] = 2;
      expect(() => {
        table.run(1024, gather.length);
      }).toThrow(/gatherRows would leave their memory/);
      const both = [code("copyRows"), 256, 4, 1, 1, 0, 4, ...gather];
      new Float64Array(f32.buffer).set(both, 128);
      u32[0] = 0;
      u32[64] = 2 ** 32 - 1;
      table.run(1024, both.length);
      expect(u32[0]).toBe(2 ** 32 - 1);
      expect(f32[160]).toBe(7);
    });

    test("whatever the numbers, it ends or throws, and does what the calls alone do", () => {
      const names = Object.keys(kindsOf) as (keyof typeof kindsOf)[];
      const address = fc.oneof(
        fc.integer({ min: 0, max: BYTES / 4 }).map((n) => n * 4),
        fc.constantFrom(0, BYTES - 4, BYTES - 64, BYTES, 2 ** 31),
      );
      const count = fc.oneof(fc.integer({ min: 0, max: 40 }), fc.constantFrom(1000, 65536, 2 ** 24, 2 ** 30));
      // From 4 on: at 0 a huge count of rows would fit, and take its time.
      const kind = { a: address, s: address.filter((n) => n > 0), n: count, d: fc.double({ noNaN: true }) };
      const call = fc
        .constantFrom(...names)
        .chain((name) => fc.tuple(fc.constant(name), fc.tuple(...[...kindsOf[name]].map((k) => kind[k as "a"]))));
      let done = 0;
      const outcome = (action: () => unknown): string => {
        try {
          action();
          done++;
          return "done";
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
          return (error as Error).message;
        }
      };
      // The program stands in a page of its own, which no call may touch: what it does to the rest is compared.
      const [alone, program] = [written([]), written([])];
      fc.assert(
        fc.property(call, fc.array(fc.double(), { maxLength: 3 }), ([name, args], rest) => {
          const numbers = [code(name), ...args];
          new Float64Array(program.f32.buffer).set(numbers);
          new Float64Array(alone.f32.buffer).set(numbers);
          const single = (): unknown =>
            Reflect.get<Record<string, (...all: number[]) => unknown>, string>(alone.table as never, name)(...args);
          expect(outcome(() => program.table.run(0, numbers.length))).toBe(outcome(single));
          new Float64Array(program.f32.buffer).set(rest);
          outcome(() => {
            program.table.run(0, rest.length);
          });
        }),
        { numRuns: cases(800), seed: 22 },
      );
      expect(done).toBeGreaterThan(100);
      expect(bits(program.f32.subarray(64))).toEqual(bits(alone.f32.subarray(64)));
    });
  });

  test.each(["lstm", "gru"] as const)("a plan of %s with any one field wrong", (cell) => {
    const memory = new KernelMemory("native", first);
    const shape = { cell, batch: 3, steps: 4, features: 5, units: [20], dropout: false };
    const { bytes, layout } = layRecurrent(shape, memory.lanes);
    const [plan] = layout(memory.allocate(bytes));
    if (!plan) throw new Error("no layer");
    const { exports, i32 } = memory;
    const run = (): void => {
      for (const part of ["Forward", "Backward", "InputGradient"] as const) exports[`${cell}${part}`](plan.address);
    };
    writePlan(i32, plan);
    run();
    const refused: string[] = [];
    for (let field = 0; field < PLAN_BYTES / 4; field++)
      for (const wrong of [-1, 2 ** 24, 2 ** 31 - 1, memory.size - 4]) {
        writePlan(i32, plan);
        i32[(plan.address >> 2) + field] = wrong;
        try {
          run();
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
          refused.push(`${field}`);
        }
      }
    // All but two flags, and for a GRU c, tc and dc, are sizes or addresses that something reads.
    expect(new Set(refused).size).toBeGreaterThanOrEqual(PLAN_BYTES / 4 - (cell === "lstm" ? 3 : 5));
    expect(() => {
      exports[`${cell}Forward`](memory.size - 4);
    }).toThrow(/plan would leave their memory/);
  });
});

describe.skipIf(isas.length === 0)(`the native kernels' memory${without}`, () => {
  test("grows under them", () => {
    const memory = new KernelMemory("native", first);
    const address = memory.allocate(64);
    memory.floats(address, 4).set([0.5, 1, 2, 3]);
    const before = memory.size;
    const far = memory.allocate(64 << 20);
    expect(memory.size).toBeGreaterThan(before);
    memory.exports.tanhArray(address, far + (64 << 20) - 16, 4);
    expect(memory.f32[(far + (64 << 20) - 16) >> 2]).toBeCloseTo(Math.tanh(0.5), 6);
  });

  test("grows between two runs of a program", () => {
    const memory = new KernelMemory("native", first);
    const address = memory.allocate(64);
    const program = new Program(memory);
    const slot = program.add("tanhArray", address, address, 1);
    program.seal();
    memory.f32[address >> 2] = 0.5;
    program.run();
    const far = memory.allocate(64 << 20) + (64 << 20) - 64;
    program.set(slot + 1, far);
    program.run();
    expect(memory.f32[far >> 2]).toBeCloseTo(Math.tanh(Math.tanh(0.5)), 6);
    program.dispose();
  });

  test("lives as long as any function of it", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const kept = (() => {
      const memory = new WebAssembly.Memory({ initial: 16, maximum: 16 });
      new Float32Array(memory.buffer).set([3, 4]);
      return Reflect.get(bindNative(memory.buffer, first), "sumOfSquares");
    })();
    const alive = new FinalizationRegistry<string>(() => {});
    alive.register(kept, "kept");
    for (let i = 0; i < 3; i++) {
      collect();
      await new Promise((resolve) => setImmediate(resolve));
      expect(kept(0, 2)).toBe(25);
    }
  });

  test("a worker is terminated in the middle of calls, and others go on with the same bits", async () => {
    const loss = (memory: KernelMemory): number => {
      const address = memory.scratch(400_000);
      memory.floats(address, 100_000).forEach((_, i, all) => (all[i] = Math.sin(i)));
      memory.exports.tanhArray(address, address, 100_000);
      return memory.exports.sumOfSquares(address, 100_000);
    };
    const before = loss(new KernelMemory("native", first));
    const source = `
      import { parentPort } from "node:worker_threads";
      const { KernelMemory } = await import(${JSON.stringify(new URL("../../../../dist/tensor/kernels/memory.js", import.meta.url).href)});
      const memory = new KernelMemory("native");
      const { Program } = await import(${JSON.stringify(new URL("../../../../dist/tensor/kernels/program.js", import.meta.url).href)});
      const address = memory.allocate(8_000_000);
      const program = new Program(memory);
      for (let i = 0; i < 3; i++) program.add("tanhArray", address, address, 2_000_000);
      program.seal();
      parentPort.postMessage("runs");
      for (;;) program.run();`;
    const workers = [1, 2].map(() => new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`)));
    await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once("message", resolve))));
    const codes = await Promise.all(workers.map((worker) => worker.terminate()));
    expect(codes).toEqual([1, 1]);
    expect(loss(new KernelMemory("native", first))).toBe(before);
  });
});
