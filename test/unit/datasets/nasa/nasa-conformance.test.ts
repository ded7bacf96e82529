import { describe, it } from "vitest";
import { datasetConformance } from "../../../../src/testing/dataset.js";
import { syntheticDir } from "../../../fixtures/nasa/nasa-cells.js";

for (const name of ["nasa", "nasa_cc", "nasa_cc_discharge"])
  datasetConformance({ describe, it }, { name, params: { data_dir: syntheticDir } });
