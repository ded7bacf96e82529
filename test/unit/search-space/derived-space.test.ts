import { expect, test } from "vitest";
import { z } from "zod";
import { UsageError, categorical, float, int } from "../../../src/core/index.js";
import {
  declareSpace,
  deriveSpace,
  formatDistribution,
  parseDistribution,
  qualifyModels,
  runParameters,
  spaceTable,
  splitSearch,
} from "../../../src/search-space/index.js";
import { parameter, qualify } from "../../../src/registry/index.js";

const hidden = (max: number, high: number): z.ZodType =>
  parameter(z.number().int().min(1).max(max).default(32), {
    description: "units a layer",
    search: { distribution: int(8, high, { log: true }), default: true },
  });
const lstm = z.object({
  hidden_size: hidden(512, 128),
  layers: parameter(z.number().int().min(1).max(4).default(1), {
    description: "layers",
    search: { distribution: int(1, 3), default: true },
  }),
  dropout: parameter(z.number().min(0).lt(1).default(0), {
    description: "rate between layers",
    search: { distribution: float(0, 0.5), default: true },
    when: { layers: [2, 3, 4] },
  }),
  head: parameter(z.enum(["linear", "mlp"]).default("linear"), { description: "output layer" }),
});
const mlp = z.object({
  hidden_size: hidden(512, 256),
  layers: parameter(z.number().int().min(1).max(4).default(1), {
    description: "layers",
    search: { distribution: int(1, 3), default: true },
  }),
  activation: parameter(z.enum(["relu", "tanh"]).default("relu"), {
    description: "activation",
    search: { distribution: categorical(["relu", "tanh"]), default: true },
  }),
});
const data = z.object({
  window: parameter(z.number().int().min(2).max(200).default(20), {
    description: "cycles",
    search: { distribution: int(8, 32), default: "on request" },
  }),
  horizon: parameter(z.number().int().min(1).default(10), { description: "steps" }),
  features: parameter(z.union([z.array(z.string()), z.string()]).default("all"), {
    description: "inputs",
    search: { distribution: categorical(["all", "soh"]), default: "on request" },
  }),
  split_seed: parameter(z.number().int().nullable().default(null), { description: "seed" }),
});
const train = z.object({
  lr: parameter(z.number().gt(0).max(1).default(1e-3), {
    description: "learning rate",
    search: { distribution: float(1e-4, 1e-1, { log: true }), default: true },
  }),
  optimizer: parameter(z.enum(["adamw", "adam", "sgd"]).default("adamw"), {
    description: "optimizer",
    search: { distribution: categorical(["adamw", "adam", "sgd"]), default: "on request" },
  }),
  momentum: parameter(z.number().min(0).lt(1).default(0.9), {
    description: "momentum",
    search: { distribution: float(0, 0.99), default: true },
    when: { optimizer: "sgd" },
  }),
  nesterov: parameter(z.boolean().default(false), { description: "nesterov", when: { optimizer: "sgd" } }),
  epochs: parameter(z.number().int().min(1).default(20), { description: "epochs" }),
});
const rest = [...qualify("data", data), ...qualify("train", train)];
const parameters = [...qualify("model", lstm), ...rest];

function message(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    expect((error as UsageError).message).not.toContain("\n");
    return `${(error as UsageError).code}: ${(error as UsageError).message}`;
  }
  return expect.fail("nothing was thrown");
}
const asking = (...search: string[]) => deriveSpace(parameters, { search });

test("the default space is what metadata puts there, conditions qualified or decided by defaults", () => {
  expect(deriveSpace(parameters)).toEqual({
    space: {
      "model.hidden_size": int(8, 128, { log: true }),
      "model.layers": int(1, 3),
      "model.dropout": float(0, 0.5, { when: { "model.layers": [2, 3] } }),
      "train.lr": float(1e-4, 1e-1, { log: true }),
    },
    fixed: {},
  });
});

test("a condition becomes searchable with its parameter, and is decided when that is fixed", () => {
  const { space } = asking("train.optimizer=adamw,sgd");
  expect(space["train.momentum"]).toEqual(float(0, 0.99, { when: { "train.optimizer": "sgd" } }));
  expect(Object.keys(space).indexOf("train.optimizer")).toBeLessThan(Object.keys(space).indexOf("train.momentum"));
  expect(asking("train.optimizer=adamw,adam").space).not.toHaveProperty(["train.momentum"]);
  expect(asking("train.optimizer=sgd").space["train.momentum"]).toEqual(float(0, 0.99));
  const sgd = deriveSpace(parameters, { fix: ["optimizer=sgd", "layers=3"] });
  expect(sgd.fixed).toEqual({ "train.optimizer": "sgd", "model.layers": 3 });
  expect(sgd.space["train.momentum"]).toEqual(float(0, 0.99));
  expect(sgd.space["model.dropout"]).toEqual(float(0, 0.5));
  expect(sgd.space).not.toHaveProperty(["model.layers"]);
  expect(deriveSpace(parameters, { fix: ["layers=1"] }).space).not.toHaveProperty(["model.dropout"]);
});

test.each([
  ["train.lr=log:1e-5..1e-1", "train.lr", float(1e-5, 1e-1, { log: true })],
  ["lr=1e-5..1e-1", "train.lr", float(1e-5, 1e-1)],
  ["lr=float:0.1..0.5:step=0.2", "train.lr", float(0.1, 0.5, { step: 0.2 })],
  ["model.hidden_size=int:16..128:log", "model.hidden_size", int(16, 128, { log: true })],
  ["hidden-size=int:16..128:step=8", "model.hidden_size", int(16, 128, { step: 8 })],
  ["hidden_size=log:16..128", "model.hidden_size", int(16, 128, { log: true })],
  ["hidden_size=16..500", "model.hidden_size", int(16, 500)],
  ["hidden_size=16,32,64", "model.hidden_size", categorical([16, 32, 64])],
  ["train.optimizer=adamw,sgd", "train.optimizer", categorical(["adamw", "sgd"])],
  ["train.optimizer", "train.optimizer", categorical(["adamw", "adam", "sgd"])],
  ["head=linear,mlp", "model.head", categorical(["linear", "mlp"])],
  ["data.features", "data.features", categorical(["all", "soh"])],
  ["data.features=all,soh,soh+capacity", "data.features", categorical(["all", "soh", "soh+capacity"])],
  ["window=10..40", "data.window", int(10, 40)],
  ["epochs=int:5..50", "train.epochs", int(5, 50)],
])("--search %s", (text, name, distribution) => {
  expect(asking(text).space[name]).toEqual(distribution);
});

test("a boolean is searched by its values, under its condition", () => {
  const { space } = asking("nesterov=true,false", "optimizer");
  expect(space["train.nesterov"]).toEqual(categorical([true, false], { when: { "train.optimizer": "sgd" } }));
});

test.each([
  ["hidden_size=int:16..1024", /1024 is outside what model.hidden_size takes: a whole number, 1 to 512/],
  ["hidden_size=float:16..128", /model.hidden_size takes whole numbers, as in model.hidden_size=int:LOW..HIGH/],
  ["lr=0..1", /0 is outside what train.lr takes: a number, above 0 and at most 1/],
  ["lr=log:0..1", /a log range needs low > 0/],
  ["lr=1..0.1", /low must not be above high/],
  ["lr=log:1e-5..", /"1e-5.." is no range LOW..HIGH; a distribution is LOW..HIGH/],
  ["lr=0.1..0.5:lg", /unknown "lg"/],
  ["lr=0.1..0.5:step=x", /step=x is no number/],
  ["lr=", /expected NAME or NAME=DISTRIBUTION/],
  ["lr=0.1,,0.2", /a choice is empty/],
  ["lr=0.1,0.1", /a choice occurs twice/],
  ["optimizer=adamw,adamax", /invalid value "adamax" for train.optimizer: expected one of adamw, adam, sgd/],
  ["optimizer=0..3", /0 is outside what train.optimizer takes: one of adamw, adam, sgd/],
  ["train.lrr=0..1", /^unknown-parameter: unknown parameter "train.lrr": did you mean "train.lr"\?/],
  ["head", /model.head has no distribution of its own; give one, as in model.head=linear,mlp/],
  ["horizon=1..50", /^not-searchable: data.horizon cannot be searched: it defines the task/],
  ["data.horizon", /^not-searchable/],
  ["split_seed=1..5", /a seed is no setting to tune/],
  ["dataset=dummy,nasa", /the dataset defines the task/],
  ["metric=val_rmse,val_mae", /the metric defines the task/],
  ["model=lstm,mlp", /--model lstm,mlp/],
  ["momentum=0..0.5", /^inactive-parameter: .*train.momentum is only active when train.optimizer = sgd/],
])("--search %s is refused in one line", (text, wanted) => {
  expect(message(() => asking(text))).toMatch(wanted);
});

test("a name both searched and fixed, or searched twice, is a mistake; a file gives way to options", () => {
  expect(message(() => deriveSpace(parameters, { search: ["lr"], fix: ["lr=0.1"] }))).toContain(
    "both searched and fixed",
  );
  expect(message(() => asking("lr", "train.lr=0.1..1"))).toContain("searched twice");
  const base = { search: ["train.lr=0.5..1"], fixed: { "model.layers": 3 } };
  const { space, fixed } = deriveSpace(parameters, { base, fix: ["lr=0.1"], search: ["layers=1,2"] });
  expect(fixed).toEqual({ "train.lr": 0.1 });
  expect(space["model.layers"]).toEqual(categorical([1, 2]));
  expect(space["model.dropout"]).toEqual(float(0, 0.5, { when: { "model.layers": 2 } }));
});

test("fixed values are checked; a name alone is fixed at its default", () => {
  expect(deriveSpace(parameters, { fix: ["lr", "epochs=50"], fixed: { "data.horizon": 5 } }).fixed).toEqual({
    "data.horizon": 5,
    "train.lr": 1e-3,
    "train.epochs": 50,
  });
  expect(message(() => deriveSpace(parameters, { fix: ["epochs=0"] }))).toContain("a whole number, at least 1");
  expect(message(() => deriveSpace(parameters, { fixed: { "train.epochs": "many" } }))).toContain('"many"');
});

test("several models: the model is searched, shared parameters stay one, the others get a branch each", () => {
  const both = [
    ...qualifyModels([
      { name: "lstm", parameters: lstm },
      { name: "mlp", parameters: mlp },
    ]),
    ...rest,
  ];
  const { space } = deriveSpace(both, { models: ["lstm", "mlp"] });
  expect(space).toEqual({
    model: categorical(["lstm", "mlp"]),
    "model.lstm.hidden_size": int(8, 128, { log: true, when: { model: "lstm" } }),
    "model.layers": int(1, 3),
    "model.dropout": float(0, 0.5, { when: { model: "lstm", "model.layers": [2, 3] } }),
    "model.mlp.hidden_size": int(8, 256, { log: true, when: { model: "mlp" } }),
    "model.activation": categorical(["relu", "tanh"], { when: { model: "mlp" } }),
    "train.lr": float(1e-4, 1e-1, { log: true }),
  });
  const fixed = deriveSpace(both, {
    models: ["lstm", "mlp"],
    fix: ["model.hidden_size=64"],
    search: ["activation"],
  });
  expect(fixed.fixed).toEqual({ "model.lstm.hidden_size": 64, "model.mlp.hidden_size": 64 });
  const one = deriveSpace(both, { models: ["lstm", "mlp"], search: ["lstm.hidden_size=4..8"] });
  expect(one.space["model.lstm.hidden_size"]).toEqual(int(4, 8, { when: { model: "lstm" } }));
  expect(one.space["model.mlp.hidden_size"]).toEqual(int(8, 256, { log: true, when: { model: "mlp" } }));
});

test("a trial of a several-model study runs with the chosen model's own names", () => {
  const both = [
    ...qualifyModels([
      { name: "lstm", parameters: lstm },
      { name: "mlp", parameters: mlp },
    ]),
    ...rest,
  ];
  const fixed = { "model.mlp.hidden_size": 64, "model.head": "mlp", "train.epochs": 5 };
  const trial = { model: "lstm", "model.lstm.hidden_size": 16, "data.features": "soh+capacity" };
  expect(runParameters(both, fixed, trial)).toEqual({
    model: "lstm",
    params: { "model.hidden_size": 16, "model.head": "mlp", "train.epochs": 5, "data.features": ["soh", "capacity"] },
  });
  expect(runParameters(both, fixed, { model: "mlp" }).params).toEqual({ "model.hidden_size": 64, "train.epochs": 5 });
  expect(runParameters(parameters, {}, { "train.lr": 0.1 }, "lstm")).toEqual({
    model: "lstm",
    params: { "train.lr": 0.1 },
  });
});

test("a plain objective's space is declared by its module and --search", () => {
  const base = { kind: categorical(["a", "b"]), x: float(0, 1, { when: { kind: "a" } }), n: int(1, 9) };
  expect(
    declareSpace(base, { search: ["x=0..2", "y=log:1e-3..1", "flag=true,false", "m=2,4"], fix: ["n=20"] }),
  ).toEqual({
    space: {
      kind: categorical(["a", "b"]),
      x: float(0, 2, { when: { kind: "a" } }),
      y: float(1e-3, 1, { log: true }),
      flag: categorical([true, false]),
      m: categorical([2, 4]),
    },
    fixed: { n: 20 },
  });
  expect(declareSpace(base, { fix: ["kind=b"] }).space).toEqual({ n: int(1, 9) });
  expect(declareSpace(base, { search: ["n=2..4"] }).space["n"]).toEqual(int(2, 4));
  expect(message(() => declareSpace(base, { search: ["x=0..2"], fix: ["kind=b"] }))).toContain(
    "--search x: it is only active when kind = a, which this space never has",
  );
  expect(message(() => declareSpace(base, { search: ["z"] }))).toContain('unknown parameter "z"');
  expect(message(() => declareSpace(base, { fix: ["kind=c"] }))).toContain("expected one of a, b");
  expect(message(() => declareSpace(base, { search: ["n=1..2"], fix: ["n=1"] }))).toContain("both searched and fixed");
});

test("a circle of conditions and a condition on nothing are named", () => {
  const circle = { a: int(0, 1, { when: { b: 1 } }), b: int(0, 1, { when: { a: 1 } }) };
  expect(message(() => declareSpace(circle))).toMatch(/the conditions of a -> b -> a form a cycle/);
  expect(message(() => declareSpace({ a: int(0, 1, { when: { c: 1 } }) }))).toContain("a depends on c");
});

test("the table has a row for what is searched and what is fixed; its option column parses back", () => {
  const { space, fixed } = deriveSpace(parameters, { search: ["optimizer=sgd,adam"], fix: ["epochs=50"] });
  const rows = spaceTable(space, fixed);
  expect(rows.find((r) => r.name === "train.momentum")).toEqual({
    name: "train.momentum",
    type: "float",
    values: "0 to 0.99",
    scale: "",
    count: null,
    when: "train.optimizer = sgd",
    option: "train.momentum=float:0..0.99",
  });
  expect(rows.find((r) => r.name === "model.hidden_size")).toMatchObject({ scale: "log", count: 121 });
  expect(rows.at(-1)).toMatchObject({ name: "train.epochs", type: "fixed", values: "50", option: "train.epochs=50" });
  expect(
    deriveSpace(parameters, { search: rows.filter((r) => r.type !== "fixed").map((r) => r.option) }).space,
  ).toEqual(space);
});

test.each([
  float(0.1, 0.7, { step: 0.2 }),
  float(0, 4, { step: 1 }),
  float(1e-7, 1, { log: true }),
  int(-3, 9, { step: 4 }),
  categorical(["a..b", "c"]),
])("a distribution's text reads back: %o", (distribution) => {
  const text = `x=${formatDistribution(distribution)}`;
  expect(
    parseDistribution(splitSearch(text), { type: distribution.type === "categorical" ? "enum" : distribution.type }),
  ).toEqual(distribution);
});

test("a study file's requests give way to options in a plain objective's space too", () => {
  const base = { search: ["x=0..1", "y=0..1"], fixed: { n: 3 } };
  const space = { n: int(1, 9) };
  expect(declareSpace(space, { base, search: ["x=0..5", "n"], fix: ["y=0.5"] })).toEqual({
    space: { n: int(1, 9), x: float(0, 5) },
    fixed: { y: 0.5 },
  });
  expect(declareSpace(space, { base })).toEqual({ space: { x: float(0, 1), y: float(0, 1) }, fixed: { n: 3 } });
});

test("a parameter whose condition means another one in each model is not shared", () => {
  const withChoices = (...choices: [string, ...string[]]) =>
    z.object({
      activation: parameter(z.enum(choices).default("relu"), {
        description: "activation",
        search: { distribution: categorical(choices), default: true },
      }),
      slope: parameter(z.number().min(0).max(1).default(0.1), {
        description: "of the negative part",
        search: { distribution: float(0, 0.3), default: true },
        when: { activation: "leaky" },
      }),
    });
  const models = [
    { name: "a", parameters: withChoices("relu", "leaky") },
    { name: "b", parameters: withChoices("relu", "tanh", "leaky") },
  ];
  const { space } = deriveSpace(qualifyModels(models), { models: ["a", "b"] });
  expect(space["model.a.slope"]?.when).toEqual({ model: "a", "model.a.activation": "leaky" });
  expect(space["model.b.slope"]?.when).toEqual({ model: "b", "model.b.activation": "leaky" });
  expect(space).not.toHaveProperty(["model.slope"]);
});

// The numbers are NumPy's: geomspace(1e-4, 1e-1, 4), linspace(0, 0.5, 5), geomspace(16, 128, 4), linspace(1, 4, 7) rounded.
test.each([
  ["log:1e-4..1e-1:points=4", "float", [0.0001, 0.001, 0.01, 0.1]],
  ["0..0.5:points=5", "float", [0, 0.125, 0.25, 0.375, 0.5]],
  ["16..128:log:points=4", "int", [16, 32, 64, 128]],
  ["int:1..4:points=7", "int", [1, 2, 3, 4]],
] as const)("%s is a choice of values at equal distances", (range, type, choices) => {
  expect(parseDistribution(splitSearch(`x=${range}`), { type })).toEqual(categorical([...choices]));
});

test.each([
  ["0..1:points=1", "points=1 is no whole number from 2 to 1000"],
  ["0..1:points=2.5", "points=2.5 is no whole number from 2 to 1000"],
  ["0..1:points=x", "points=x is no number"],
  ["0..1:step=0.1:points=3", "step and points exclude each other"],
  ["0..1:point=3", 'unknown "point=3"'],
])("%s is refused", (range, why) => {
  expect(() => parseDistribution(splitSearch(`x=${range}`))).toThrow(`--search x=${range}: ${why}`);
});
