import { InlineExecutor } from "../../../src/executors/inline.js";
import { PiscinaExecutor } from "../../../src/executors/piscina.js";
import { ProcessExecutor } from "../../../src/executors/process.js";
import type { Objective } from "../../../src/core/index.js";
import { executorConformance } from "../../conformance/executor.js";

const module = new URL("../../fixtures/executors/objective.mjs", import.meta.url).href;
const { default: objective } = (await import(module)) as { default: Objective };

executorConformance("inline", () => new InlineExecutor({ objective, slots: 2 }));
executorConformance("piscina", () => new PiscinaExecutor({ slots: 2 }));
executorConformance("process", () => new ProcessExecutor({ slots: 2 }));
