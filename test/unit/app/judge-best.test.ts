/** How sure a win is by the record: bounds and paired differences against numbers by hand (t quantiles of SciPy 1.17). */
import { describe, expect, it } from "vitest";
import { createStudy } from "../../../src/app/create-study.js";
import { boundOf, judgeBest, judged, judgedTrial } from "../../../src/app/judge-best.js";
import { certaintyInWords } from "../../../src/app/views/certainty.js";
import type { StudyHeader, StudyState, Trial } from "../../../src/core/index.js";
import { blankTrial } from "../../../src/core/index.js";
import { emptyFolder, small } from "../../fixtures/app/small-studies.js";

/** Quantiles of Student's t: one-sided 95 % with 1 and 2 degrees of freedom, two-sided 95 % with 2. */
const T = { one: 6.313751514675043, two: 2.919985580353726, both: 4.302652729749462 };

const defaults = { "train.lr": 0.005 };

/** A complete trial with these values of its parts, their mean and standard deviation. */
function trial(
  number: number,
  parts: readonly number[],
  mean: number,
  spread: number | null,
  more: Partial<Trial> = {},
): Trial {
  return {
    ...blankTrial(number, { params: number === 0 ? defaults : { "train.lr": 0.01 * number }, seed: number }),
    ...{ state: "complete", values: [mean], value: mean, spread },
    parts: parts.map((value, i) => ({ fold: [`D0${i + 1}`], seed: number, values: [value] })),
    ...more,
  };
}

const trials: readonly [Trial, Trial, Trial] = [
  trial(0, [0.01, 0.012, 0.014], 0.012, 0.002),
  trial(1, [0.004, 0.01, 0.016], 0.01, 0.006),
  trial(2, [0.0105, 0.011, 0.0115], 0.011, 0.0005),
];

async function headerOf(more: object = {}): Promise<StudyHeader> {
  const study = await createStudy({
    ...{ ...small, storage: "memory", folds: "cells", search: { "train.lr": "log:1e-3..1e-1" } },
    fix: [
      "train.batch_size",
      "train.weight_decay",
      "model.hidden_size",
      "model.layers",
      "model.dropout",
      "data.window",
    ],
    ...more,
  });
  await study.close();
  return study.header;
}

async function stateOf(
  list: readonly Trial[],
  annotations: StudyState["annotations"] = new Map(),
): Promise<StudyState> {
  return { header: await headerOf(), trials: list, annotations } as StudyState;
}

describe("the bound of a mean over parts", () => {
  it("is t times the standard error away, on the worse side", async () => {
    const [, second] = trials;
    const margin = (T.two * 0.006) / Math.sqrt(3);
    expect(await boundOf(second, "minimize")).toBeCloseTo(0.01 + margin, 12);
    expect(await boundOf(second, "maximize")).toBeCloseTo(0.01 - margin, 12);
  });

  it("counts the parts that could be scored, and there is none of fewer than two", async () => {
    const torn = trial(3, [0.01, 0.02, NaN], 0.015, Math.sqrt(0.5e-4));
    expect(await boundOf(torn, "minimize")).toBeCloseTo(0.015 + T.one * 0.005, 12);
    expect(await boundOf(trial(4, [0.01, NaN, NaN], 0.01, null), "minimize")).toBeNull();
  });

  it("chooses the trial whose parts agree, on request alone; banned and infeasible ones never", async () => {
    const state = await stateOf(trials);
    expect(await judged(state, null, "value")).toMatchObject({ by: "value", trial: { number: 1 } });
    const chosen = await judged(state, null, "bound");
    expect(chosen).toMatchObject({ by: "bound", trial: { number: 2 } });
    expect(chosen.bound).toBeCloseTo(0.011 + (T.two * 0.0005) / Math.sqrt(3), 12);
    const banned = await stateOf(trials, new Map([[2, { banned: true } as never]]));
    expect((await judged(banned, null, "bound")).trial.number).toBe(0);
    const [zero, one] = trials;
    const missed = await stateOf([
      zero,
      one,
      trial(2, [0.0105, 0.011, 0.0115], 0.011, 0.0005, { constraints: { c: 1 } }),
    ]);
    expect((await judged(missed, null, "bound")).trial.number).toBe(0);
  });

  it("is refused without parts, with several objectives, and by another name", async () => {
    const plain = await createStudy({ ...small, storage: "memory" });
    await expect(judgeBest(plain, { by: "bound" })).rejects.toMatchObject({ code: "no-parts" });
    const header = await headerOf({ metric: ["val_rmse", "parameters"] });
    await expect(
      judged({ header, trials, annotations: new Map() } as unknown as StudyState, null, "bound"),
    ).rejects.toMatchObject({ code: "several-objectives" });
    await expect(judgeBest(plain, { by: "worst" as never })).rejects.toMatchObject({ code: "invalid-option" });
    await plain.close();
  });
});

describe("the winner against the defaults", () => {
  it("is compared part by part, with the interval of the paired difference", async () => {
    const { againstDefaults } = await judged(await stateOf(trials), null, "bound");
    // Differences .0005, -.001, -.0025.
    expect(againstDefaults).toMatchObject({ trial: 0, parts: 3 });
    const half = (T.both * 0.0015) / Math.sqrt(3);
    expect(againstDefaults?.difference.mean).toBeCloseTo(-0.001, 12);
    expect(againstDefaults?.difference.low).toBeCloseTo(-0.001 - half, 12);
    expect(againstDefaults?.difference.high).toBeCloseTo(-0.001 + half, 12);
  });

  it("is null for the defaults themselves, and where they were not tried", async () => {
    const [first, second] = trials;
    expect((await judged(await stateOf([first]), null, "value")).againstDefaults).toBeNull();
    expect((await judged(await stateOf([second]), null, "value")).againstDefaults).toBeNull();
  });

  it("is said to be ahead only where the interval excludes 0", async () => {
    const words = async (list: readonly Trial[], by: "value" | "bound"): Promise<string> => {
      const state = await stateOf(list);
      const { trial: best, bound, againstDefaults } = await judged(state, null, by);
      return certaintyInWords({ ...best, bound, against_defaults: againstDefaults }, state.header);
    };
    // -.0011, -.0010, -.0009: ± 4.3027 · .0001 / √3 = ± .00025.
    const steady = [trials[0], trial(1, [0.0089, 0.011, 0.0131], 0.011, 0.0021)];
    expect(await words(steady, "value")).toBe(
      "at most 0.01454 (95 % bound of the mean); ahead of the defaults (trial 0) by 0.001 " +
        "(95 % interval 0.00075 to 0.0012 over 3 parts, on which it was chosen)",
    );
    // The second is .0005 worse than the first: +.0011, -.0001, +.0005: ± 4.3027 · .0006 / √3 = ± .00149.
    const level = [trial(0, [0.01, 0.012, 0.014], 0.012, 0.002), trial(1, [0.0111, 0.0119, 0.0145], 0.0125, 0.00178)];
    const state = await stateOf(level);
    const { againstDefaults: worse } = await judgedTrial(state, null, { trial: level[1] as Trial, by: "value" });
    expect(certaintyInWords({ ...(level[1] as Trial), bound: null, against_defaults: worse }, state.header)).toBe(
      "not told apart from the defaults (trial 0): behind by 0.0005 " +
        "(95 % interval -0.00099 to 0.002 over 3 parts, on which it was chosen)",
    );
    expect(await words(trials, "bound")).toContain(
      "not told apart from the defaults (trial 0): ahead by 0.001 (95 % interval -0.0027 to 0.0047 over 3 parts",
    );
  });
});

it("judges a stored study", async () => {
  const directory = await emptyFolder();
  const study = await createStudy({
    ...{
      ...small,
      storage: "studies",
      directory,
      folds: "cells",
      search: { "train.lr": "log:1e-3..1e-1" },
      pruner: "nop",
    },
    fix: [
      "train.batch_size",
      "train.weight_decay",
      "model.hidden_size",
      "model.layers",
      "model.dropout",
      "data.window",
    ],
  });
  await study.optimize({ trials: 2, workers: 1 });
  await study.close();
  const { trial: best, bound } = await judgeBest({ name: "mlp-dummy", storage: "studies", directory });
  expect(best.number).toBe(study.bestTrial?.number);
  expect(bound).toBeCloseTo((best.value as number) + (T.two * (best.spread as number)) / Math.sqrt(3), 10);
});
