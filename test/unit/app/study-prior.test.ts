import { describe, expect, it } from "vitest";
import { createStudy, ensureStudy } from "../../../src/app/create-study.js";
import { deleteStudy } from "../../../src/app/study.js";
import type { CreateStudyOptions } from "../../../src/app/create-study.js";
import type { ObjectiveTrial } from "../../../src/core/index.js";
import { categorical, float, int } from "../../../src/core/index.js";
import { overviewOf } from "../../../src/app/views/study-overview.js";
import { MemoryStorage } from "../../../src/storage/memory.js";

const source = { x: float(-5, 5), n: int(0, 9), kind: categorical(["a", "b"]) };

const distance = (params: Readonly<Record<string, unknown>>): number => Math.abs(Number(params["x"]) - 2);

async function withSource(storage = new MemoryStorage(), options: Partial<CreateStudyOptions> = {}) {
  const study = await createStudy({ name: "old", storage, seed: 1, sampler: "random", space: source, ...options });
  await study.optimize((trial) => distance(trial.params), { trials: 30 });
  return { storage, study };
}

const space = { x: float(-3, 3), kind: categorical(["b", "c"]), fresh: float(0, 1) };

describe("a study that begins from another", () => {
  it("keeps the other's best trials as far as they fit, and stands alone when that is gone", async () => {
    const { storage, study: old } = await withSource();
    const study = await createStudy({ name: "new", storage, seed: 2, space, from: { name: "old", top: 4 } });
    const best = old.trials
      .toSorted((a, b) => (a.value as number) - (b.value as number))
      .slice(0, 4)
      .map(({ params, values }) => {
        const kind = params["kind"] === "b" ? { kind: "b" } : {};
        return { params: { x: params["x"], ...kind }, values };
      });
    expect(study.header.settings.from).toMatchObject({ study: "old", created_at: old.header.created_at, top: 4 });
    expect(study.header.settings.from?.trials).toEqual(best);
    await deleteStudy({ name: "old", storage });

    // None of the study's own: not finished, not best, no budget.
    expect(study.trials).toEqual([]);
    const seen: unknown[] = [];
    const end = await study.optimize((trial) => (seen.push(trial.params.x), Math.abs(trial.params.x - 2)), {
      trials: 20,
    });
    expect(end).toMatchObject({ finished: 20, added: 20 });
    expect(seen[0]).toBe(best[0]?.params.x);
    // Of twenty trials about nine are near the best: chance alone has one in twenty within .15 of it.
    expect(seen.filter((x) => Math.abs((x as number) - 2) < 0.3).length).toBeGreaterThan(5);
    const overview = overviewOf(study.state, { file: "f", owner: null, findings: [] });
    expect(overview).toMatchObject({ trials: 20, from: { study: "old", top: 4, trials: 4 } });
  });

  it("is the same however its calls are cut", async () => {
    const { storage } = await withSource();
    const go = async (name: string, ...calls: number[]) => {
      const study = await createStudy({ name, storage, seed: 2, space, from: "old" });
      for (const trials of calls) await study.optimize((trial) => trial.params.x ** 2, { trials });
      return study.trials.map(({ params }) => params);
    };
    expect(await go("two", 15, 15)).toEqual(await go("one", 30));
  });

  it("takes the front of several objectives", async () => {
    const storage = new MemoryStorage();
    const both = { directions: ["minimize", "maximize"], sampler: "auto", space: { x: float(0, 1) }, seed: 1 } as const;
    const old = await createStudy({ name: "old", storage, ...both });
    await old.optimize(({ params: { x } }: ObjectiveTrial) => [Number(x), Number(x) < 0.5 ? Number(x) : 0], {
      trials: 30,
    });
    const study = await createStudy({ name: "new", storage, ...both, from: { name: "old", top: 3 } });
    expect(study.header.settings.from?.trials.map(({ values }) => values)).toEqual(
      old.bestTrials.slice(0, 3).map(({ values }) => values),
    );
  });

  it("leaves banned and infeasible trials out", async () => {
    const { storage, study: old } = await withSource();
    const best = old.bestTrial?.number as number;
    await old.annotate(best, { banned: true });
    const study = await createStudy({ name: "new", storage, space, from: { name: "old", top: 1 } });
    expect(study.header.settings.from?.trials[0]?.params["x"]).toBe(old.bestTrial?.params["x"]);
    expect(old.bestTrial?.number).not.toBe(best);
  });

  it("is the same study when it is asked for again, and another with other trials", async () => {
    const { storage, study: old } = await withSource();
    const request = { name: "new", storage, space, from: { name: "old", top: 2 } };
    expect((await ensureStudy(request)).created).toBe(true);
    expect((await ensureStudy(request)).created).toBe(false);
    await expect(ensureStudy({ ...request, from: { name: "old", top: 3 } })).rejects.toThrow(
      /settings\.from\.top: 2 -> 3/,
    );
    await old.enqueueTrial({ x: 2, n: 0, kind: "b" });
    await old.optimize((trial) => distance(trial.params), { trials: 1 });
    await expect(ensureStudy(request)).rejects.toThrow(/settings\.from\.sha256: /);
  });

  it.each<[string, Partial<CreateStudyOptions>, string, RegExp]>([
    ["an unknown one", { from: "olt" }, "unknown-study", /no study "olt" .* did you mean "old"/],
    [
      "none of its trials",
      { from: { name: "old", top: 0 } },
      "invalid-option",
      /^top 0: expected a whole number from 1/,
    ],
    ["a share of one", { from: { name: "old", top: 1.5 } }, "invalid-option", /^top 1\.5: expected a whole number/],
    ["a typing error", { from: { name: "old", tops: 3 } as never }, "unknown-option", /did you mean "top"/],
    ["no name", { from: { top: 3 } as never }, "invalid-option", /expected a study's name/],
    [
      "the other direction",
      { from: "old", direction: "maximize" },
      "different-objectives",
      /to minimize value, .* to maximize/,
    ],
    ["several objectives", { from: "old", directions: ["minimize", "minimize"] }, "different-objectives", /./],
    [
      "nothing in common",
      { from: "old", space: { y: float(0, 1) } },
      "nothing-to-take-over",
      /no parameter is in both/,
    ],
    [
      "no value that fits",
      { from: "old", space: { x: float(8, 9) } },
      "nothing-to-take-over",
      /no value of x lies within/,
    ],
    ["no declared space", { from: "old", space: {} }, "nothing-to-take-over", /declares no space/],
    [
      "a sampler that ignores it",
      { from: "old", sampler: "random" },
      "conflicting-options",
      /"random" makes nothing of/,
    ],
  ])("is refused with %s", async (_what, options, code, message) => {
    const { storage } = await withSource();
    const made = createStudy({ name: "new", storage, space, ...options });
    await expect(made).rejects.toMatchObject({ code, exitCode: 2, message: expect.stringMatching(message) as unknown });
    expect(await storage.list()).toEqual(["old"]);
  });

  it("is refused where the other has no complete trial", async () => {
    const storage = new MemoryStorage();
    await createStudy({ name: "old", storage, space: source });
    await expect(createStudy({ name: "new", storage, space, from: "old" })).rejects.toMatchObject({
      code: "nothing-to-take-over",
    });
  });

  it("is named by a study file with its terminator, unless the request names others", async () => {
    const { storage } = await withSource();
    const objective = new URL("../../fixtures/study/appending-objective.mjs", import.meta.url).pathname;
    const config = {
      objective,
      search: ["x=float:-3..3"],
      from: { name: "old", top: 2 },
      terminator: { min_trials: 40 },
    };
    const asFile = await createStudy({ name: "filed", storage, config });
    expect(asFile.header.settings).toMatchObject({ from: { study: "old", top: 2 }, terminator: { min_trials: 40 } });
    const other = await createStudy({ name: "own", storage, config, from: "old", terminator: false });
    expect(other.header.settings.from).toMatchObject({ top: 10 });
    expect(other.header.settings).not.toHaveProperty("terminator");
  });
});
