import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Places } from "../../../../src/tensor/kernels/arena.js";
import { KernelMemory } from "../../../../src/tensor/kernels/index.js";

class Worker {
  evictions = 0;
  address = 0;
  constructor(readonly bytes: number) {}
  evicted(): void {
    this.evictions++;
  }
}

describe("the arena", () => {
  test("has room for each tenant that it did not evict, apart from other blocks, and is given back by the last", () => {
    const commands = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 300_000 })), { maxLength: 40 });
    fc.assert(
      fc.property(commands, (list) => {
        const memory = new KernelMemory("plain");
        const { arena } = memory;
        const [blocks, tenants]: [number[], Worker[]] = [[], []];
        for (const [leaves, bytes] of list) {
          const [first] = tenants;
          if (leaves && first) {
            arena.leave(first);
            tenants.shift();
            continue;
          }
          const worker = new Worker(bytes);
          worker.address = arena.enter(worker, bytes);
          tenants.push(worker);
          for (const evicted of tenants.filter(({ evictions }) => evictions > 0))
            tenants.splice(tenants.indexOf(evicted), 1);
          // What others hold is written after the arena was laid out, and read after its tenants have worked.
          const block = memory.allocate(bytes);
          memory.floats(block, bytes >> 2).fill(bytes);
          blocks.push(block);
          for (const tenant of tenants) memory.floats(tenant.address, tenant.bytes >> 2).fill(NaN);
          expect(memory.floats(block, bytes >> 2).every((value) => value === bytes)).toBe(true);
          expect(new Set(tenants.map(({ address }) => address)).size).toBeLessThanOrEqual(1);
        }
        for (const tenant of tenants) {
          expect(tenant.evictions).toBe(0);
          arena.leave(tenant);
        }
        for (const block of blocks) memory.free(block);
        expect(memory.used).toBe(0);
      }),
      { numRuns: 40, seed: 4 },
    );
  });

  test("is a tenant's until another one has it", () => {
    const { arena } = new KernelMemory("plain");
    const [one, other] = [new Worker(64), new Worker(64)];
    for (const tenant of [one, other]) arena.enter(tenant, tenant.bytes);
    const taken = [one, one, other, other, one].map((tenant) => arena.isTaken(tenant));
    expect(taken).toEqual([true, false, true, false, true]);
  });

  test("evicts once, and those who left are not told", () => {
    const memory = new KernelMemory("plain");
    const { arena } = memory;
    const [gone, small, large] = [new Worker(128), new Worker(128), new Worker(4096)];
    for (const tenant of [gone, small]) arena.enter(tenant, tenant.bytes);
    arena.leave(gone);
    arena.enter(large, large.bytes);
    arena.enter(small, small.bytes);
    expect([gone.evictions, small.evictions, large.evictions]).toEqual([0, 1, 0]);
    expect(memory.used).toBe(4096);
    for (const tenant of [large, small, small]) arena.leave(tenant);
    expect(memory.used).toBe(0);
  });

  test("that can't grow holds nothing", () => {
    const memory = new KernelMemory("plain");
    const [small, huge] = [new Worker(64), new Worker(2 ** 31)];
    memory.arena.enter(small, small.bytes);
    expect(() => memory.arena.enter(huge, huge.bytes)).toThrow(RangeError);
    expect([small.evictions, memory.used]).toEqual([1, 0]);
    memory.arena.enter(small, small.bytes);
    expect(memory.used).toBe(64);
  });
});

test("places stand one after another, 64-byte aligned, none of them empty", () => {
  const places = new Places(640);
  expect([1, 16, 17, 0, 5].map(places.take)).toEqual([640, 704, 768, 896, 960]);
  expect(places.bytes).toBe(384);
});
