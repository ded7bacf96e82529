import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { CheckpointKeeper } from "../../../src/app/checkpoint-keeper.js";
import type { KeepCheckpoints } from "../../../src/app/checkpoint-keeper.js";
import type { Direction, Trial } from "../../../src/core/index.js";
import { blankTrial } from "../../../src/core/index.js";

type Given = [values: readonly number[] | null, constraints?: Trial["constraints"]];

/** The numbers of the trials whose checkpoints are there after each trial; those of `before` finished earlier. */
async function kept(
  policy: KeepCheckpoints,
  directions: readonly Direction[],
  given: readonly Given[],
  before = 0,
): Promise<number[][]> {
  const root = mkdtempSync(join(tmpdir(), "mlbench-hpo-keeper-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  const file = (number: number): string => join(root, String(number), "checkpoint.safetensors");
  const keeper = new CheckpointKeeper(policy, directions, (number) => join(root, String(number)));
  const trials = given.map(([values, constraints = {}], number) =>
    blankTrial(number, { state: values ? "complete" : "pruned", values, constraints, finish_index: number }),
  );
  const write = ({ number }: Trial): void => {
    mkdirSync(join(root, String(number)));
    writeFileSync(file(number), "weights");
  };
  trials.slice(0, before).forEach(write);
  keeper.start(trials.slice(0, before));
  const there: number[][] = [];
  for (const trial of trials.slice(before)) {
    write(trial);
    await keeper.after(trial);
    there.push(trials.map(({ number }) => number).filter((number) => existsSync(file(number))));
  }
  return there;
}

describe("the checkpoints that stay", () => {
  const one: Given[] = [[[3]], [[1]], [null], [[2]], [[1]], [[0]]];

  test("of the best so many, the earlier of equals; none of a pruned trial", async () => {
    expect(await kept({ best: 2 }, ["minimize"], one)).toEqual([[0], [0, 1], [0, 1], [1, 3], [1, 4], [1, 5]]);
    expect(await kept({ best: 1 }, ["maximize"], one)).toEqual([[0], [0], [0], [0], [0], [0]]);
    expect(await kept("none", ["minimize"], one)).toEqual([[], [], [], [], [], []]);
    expect((await kept("all", ["minimize"], one)).at(-1)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test("feasible trials come before all others, and those by how little they miss", async () => {
    const given: Given[] = [
      [[1], { a: 5 }],
      [[9], { a: 1 }],
      [[8], { a: NaN }],
      [[99], { a: 0 }],
      [[7], { a: 1 }],
    ];
    expect(await kept({ best: 2 }, ["minimize"], given)).toEqual([[0], [0, 1], [0, 1], [1, 3], [3, 4]]);
  });

  test("with several objectives the front, whatever its size", async () => {
    const given: Given[] = [[[1, 9]], [[2, 8]], [[3, 7]], [[4, 8]], [[2, 8]], [[2, 7]], [null], [[0, 0]]];
    expect(await kept({ best: 1 }, ["minimize", "minimize"], given)).toEqual([
      ...[[0], [0, 1], [0, 1, 2], [0, 1, 2], [0, 1, 2, 4], [0, 5], [0, 5], [7]],
    ]);
    expect(await kept("none", ["minimize", "minimize"], given.slice(0, 2))).toEqual([[], []]);
  });

  test("with several objectives and none feasible, so many that miss least; then the front", async () => {
    const miss = (a: number): Given => [[1, 1], { a }];
    const given: Given[] = [miss(3), miss(1), miss(2), [[5, 5], { a: 0 }], miss(0.5), [[6, 4], { a: -1 }]];
    expect(await kept({ best: 2 }, ["minimize", "minimize"], given)).toEqual([
      ...[[0], [0, 1], [1, 2], [3], [3], [3, 5]],
    ]);
  });

  test("goes on from the trials of earlier calls", async () => {
    expect(await kept({ best: 2 }, ["minimize"], [[[3]], [[1]], [[2]]], 2)).toEqual([[1, 2]]);
    const two: Given[] = [[[1, 9]], [[2, 8]], [[1, 8]]];
    expect(await kept({ best: 9 }, ["minimize", "minimize"], two, 2)).toEqual([[2]]);
  });
});

describe("bans", () => {
  /** A keeper with a trial for each value, taken in one after another; and which numbers have their checkpoints. */
  async function keeping(policy: KeepCheckpoints, directions: readonly Direction[], values: readonly Given[0][]) {
    const root = mkdtempSync(join(tmpdir(), "mlbench-hpo-keeper-"));
    onTestFinished(() => rmSync(root, { recursive: true }));
    const banned = new Set<number>();
    const directoryOf = (number: number): string => join(root, String(number));
    const keeper = new CheckpointKeeper(policy, directions, directoryOf, (number) => banned.has(number));
    let count = 0;
    const finish = async (given: Given[0]): Promise<void> => {
      const number = count++;
      mkdirSync(directoryOf(number));
      writeFileSync(join(directoryOf(number), "checkpoint.safetensors"), "weights");
      await keeper.after(blankTrial(number, { state: "complete", values: given, finish_index: number }));
    };
    for (const given of values) await finish(given);
    return {
      finish,
      kept: () =>
        Array.from({ length: count }, (_, number) => number).filter((number) =>
          existsSync(join(directoryOf(number), "checkpoint.safetensors")),
        ),
      /** For tests of what comes before the keeper hears of a ban. */
      banned,
      ban: async (number: number, ban = true) => {
        if (ban) banned.add(number);
        else banned.delete(number);
        await keeper.onBansChanged();
      },
      restart: () => {
        keeper.start([0, 1].map((number) => blankTrial(number, { state: "complete", values: [number, number] })));
      },
    };
  }

  test("leave the place to another, and the banned trial's weights alone until it is restored", async () => {
    const { finish, kept, ban } = await keeping({ best: 1 }, ["minimize"], [[0]]);
    await ban(0);
    expect(kept()).toEqual([0]);
    await finish([5]);
    await finish([6]);
    await finish([4]);
    expect(kept()).toEqual([0, 3]);
    await ban(0, false);
    expect(kept()).toEqual([0]);
    await finish([1]);
    expect(kept()).toEqual([0]);
  });

  test("that the keeper has not heard of yet hold nobody's place", async () => {
    const { finish, kept, banned } = await keeping({ best: 1 }, ["minimize"], [[0]]);
    banned.add(0);
    await finish([5]);
    expect(kept()).toEqual([0, 1]);
  });

  test("that come while a trial runs hold nobody's place", async () => {
    const { finish, kept, ban } = await keeping({ best: 2 }, ["minimize"], [[3], [2]]);
    await ban(2);
    await finish([0]);
    expect(kept()).toEqual([0, 1, 2]);
    await finish([1]);
    expect(kept()).toEqual([1, 2, 3]);
  });

  test("let the front behind a trial come forward", async () => {
    const { finish, kept, ban } = await keeping({ best: 1 }, ["minimize", "minimize"], [[0, 0]]);
    await ban(0);
    await finish([1, 2]);
    await finish([2, 1]);
    await finish([3, 3]);
    expect(kept()).toEqual([0, 1, 2]);
    await ban(0, false);
    expect(kept()).toEqual([0]);
  });

  test("remove nothing where all are kept, and keep nothing where none is", async () => {
    const all = await keeping(
      "all",
      ["minimize", "minimize"],
      [
        [0, 0],
        [1, 1],
      ],
    );
    all.restart();
    await all.ban(0);
    await all.ban(0, false);
    expect(all.kept()).toEqual([0, 1]);
    const none = await keeping("none", ["minimize"], []);
    await none.ban(0);
    await none.finish([1]);
    expect(none.kept()).toEqual([]);
  });
});
