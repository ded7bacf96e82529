/** The suite of datasets finds what is wrong: implementations that each break one promise. */
import { describe } from "vitest";
import { z } from "zod";
import { createTables, datasets } from "../../../src/datasets/index.js";
import { parameter } from "../../../src/registry/index.js";
import { datasetConformance } from "../../../src/testing/index.js";
import type { Register } from "./breakages.js";
import { finds, passes } from "./breakages.js";

describe("the suite of datasets finds one that", () => {
  let registered = 0;
  interface Source {
    readonly description?: string;
    readonly cycles?: () => number[];
    readonly soh?: (cycle: number) => number;
    readonly fed?: (soh: number) => number;
  }
  /** Registers a source of three cells; each breakage under a name of its own. */
  const broken = ({ description = "of the made cells", cycles, soh = () => 0.9, fed = (x) => x }: Source): Register => {
    const name = `broken_${(registered += 1)}`;
    const parameters = z.object({ size: parameter(z.number().default(1), { description }) });
    datasets.register(name, { summary: "broken", parameters })({
      load: async () => {
        const numbers = cycles?.() ?? Array.from({ length: 40 }, (_, i) => i + 1);
        const rows = numbers.map((cycle) => soh(cycle) - cycle / 1000);
        const cells = ["a", "b", "c"].map((cell) => ({ cell, cycles: numbers, soh: rows, features: rows.map(fed) }));
        return createTables({ source: name, featureNames: ["soh"], featureUnits: ["1"], provenance: "made", cells });
      },
    });
    return (runner) => {
      datasetConformance(runner, { name, params: { window: 4, horizon: 3 }, options: { seed: 1 } });
    };
  };
  passes(broken({}));
  finds([
    ["is another one each time", broken({ soh: () => 0.9 + Math.random() / 100 }), /loads the same numbers/],
    ["does not say what a parameter means", broken({ description: "" }), /says of every parameter/],
    ["feeds another SOH than it is scored by", broken({ fed: (soh) => soh + 0.1 }), /has tables that are sorted/],
    ["has too few cycles for its windows", broken({ cycles: () => [1, 2, 3] }), /cuts batches/],
  ]);
});
