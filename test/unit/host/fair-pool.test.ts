import { hostname } from "node:os";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { InlineExecutor } from "../../../src/executors/inline.js";
import type { Executor, Place } from "../../../src/executors/executor.js";
import { Places } from "../../../src/executors/places.js";
import { FairPool } from "../../../src/host/fair-pool.js";
import type { Share } from "../../../src/host/pool-share.js";
import objective from "../../../src/testing/executor-objective.js";
import { executorConformance } from "../../../src/testing/executor.js";

executorConformance(
  { describe, it },
  {
    name: "a share of a fair pool",
    owner: `${process.pid}@${hostname()}`,
    make: () => new FairPool(new InlineExecutor({ objective, slots: 2 })).share("a", { weight: 1, limit: Infinity }),
  },
);

/** Places, and a time that stands still until it is moved on. */
class World {
  now = 0;
  readonly pool: FairPool;
  readonly #due: { readonly at: number; readonly wake: () => void }[] = [];

  constructor(count: number) {
    const places = new Places(count, () => Promise.reject(new Error("nothing is run here")));
    const executor: Executor = {
      name: "places",
      capacity: () => count,
      acquire: (signal) => places.acquire(signal),
      close: async () => {
        places.close();
      },
    };
    this.pool = new FairPool(executor, () => this.now);
  }

  sleep(ms: number): Promise<void> {
    return new Promise((wake) => this.#due.push({ at: this.now + ms, wake }));
  }

  /** Moves time on from one wakening to the next. */
  async until(end: number): Promise<void> {
    for (;;) {
      // Until everyone has taken what there is, and asked for more.
      for (let i = 0; i < 20; i++) await turn();
      this.#due.sort((a, b) => a.at - b.at);
      const next = this.#due[0];
      if (!next || next.at > end) break;
      this.#due.shift();
      this.now = next.at;
      next.wake();
    }
    this.now = end;
  }
}

/** A study that always has another trial: asks for one place after another, as a launcher does, and holds each a while. */
function work(
  world: World,
  share: Share,
  seconds: () => number,
): { places: Place[]; most: () => number; stop: () => void } {
  const over = new AbortController();
  const places: Place[] = [];
  let most = 0;
  const hold = async (place: Place): Promise<void> => {
    places.push(place);
    most = Math.max(most, places.length);
    await world.sleep(seconds() * 1000);
    places.splice(places.indexOf(place), 1);
    place.release();
  };
  void (async () => {
    while (!over.signal.aborted) {
      const place = await share.acquire(over.signal).catch(() => null);
      if (place) void hold(place);
      // Drawing a trial takes a while.
      await turn();
    }
  })();
  return {
    places,
    most: () => most,
    stop: () => {
      over.abort();
    },
  };
}

/** What each had of the place-time between two moments, in percent. */
function parts(shares: readonly Share[], before: readonly number[]): number[] {
  const had = shares.map((share, i) => share.served - (before[i] as number));
  const all = had.reduce((sum, one) => sum + one, 0);
  return had.map((one) => Math.round((1000 * one) / all) / 10);
}

const near = (expected: readonly number[], found: readonly number[], points = 3): void => {
  found.forEach((one, i) => {
    expect(
      Math.abs(one - (expected[i] as number)),
      `${found.join(", ")} for ${expected.join(", ")}`,
    ).toBeLessThanOrEqual(points);
  });
};

describe("a fair pool", () => {
  it("gives three studies of weights 1, 1, 2 a quarter, a quarter and a half of eight places", async () => {
    const world = new World(8);
    const shares = [1, 1, 2].map((weight, i) => world.pool.share(`s${i}`, { weight, limit: Infinity }));
    shares.forEach((share) => work(world, share, () => 1));
    await world.until(60_000);
    near([25, 25, 50], parts(shares, [0, 0, 0]));
  });

  it("counts the time that places are held, not how often: trials of 1, 7 and 3 seconds", async () => {
    const world = new World(8);
    const shares = [1, 1, 2].map((weight, i) => world.pool.share(`s${i}`, { weight, limit: Infinity }));
    shares.forEach((share, i) => work(world, share, () => [1, 7, 3][i] as number));
    await world.until(300_000);
    near([25, 25, 50], parts(shares, [0, 0, 0]));
  });

  it("keeps to weights that are far apart", async () => {
    const world = new World(2);
    const shares = [1, 20].map((weight, i) => world.pool.share(`s${i}`, { weight, limit: Infinity }));
    shares.forEach((share) => work(world, share, () => 1));
    await world.until(500_000);
    near([100 / 21, 2000 / 21], parts(shares, [0, 0]));
  });

  it("shares fewer places than studies by turns", async () => {
    const world = new World(1);
    const shares = [1, 1, 2].map((weight, i) => world.pool.share(`s${i}`, { weight, limit: Infinity }));
    shares.forEach((share, i) => work(world, share, () => 1 + i));
    await world.until(600_000);
    near([25, 25, 50], parts(shares, [0, 0, 0]));
  });

  it("gives one alone everything, and takes no revenge when another comes", async () => {
    const world = new World(4);
    const [a, b] = ["a", "b"].map((name) => world.pool.share(name, { weight: 1, limit: Infinity })) as [Share, Share];
    work(world, a, () => 2);
    await world.until(100_000);
    expect(a.served).toBeCloseTo(400, 0);
    const before = [a.served, 0];
    work(world, b, () => 2);
    await world.until(140_000);
    near([50, 50], parts([a, b], before), 6);
  });

  it("holds long trials against nobody who had the pool alone as they began", async () => {
    const world = new World(8);
    const [a, b] = ["a", "b"].map((name) => world.pool.share(name, { weight: 1, limit: Infinity })) as [Share, Share];
    let seconds = 100;
    work(world, a, () => seconds);
    await world.until(50_000);
    seconds = 1;
    work(world, b, () => 1);
    await world.until(110_000);
    const before = [a.served, b.served];
    await world.until(150_000);
    near([50, 50], parts([a, b], before));
  });

  it("keeps a study within its limit, and gives what it leaves to the others", async () => {
    const world = new World(8);
    const [a, b] = ["a", "b"].map((name) =>
      world.pool.share(name, { weight: 1, limit: name === "a" ? 2 : Infinity }),
    ) as [Share, Share];
    const limited = work(world, a, () => 1);
    work(world, b, () => 1);
    await world.until(50_000);
    expect(limited.most()).toBe(2);
    expect(a.capacity()).toBe(2);
    near([25, 75], parts([a, b], [0, 0]));
    const before = [a.served, b.served];
    a.set({ limit: Infinity, weight: 3 });
    await world.until(250_000);
    near([75, 25], parts([a, b], before));
  });

  it("refuses who waits in a share that is closed, and leaves the others and the places alone", async () => {
    const world = new World(1);
    const [a, b] = ["a", "b"].map((name) => world.pool.share(name, { weight: 1, limit: Infinity })) as [Share, Share];
    const place = await a.acquire();
    const refused = expect(a.acquire()).rejects.toMatchObject({ code: "executor-closed" });
    const granted = b.acquire();
    await a.close();
    await refused;
    expect(a.held).toBe(1);
    place.release();
    expect((await granted).slot).toBe(0);
    await world.pool.close();
    await expect(b.acquire()).rejects.toMatchObject({ code: "executor-closed" });
  });
});
