import { configDefaults, defineConfig } from "vitest/config";
import { LongestFirst } from "./test/longest-first.js";

/**
 * Rooms whose tests leave their process as they found it (mocks, timers, the environment and the backend are put back, what
 * they register has names of their own), so that one process runs all of them: half of a short file's time is its process and
 * imports. What they import is loaded once.
 */
const SHARED = [
  ...["analysis", "core", "io", "docs", "samplers", "pruners", "search-space", "registry", "storage", "cli"],
  ...["study", "datasets", "exchange", "testing", "training", "models", "tensor", "bench", "plots"],
  ...["app", "ode", "service", "tracking", "web", "worker", "executors", "host", "programs", "remote"],
]
  .map((room) => `test/unit/${room}/**/*.test.ts`)
  .concat("test/integration/crash/**/*.test.ts", "test/integration/study/**/*.test.ts");

/**
 * Files that run the built program in their process (`runHere`) and leave that as they found it: they share processes of
 * their own, as `src/` and `dist/` share the registries. Where one's models are registered, the other's choice of kernels
 * says nothing.
 */
const BUILT = [
  ...["cli-objectives", "cli-options", "cli-search", "cli-study", "cli-train", "crash/taken-away", "found-tables"],
  ...["odd-input", "own-data", "service-process", "several-studies", "study/tour"],
]
  .map((file) => `test/integration/${file}.test.ts`)
  .concat(
    ["app/report", "cli/messages", "cli/report", "service/equivalents", "service/routes/same-study"].map(
      (file) => `test/unit/${file}.test.ts`,
    ),
    "test/unit/tracking/mlflow/commands.test.ts",
  );

/**
 * Files of these rooms that mock modules or load them anew, count what is loaded, wrapped or alive in their process,
 * use all that is registered, or register what they break or what joins every configuration.
 */
const ALONE = [
  "app/closed-folders",
  "app/neural-ode-study",
  "app/own-metrics",
  "app/several-objectives",
  "app/study-kernels",
  "app/tensorflow/install",
  "docs/cli-reference",
  "models/datasets",
  "models/light",
  "registry/option-collisions",
  "search-space/built-in-spaces",
  "tensor/kernels/mat-mul",
  "tensor/kernels/memory",
  "tensor/kernels/select",
  "testing/metrics",
  "training/fade-ode",
  "training/part-scores",
  "training/predict",
  "training/prediction-passes",
  "training/registered-scheduler",
  "web/study-store",
  "worker/collect-garbage",
  "worker/trial-line",
]
  .map((file) => `test/unit/${file}.test.ts`)
  .concat("test/integration/crash/move-without-links.test.ts");

/**
 * What is not part of `npm test`, but of `.ci/run`: the pages of docs/, programs of the library's examples compiled, the
 * packed package and completion in real shells, commands by the dozen, each a process; clients in other languages, and
 * many that are killed; studies killed while they are moved.
 */
const LONG = [
  ...["test/pages/**/*.test.ts", "test/integration/package.test.ts"],
  ...["test/integration/completion-shells.test.ts", "test/integration/clients/**/*.test.ts"],
  ...["test/unit/library/examples.test.ts", "test/unit/library/exports.test.ts"],
  "test/integration/crash/moves.test.ts",
  "test/integration/host-main-thread.test.ts",
  "test/integration/study/followed-by-service.test.ts",
  ...[
    "test/integration/plugins.test.ts",
    "test/integration/users-code.test.ts",
    "test/integration/cli-folds.test.ts",
    "test/unit/executors/containment.test.ts",
  ],
];

/** Says so in the file that leaves something behind, and not in those after it. */
const LEFT_AS_FOUND = ["test/left-as-found.ts"];

export default defineConfig({
  test: {
    globalSetup: ["test/require-build.ts", "test/memory-folder.ts", "test/no-tensorflow.ts"],
    pool: "forks",
    // One where the order is drawn: then all that share a process meet.
    maxWorkers: process.env["MLBENCH_TEST_ORDER"] === undefined ? 2 : 1,
    sequence: { sequencer: LongestFirst },
    testTimeout: 90_000,
    hookTimeout: 180_000,
    // Not the default second: a busy machine is no failure.
    expect: { poll: { timeout: 20_000 } },
    reporters: ["default"],
    // Bundles run as they are, as for users: taken through the transformer, the command line alone took three seconds a file.
    server: { deps: { external: [/\/dist\//] } },
    projects: [
      {
        extends: true,
        test: {
          name: "shared",
          include: SHARED,
          exclude: [...configDefaults.exclude, ...ALONE, ...BUILT, ...LONG],
          isolate: false,
          setupFiles: LEFT_AS_FOUND,
          env: { TEST_PROCESS_OF_SOURCES: "1" },
        },
      },
      { extends: true, test: { name: "built", include: BUILT, isolate: false, setupFiles: LEFT_AS_FOUND } },
      {
        extends: true,
        test: {
          name: "own",
          include: ["test/**/*.test.ts"],
          exclude: [...configDefaults.exclude, ...SHARED, ...BUILT, ...LONG],
        },
      },
      { extends: true, test: { name: "long", include: LONG } },
      { extends: true, test: { name: "alone", include: ALONE } },
    ],
  },
});
