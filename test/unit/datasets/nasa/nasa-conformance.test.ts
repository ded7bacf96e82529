import { datasetConformance } from "../../../conformance/dataset.js";
import { syntheticDir } from "../../../fixtures/nasa/nasa-cells.js";

for (const name of ["nasa", "nasa_cc", "nasa_cc_discharge"])
  datasetConformance({ name, params: { data_dir: syntheticDir } });
