import { hostname } from "node:os";
import { describe, it } from "vitest";
import { InlineExecutor } from "../../../src/executors/inline.js";
import { PiscinaExecutor } from "../../../src/executors/piscina.js";
import { ProcessExecutor } from "../../../src/executors/process.js";
import objective from "../../../src/testing/executor-objective.js";
import { executorConformance } from "../../../src/testing/executor.js";

const runner = { describe, it };
const owner = `${process.pid}@${hostname()}`;

executorConformance(runner, { name: "inline", owner, make: () => new InlineExecutor({ objective, slots: 2 }) });
executorConformance(runner, { name: "piscina", owner, make: () => new PiscinaExecutor({ slots: 2 }) });
executorConformance(runner, { name: "process", owner, make: () => new ProcessExecutor({ slots: 2 }) });
