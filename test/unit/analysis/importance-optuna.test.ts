import { describe, expect, test } from "vitest";
import { importances } from "../../../src/analysis/index.js";
import type { ImportanceOptions } from "../../../src/analysis/index.js";
import { optunaStudies } from "../../fixtures/analysis/optuna-studies.js";
import type { OptunaStudy } from "../../fixtures/analysis/optuna-studies.js";

function found({ records, direction }: OptunaStudy, options: ImportanceOptions): Record<string, number> {
  const objectives = [{ metric: "value", direction }];
  const [target] = importances({ trials: records, objectives }, options).targets;
  return Object.fromEntries((target?.parameters ?? []).map(({ name, importance }) => [name, importance]));
}

/** The mean over the seeds 0 to 19. */
function meanFanova(study: OptunaStudy): Record<string, number> {
  const sums: Record<string, number> = {};
  for (let seed = 0; seed < 20; seed++)
    for (const [name, importance] of Object.entries(found(study, { method: { name: "fanova", options: { seed } } })))
      sums[name] = (sums[name] ?? 0) + importance / 20;
  return sums;
}

describe.each(optunaStudies().map((study) => [study.name, study] as const))("Optuna's study %s", (_name, study) => {
  test.each(study.ped_anova.map(({ options, importances: wanted }) => [JSON.stringify(options), options, wanted] as const))(
    "PED-ANOVA %s: the same to 1e-6",
    (_text, options, wanted) => {
      const ours = found(study, { method: { name: "ped-anova", options } });
      expect(Object.keys(ours).sort()).toEqual(Object.keys(wanted).sort());
      const wrong = Object.entries(wanted).filter(([name, value]) => !(Math.abs((ours[name] ?? NaN) - value) <= 1e-6));
      expect(wrong).toEqual([]);
    },
  );

  test("fANOVA: means over 20 seeds within 0.03, in the same order where they differ by more than 0.05", () => {
    const ours = meanFanova(study);
    const wanted = Object.entries(study.fanova);
    const far = wanted.filter(([name, value]) => !(Math.abs((ours[name] ?? NaN) - value) <= 0.03));
    expect(far.map(([name, value]) => [name, value, ours[name]])).toEqual([]);
    const swapped = wanted.flatMap(([a, x]) =>
      wanted.filter(([b, y]) => x - y > 0.05 && !((ours[a] ?? NaN) > (ours[b] ?? NaN))).map(([b]) => [a, b]),
    );
    expect(swapped).toEqual([]);
  });
});
