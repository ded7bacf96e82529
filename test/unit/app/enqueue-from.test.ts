import { describe, expect, test } from "vitest";
import { createStudy } from "../../../src/app/create-study.js";
import { enqueueFrom } from "../../../src/app/enqueue-from.js";
import { categorical, float, int } from "../../../src/core/index.js";
import type { Params, SearchSpace } from "../../../src/core/index.js";
import { MemoryStorage } from "../../../src/storage/memory.js";

const space: SearchSpace = { x: float(0, 1), kind: categorical(["a", "b"]), depth: int(1, 5, { when: { kind: "b" } }) };

/** Two studies of one storage: the one that is told, and one with trials of these values. */
async function studies(
  trials: readonly (readonly [Params, ...number[]])[],
  other: SearchSpace = space,
  objectives = 1,
) {
  const storage = new MemoryStorage();
  const target = await createStudy({ storage, name: "target", space, seed: 1 });
  const directions = Array.from({ length: objectives }, () => "maximize" as const);
  const source = await createStudy({ storage, name: "source", space: other, directions, seed: 2 });
  for (const [params, ...values] of trials) {
    await source.enqueueTrial(params);
    await source.tell(await source.ask(), { values });
  }
  return { target, source };
}

describe("enqueueFrom", () => {
  test("queues one trial with its parameters, and says which it was", async () => {
    const { target, source } = await studies([[{ x: 0.25, kind: "b", depth: 3 }, 1]]);
    const { enqueued } = await enqueueFrom(target, { study: source, trial: 0 });
    expect(enqueued).toMatchObject([
      {
        number: 0,
        state: "waiting",
        params: { x: 0.25, kind: "b", depth: 3 },
        user_attrs: { enqueued_from: "source:0" },
      },
    ]);
    // Of the same study, and changed.
    const again = await enqueueFrom(target, { study: target, trial: 0, params: { kind: "a" } });
    expect(again.enqueued[0]?.params).toEqual({ x: 0.25, kind: "a" });
    expect((await enqueueFrom(target, { study: target, trial: 0, params: { x: 0.5 } })).enqueued[0]?.params["x"]).toBe(
      0.5,
    );
  });

  test("takes the best in the other's own direction, skips what does not fit and what is here already", async () => {
    const { target, source } = await studies([
      [{ x: 0.1, kind: "a" }, 1],
      [{ x: 3, kind: "a" }, 9],
      [{ x: 0.2, kind: "a" }, 5],
      [{ x: 0.2, kind: "a" }, 4],
      [{ x: 0.3, kind: "b", depth: 2 }, 3],
      [{ x: 0.4, kind: "a" }, NaN],
    ]);
    const { enqueued, skipped } = await enqueueFrom(target, { study: source, top: 4 });
    expect(enqueued.map(({ params }) => params["x"])).toEqual([0.2, 0.3]);
    expect(skipped).toEqual([
      { trial: 1, reason: "x = 3 is outside of float:0..1" },
      { trial: 3, reason: 'the same parameters as trial 2 of "source"' },
    ]);
    const again = await enqueueFrom(target, { study: source, top: 4 });
    expect(again.enqueued).toEqual([]);
    expect(again.skipped.map(({ trial }) => trial)).toEqual([1, 2, 3, 4]);
    expect(again.skipped[1]?.reason).toBe("the same parameters as trial 0 of this study");
  });

  test("of several objectives takes the front first, then the front of the rest", async () => {
    const trials = [
      [{ x: 0.1, kind: "a" }, 1, 1],
      [{ x: 0.2, kind: "a" }, 3, 2],
      [{ x: 0.3, kind: "a" }, 2, 3],
      [{ x: 0.4, kind: "a" }, 2, 1],
    ] as const;
    const { target, source } = await studies(trials, space, 2);
    // {1, 2} dominate 3, which dominates 0.
    expect((await enqueueFrom(target, { study: source, top: 3 })).enqueued.map(({ params }) => params["x"])).toEqual([
      0.2, 0.3, 0.4,
    ]);
  });

  test("what the other study had fixed is taken where it is searched here; the same value fixed here is no obstacle", async () => {
    const storage = new MemoryStorage();
    const made = { storage, model: "mlp", dataset: "dummy", defaults: false } as const;
    const pilot = await createStudy({
      ...made,
      name: "pilot",
      search: { "train.lr": "log:1e-4..1e-1" },
      fix: ["hidden_size=24"],
    });
    await pilot.enqueueTrial({ "train.lr": 0.01, "model.layers": 1, "train.batch_size": 32, "data.window": 10 });
    const wide = await createStudy({ ...made, name: "wide", fix: ["layers=1", "train.lr=0.01"] });
    const [trial] = (await enqueueFrom(wide, { study: pilot, trial: 0 })).enqueued;
    expect(trial?.params).toMatchObject({ "model.hidden_size": 24, "train.batch_size": 32, "data.window": 10 });
    const other = await createStudy({ ...made, name: "other", fix: ["train.lr=0.02"] });
    await expect(enqueueFrom(other, { study: pilot, trial: 0 })).rejects.toThrow(
      'trial 0 of "pilot" does not fit study "other": train.lr = 0.01, which is fixed at 0.02 here',
    );
  });

  test("what cannot be is told in a line, and queues nothing", async () => {
    const { target, source } = await studies([[{ y: 1 }, 1]], { y: float(0, 2) });
    const refused = async (options: object, message: string): Promise<void> => {
      await expect(enqueueFrom(target, { study: source, ...options })).rejects.toThrow(message);
    };
    await refused(
      { trial: 0 },
      'trial 0 of "source" does not fit study "target": y is no parameter here (searched: x, kind, depth)',
    );
    await refused(
      { top: 2 },
      'none of the 1 best trials of "source" fits study "target": trial 0: y is no parameter here',
    );
    await refused({ trial: 7 }, 'study "source" has no trial 7');
    await refused({ trial: 0, top: 1 }, "trial names one, top several");
    await refused({ top: 0 }, "top 0: expected a whole number from 1 to 1000");
    await refused({ params: { x: 1 } }, "params change one trial");
    await refused({ tops: 1 }, 'unknown option "tops"');
    const empty = await studies([]);
    await expect(enqueueFrom(empty.target, { study: empty.source })).rejects.toThrow("nothing to enqueue");
    expect(target.trials).toEqual([]);
  });
});
