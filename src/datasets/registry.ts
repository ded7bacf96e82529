/** The registry of datasets. */
import { registryOf } from "../registry/index.js";
import type { Registry } from "../registry/index.js";
import type { DatasetSource } from "./dataset.js";

/** The datasets by name; the built-in ones are registered by this folder's index. */
export const datasets: Registry<DatasetSource> = registryOf<DatasetSource>("dataset");
