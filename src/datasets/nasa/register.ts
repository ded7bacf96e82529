/** The registration of the NASA datasets. */
import { lazy } from "../../registry/index.js";
import type { Registry } from "../../registry/index.js";
import type { DatasetSource } from "../dataset.js";
import { nasaParameters, nasaSummaryParameters } from "./nasa-parameters.js";

/** Registers `nasa`, `nasa_cc` and `nasa_cc_discharge`; the MATLAB reader is imported when one of them is loaded. */
export function registerNasa(datasets: Registry<DatasetSource>): void {
  const parameters = nasaParameters;
  const source = async (name: "nasa" | "nasaCc" | "nasaCcDischarge"): Promise<DatasetSource> =>
    (await import("./nasa-source.js"))[name];
  datasets.register("nasa", {
    summary: "NASA battery cells: 16 summary features of each discharge, and SOH",
    parameters: nasaSummaryParameters,
  })(lazy(() => source("nasa")));
  datasets.register("nasa_cc", {
    summary: "NASA battery cells: charging times at 19 voltages of the constant-current charge, and SOH",
    parameters,
  })(lazy(() => source("nasaCc")));
  datasets.register("nasa_cc_discharge", {
    summary: "NASA battery cells: times at 19 voltages of the constant-current discharge, and SOH",
    parameters,
  })(lazy(() => source("nasaCcDischarge")));
}
