/** The order of the test files: the long ones first, so that no process works on one alone at the end; or one by lot. */
import { createHash } from "node:crypto";
import { relative } from "node:path";
import type { TestSpecification } from "vitest/node";
import { BaseSequencer } from "vitest/node";

/** Files of four seconds and more, by CPU time. */
const LONGEST = [
  "test/pages/extending.test.ts",
  "test/integration/clients/python.test.ts",
  "test/integration/package.test.ts",
  "test/pages/tutorial.test.ts",
  "test/unit/executors/containment.test.ts",
  "test/integration/plugins.test.ts",
  "test/integration/clients/chaos.test.ts",
  "test/unit/app/own-metrics.test.ts",
  "test/integration/users-code.test.ts",
  "test/integration/cli-study.test.ts",
  "test/integration/cli-objectives.test.ts",
  "test/unit/service/routes/same-study.test.ts",
  "test/unit/samplers/conformance.test.ts",
  "test/integration/study/crash.test.ts",
  "test/unit/storage/migration.test.ts",
  "test/unit/tracking/mlflow/tracker.test.ts",
  "test/unit/app/optimize-study.test.ts",
  "test/unit/samplers/gp/sampler.test.ts",
  "test/unit/storage/contract.test.ts",
  "test/unit/remote/commands.test.ts",
  "test/unit/tracking/command-hooks.test.ts",
  "test/unit/models/pytorch.test.ts",
  "test/integration/study/objectives.test.ts",
  "test/integration/study/training.test.ts",
  "test/integration/crash/lock.test.ts",
  "test/unit/tensor/kernels/recurrent.test.ts",
  "test/unit/models/conformance.test.ts",
];

/**
 * A seed: files come in the order that it draws. Which files shared a process, and which of them came first, is otherwise left to
 * how fast they are, so that one which leaves something behind fails another seldom and without a pattern.
 */
const drawn = process.env["MLBENCH_TEST_ORDER"];

/** Vitest's own order begins with what failed and what took long before, which a fresh checkout does not know. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // Those that share a process come together, the many of `src/` last: short ones fill both processes to the end.
    const turn = ({ project }: TestSpecification): number =>
      project.config.isolate ? 0 : project.name === "built" ? 1 : 2;
    if (drawn !== undefined) {
      const lot = ({ moduleId }: TestSpecification): string =>
        createHash("sha256")
          .update(`${drawn} ${relative(process.cwd(), moduleId)}`)
          .digest("hex");
      return [...files].sort((a, b) => turn(a) - turn(b) || (lot(a) < lot(b) ? -1 : 1));
    }
    const place = ({ project, moduleId }: TestSpecification): number => {
      const found = LONGEST.indexOf(relative(project.config.root, moduleId).replaceAll("\\", "/"));
      return found === -1 ? LONGEST.length : found;
    };
    return (await super.sort(files)).sort((a, b) => turn(a) - turn(b) || place(a) - place(b));
  }
}
