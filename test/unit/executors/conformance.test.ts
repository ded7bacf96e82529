import { InlineExecutor } from "../../../src/executors/inline.js";
import { PiscinaExecutor } from "../../../src/executors/piscina.js";
import { ProcessExecutor } from "../../../src/executors/process.js";
import type { Objective } from "../../../src/core/index.js";
import { executorConformance } from "../../conformance/executor.js";

const { default: objective } = await import("../../fixtures/executors/objective.mjs");

executorConformance("inline", () => new InlineExecutor({ objective, slots: 2 }));
executorConformance("piscina", () => new PiscinaExecutor({ slots: 2 }));
executorConformance("process", () => new ProcessExecutor({ slots: 2 }));
