import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createPruner } from "../../../src/pruners/index.js";
import { signedRankGreater } from "../../../src/pruners/signed-rank.js";
import { runMadeStudy } from "../../fixtures/pruners/made-studies.js";

interface Fixture {
  optuna: string;
  counts: Record<string, { decisions: number; pruned: number }>;
  signed_ranks: [number[], number][];
  studies: [kind: string, options: Record<string, unknown>, seed: number, calm: boolean, decisions: string][];
}

const url = new URL("../../fixtures/pruners/optuna-studies.json", import.meta.url);
const fixture = JSON.parse(readFileSync(url, "utf8")) as Fixture;

/** The options as a study names them: what is null is left out. */
function given(options: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== null));
}

test.each(["asha", "hyperband", "wilcoxon", "threshold"])(
  "%s decides as Optuna does in studies whose trials run one after another or several at a time",
  async (kind) => {
    expect(fixture.optuna).toBe("5.0.0");
    const different: string[] = [];
    let [decided, pruned] = [0, 0];
    for (const [name, options, seed, calm, decisions] of fixture.studies) {
      if (name !== kind) continue;
      const dealt = kind === "hyperband" ? { study_name: `study ${seed}` } : {};
      const pruner = await createPruner(kind, { ...given(options), ...dealt });
      runMadeStudy({ seed, calm, decisions }, (trial, history, prunes) => {
        const { prune, reason } = pruner.decide(trial, history);
        decided++;
        pruned += Number(prune);
        if (prune !== prunes) different.push(`study ${seed}, trial ${trial.number}: ${reason}`);
      });
    }
    expect(different).toEqual([]);
    expect({ decisions: decided, pruned }).toEqual(fixture.counts[kind]);
    expect(decided).toBeGreaterThan(10_000);
    expect(pruned).toBeGreaterThan(500);
  },
);

test("p-values of the signed-rank test are SciPy's", () => {
  for (const [differences, p] of fixture.signed_ranks) {
    const own = signedRankGreater(differences);
    expect(Math.abs(own - p), `${differences.length} differences: ${own}, ${p}`).toBeLessThan(1e-14);
  }
});
