import { expect, test } from "vitest";
import { createStudy } from "../../../src/app/create-study.js";
import { againstDefaults } from "../../../src/app/views/against-defaults.js";
import { blankTrial, createStudyState } from "../../../src/core/index.js";
import type { StudyHeader, Trial } from "../../../src/core/index.js";

const { header } = await createStudy({ storage: "memory", model: "mlp", dataset: "dummy", seed: 1 }).then(
  async (study) => {
    const [first] = study.trials;
    return { header: { ...study.header, first: first?.params ?? {} } };
  },
);
const trialOf = (number: number, value: number | null, more: Partial<Trial> = {}): Trial =>
  blankTrial(number, {
    ...{ state: value === null ? "failed" : "complete", values: value === null ? null : [value] },
    ...{ params: number === 0 ? header.first : { "train.lr": number }, finish_index: number },
    ...more,
  });
const wordsOf = (trials: readonly Trial[], number: number, changes: Partial<StudyHeader> = {}) => {
  const state = createStudyState({ ...header, ...changes }, trials, { revision: 9 });
  return againstDefaults(state, state.trial(number) as Trial);
};
const maximized = { objectives: [{ metric: "val_r2", direction: "maximize" }] } as const;

test("a trial that beats the defaults, by how much; one that does not, as plainly", async () => {
  const trials = [trialOf(0, 0.02), trialOf(1, 0.015), trialOf(2, 0.03), trialOf(3, 0.02), trialOf(4, null)];
  expect(await wordsOf(trials, 1)).toBe(
    "trial 1 beats the defaults (trial 0: 0.02) by 25.0 %, on the data that chose it",
  );
  expect(await wordsOf(trials, 2)).toBe("trial 2 does NOT beat the defaults (trial 0: 0.02): 50.0 % worse");
  expect(await wordsOf(trials, 3)).toBe("trial 3 does NOT beat the defaults (trial 0: 0.02): it is as good");
  expect(await wordsOf(trials, 4)).toBeNull();
  expect(await wordsOf(trials, 2, maximized)).toContain("trial 2 beats the defaults");
  expect(await wordsOf(trials, 0)).toBe("trial 0 has the defaults");
});

test("the defaults themselves, where nothing has beaten them", async () => {
  const name = "trial 0 has the defaults";
  expect(await wordsOf([trialOf(0, 0.02)], 0)).toBe(name);
  expect(await wordsOf([trialOf(0, 0.02), trialOf(1, 0.03)], 0)).toBe(`${name}: the search has NOT beaten them yet`);
  // What misses a constraint beats nobody.
  const missing = trialOf(1, 0.01, { constraints: { "parameters<=1": 5 } });
  expect(await wordsOf([trialOf(0, 0.02), missing, trialOf(2, 0.03)], 0)).toContain("NOT beaten");
});

test("nothing is said where the first trial is not the defaults, or there is more than one way to be better", async () => {
  const others = [trialOf(0, 0.02, { params: { "train.lr": 7 } }), trialOf(1, 0.01)];
  expect(await wordsOf(others, 1)).toBeNull();
  expect(await wordsOf([trialOf(0, null), trialOf(1, 0.01)], 1)).toBeNull();
  const trials = [trialOf(0, 0.02), trialOf(1, 0.01)];
  expect(await wordsOf(trials, 1, { objectives: [...header.objectives, ...maximized.objectives] })).toBeNull();
  expect(await wordsOf(trials, 1, { task: {} })).toBeNull();
  const plugins = { settings: { ...header.settings, plugins: [{ path: "a.js", sha256: "0" }] } };
  expect(await wordsOf(trials, 1, plugins)).toBeNull();
});
