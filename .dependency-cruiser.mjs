/**
 * The doors between the rooms of src/ (docs/architecture.md), one rule a room: whatever is not listed may not be
 * imported. `comment` says why the door is where it is.
 */
const room = (name) => `^src/${name}/`;
const trainingRooms = ["training", "models", "datasets", "metrics", "tensor", "ode"];
const door = (name, allowed, comment) => ({
  name: `door-${name}`,
  severity: "error",
  comment,
  from: { path: room(name) },
  to: { path: "^src/", pathNot: [room(name), ...allowed.map(room)] },
});

export default {
  forbidden: [
    door("core", [], "core is plain data and pure functions that everyone shares"),
    door("io", ["core"], "reading and writing files, for every room that may touch a disk"),
    door("registry", ["core"], "a registry knows schemas, not what it registers"),
    door("search-space", ["core", "registry"], "spaces are made from parameters' metadata and know no sampler"),
    door("samplers", ["core", "registry", "search-space"], "a sampler sees a history and a space, never a live study"),
    {
      name: "one-door-to-the-samplers-thread",
      severity: "error",
      comment: "a sampler's heavy work runs in one thread a process, started by off-thread.ts alone",
      from: { path: room("samplers"), pathNot: "^src/samplers/(off-thread|sampler-thread)\\.ts" },
      to: { path: "^(node:)?(worker_threads|child_process|cluster)$" },
    },
    {
      name: "the-samplers-thread-is-reached-by-url",
      severity: "error",
      comment: "importing the thread's entry would run it in the importer's thread",
      from: { path: "^src/" },
      to: { path: "^src/samplers/sampler-thread\\.ts", dependencyTypesNot: ["type-only"] },
    },
    door("pruners", ["core", "registry"], "a pruner judges plain records"),
    door(
      "analysis",
      ["core", "registry", "search-space"],
      "an analysis is a pure function of records, space and objectives",
    ),
    door("storage", ["core", "registry", "io"], "storage keeps events and knows no algorithm"),
    door("tracking", ["core", "io"], "a tracker hears events, and keeps files of its own beside a study"),
    door(
      "exchange",
      ["core", "search-space", "io"],
      "other programs' files are texts and plain records: nothing is stored",
    ),
    door(
      "plots",
      ["core", "registry", "search-space", "analysis"],
      "a plot is described from a study's records; who draws it is no concern of theirs",
    ),
    {
      name: "the-host-of-hooks-is-reached-by-url",
      severity: "error",
      comment: "importing the host's entry would answer messages in the importer's process",
      from: { path: "^src/" },
      to: { path: "^src/tracking/hooks/host\\.ts", dependencyTypesNot: ["type-only"] },
    },
    door("tensor", ["core"], "the one door to TensorFlow.js stands on core alone"),
    door("ode", ["tensor", "core", "registry"], "solvers are tensor programs"),
    door("models", ["tensor", "ode", "registry", "core"], "a model knows neither data sources nor training policy"),
    door("metrics", ["core", "registry"], "a metric sees plain arrays: neither data sources nor tensors"),
    door("datasets", ["io", "registry", "core"], "datasets are typed arrays and know no tensors"),
    door(
      "training",
      ["models", "datasets", "metrics", "tensor", "io", "registry", "core"],
      "training emits events; it knows no tracker, pruner or worker",
    ),
    door(
      "executors",
      ["core", "registry", "programs"],
      "an executor moves plain jobs and reaches its workers by URL only; a program is a process of its own already",
    ),
    {
      name: "door-programs",
      severity: "error",
      comment: "a program is run for a trial's job; who moves that job is no concern of it",
      from: { path: room("programs") },
      to: { path: "^src/(?!core/|programs/|executors/(executor|protocol)\\.ts)" },
    },
    door(
      "plugins",
      ["core", "registry", "search-space", "samplers", "pruners", "storage", "executors", ...trainingRooms],
      "a plug-in is handed what it may add to, and nothing above",
    ),
    {
      name: "door-worker",
      severity: "error",
      comment: "a worker runs a trial and talks to its executor in the executors' own messages",
      from: { path: room("worker") },
      to: {
        path: "^src/(?!core/|worker/|plugins/|programs/|training/|executors/(executor|protocol|trial-files)\\.ts)",
      },
    },
    {
      name: "study-contracts-only",
      severity: "error",
      comment: "what implements a contract is injected by app",
      from: { path: room("study") },
      to: {
        path: "^src/(?!core/|study/|search-space/|samplers/sampler\\.ts|pruners/pruner\\.ts|storage/storage\\.ts|executors/executor\\.ts)",
      },
    },
    {
      name: "door-testing",
      severity: "error",
      comment: "suites see contracts, and what cuts datasets and trains models: never the built-in implementations",
      from: { path: room("testing") },
      to: {
        path: "^src/(?!(core|testing|registry|search-space|datasets|models|metrics|tensor|training)/|samplers/sampler\\.ts|pruners/pruner\\.ts|storage/storage\\.ts|executors/executor\\.ts)",
      },
    },
    {
      name: "testing-is-a-leaf",
      severity: "error",
      comment: "suites are for tests: nothing that runs needs them",
      from: { path: "^src/(?!testing/)" },
      to: { path: room("testing") },
    },
    {
      name: "cli-is-a-leaf",
      severity: "error",
      comment: "the library must work without a command line",
      from: { path: "^src/(?!cli/)" },
      to: { path: room("cli") },
    },
    {
      name: "cli-parses-and-prints",
      severity: "error",
      comment: "what is stored, run and computed is a use case of app's, so that another front end finds it there",
      from: { path: room("cli") },
      to: { path: "^src/(storage|study|executors|worker|tensor|ode)/", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "cli-and-training",
      severity: "error",
      comment:
        "options are made from training's schemas, checkpoints are read by what the package exports; runs are app's",
      from: { path: room("cli") },
      to: {
        path: room("training"),
        pathNot: "^src/training/((config|checkpoint|evaluate|predict)\\.ts|(optimizers|schedulers)/index\\.ts)",
        dependencyTypesNot: ["type-only"],
      },
    },
    {
      name: "cli-reads-no-files",
      severity: "error",
      comment: "files are read in the rooms that know what is in them; cli writes what it prints",
      from: { path: room("cli"), pathNot: "^src/cli/(write-text|version)\\.ts" },
      to: { path: "^(node:)?fs(/promises)?$" },
    },
    door(
      "host",
      ["core", "storage", "study", "app", "executors"],
      "the host runs and shows studies by app's use cases: it knows no protocol, model or sampler",
    ),
    {
      name: "door-remote",
      severity: "error",
      comment:
        "a service is asked by its API: of the service the remote room has the types of what goes over the network",
      from: { path: room("remote") },
      to: {
        path: "^src/",
        pathNot:
          "^src/(core|remote)/|^src/storage/json-file/study-document\\.ts|^src/(service/schemas/|storage/|study/commands)",
      },
    },
    {
      name: "remote-has-types-of-the-service",
      severity: "error",
      comment: "fastify and zod are the service's: who asks one loads neither",
      from: { path: room("remote") },
      to: {
        path: "^src/(service|study|storage)/",
        pathNot: "^src/storage/json-file/study-document\\.ts",
        dependencyTypesNot: ["type-only"],
      },
    },
    {
      name: "service-is-a-leaf",
      severity: "error",
      comment: "fastify and zod whole are loaded by who serves: by the command line, when it does",
      from: { path: "^src/(?!service/)" },
      to: { path: room("service"), dependencyTypesNot: ["type-only", "dynamic-import"] },
    },
    {
      name: "door-service",
      severity: "error",
      comment: "the service shows a host's studies: it opens, writes and runs none itself",
      from: { path: room("service") },
      to: {
        path: "^src/(storage|study|executors|worker|training|tensor|models|ode|plugins|cli)/",
        // What a study is in brief, and which owners hold it for a moment: plain functions of plain data.
        // Beside them the rule for names, and the lock, by which a storage has one service.
        pathNot:
          "^src/storage/(study-summary|study-errors|lock-owner|json-file/lock)\\.ts|^src/executors/trial-files\\.ts",
        dependencyTypesNot: ["type-only"],
      },
    },
    {
      name: "one-door-to-the-hosts-thread",
      severity: "error",
      comment: "what takes long runs in threads of the host's, started by off-thread.ts and analysis.ts alone",
      from: { path: room("host"), pathNot: "^src/host/(off-thread|study-thread|analysis|analysis-thread)\\.ts" },
      to: { path: "^(node:)?(worker_threads|child_process|cluster)$" },
    },
    {
      name: "the-hosts-thread-is-reached-by-url",
      severity: "error",
      comment: "importing the thread's entry would run it in the importer's thread",
      from: { path: "^src/" },
      to: { path: "^src/host/study-thread\\.ts", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "no-tensors-beside-the-host",
      severity: "error",
      comment: "the service's main thread answers many: TensorFlow.js and data are loaded in the host's thread",
      from: { path: room("host"), pathNot: "^src/host/(make-study|study-thread)\\.ts" },
      to: { path: "^src/(tensor|training|models|datasets|app/(work-here|preflight|study-backend))(/|\\.ts)" },
    },
    {
      name: "app-is-the-root",
      severity: "error",
      comment: "only the front ends (command line, host and service) and the public surface stand on app",
      from: { path: "^src/(?!app/|cli/|host/|service/|index\\.ts)" },
      to: { path: room("app") },
    },
    {
      name: "one-door-to-tfjs",
      severity: "error",
      comment: "only tensor imports TensorFlow.js",
      from: { path: "^src/(?!tensor/)" },
      to: { path: "^(node_modules/@tensorflow|#tfjs|dist/vendor)" },
    },
    {
      name: "door-web",
      severity: "error",
      comment: "pages run in browsers: of src they have types, and what is pure, small and made for them",
      from: { path: "^web/" },
      to: {
        path: "^src/(?!core/(numbers-in-words|json|nearest|trial)\\.ts|plots/(theme|number-text|chart-parts|echarts\\.d)\\.ts|plots/kinds/)",
        dependencyTypesNot: ["type-only"],
      },
    },
    {
      name: "web-is-a-leaf",
      severity: "error",
      comment: "what runs in browsers is put into pages by the build, never imported",
      from: { path: "^(src|bin)/" },
      to: { path: "^web/" },
    },
    {
      name: "no-cycles",
      severity: "error",
      comment: "a cycle, of types included, means that two files are one",
      from: { path: "^(src|web)" },
      to: { circular: true },
    },
    {
      name: "no-tests-in-src",
      severity: "error",
      comment: "shipped code never needs tests or benchmarks",
      from: { path: "^(src|bin)" },
      to: { path: "^(test|bench)/" },
    },
    {
      name: "no-dev-dependencies",
      severity: "error",
      comment: "shipped code runs on dependencies alone",
      from: { path: "^(src|bin)", pathNot: "^src/(tensor/tfjs\\.entry|plots/echarts\\.(entry|drawing))\\.js$" },
      to: { dependencyTypes: ["npm-dev"] },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^src/.*/assembly/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "default", "types"] },
  },
};
