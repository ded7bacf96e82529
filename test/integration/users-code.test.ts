import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Trial } from "../../src/core/index.js";
import { emptyFolder, projectRoot, runCli, runHere } from "./cli.js";

const small = ["--set", "data.cells=3", "--set", "data.cycles=60"];

/** A model whose pass is wrong in line 7: it makes one shape of what has another. */
const brokenModel = `
export default ({ models, z, tf, ForwardModel }) => {
  class Broken extends ForwardModel {
    constructor(params, facts) { super(facts, true); this.linear("head", facts.features, facts.horizon); }

    predictNormalised({ x }) {
      return tf.reshape(x, [3, 3]);
    }
  }
  models.register("broken", { summary: "wrong", parameters: z.object({}) })(Broken);
};
`;

const trialsOf = async (cwd: string, study: string): Promise<Trial[]> =>
  JSON.parse((await runHere(["trials", study, "--format", "json"], cwd)).stdout) as Trial[];

test("an error in a plug-in's model is the model's: one line with its file's line", async () => {
  const cwd = await emptyFolder();
  await writeFile(join(cwd, "broken.mjs"), brokenModel);
  const line = ["train", "--plugin", "broken.mjs", "--model", "broken", "--dataset", "dummy", ...small];
  const { code, stderr } = await runCli(line, { cwd });
  expect(stderr).toMatch(
    /^error: model "broken" \(broken\.mjs:7\): Size\(\d+\) must match the product of shape 3,3\n$/,
  );
  expect(code).toBe(2);
  const debugged = await runCli(line, { cwd, env: { MLBENCH_DEBUG: "1" } });
  expect(debugged.stderr).toMatch(/\n +at Broken\.predictNormalised \(.*broken\.mjs:7:\d+\)\n/);
});

test.each(["thread", "process"])("a trial keeps it, its stack in the trial's log (%s)", async (isolation) => {
  const cwd = await emptyFolder();
  await writeFile(join(cwd, "broken.mjs"), brokenModel);
  const line = ["create-study", "--name", "s", "--plugin", "broken.mjs", "--model", "broken", "--dataset", "dummy"];
  await runCli([...line, ...small, "--search", "train.lr=log:1e-4..1e-2"], { cwd });
  await runCli(["optimize", "s", "--trials", "1", "--workers", "1", "--isolation", isolation], { cwd });
  const [trial] = await trialsOf(cwd, "s");
  expect(trial?.failure).toEqual({
    class: "exception",
    message: expect.stringMatching(/^model "broken" \(broken\.mjs:7\): Size\(/) as string,
    where: "broken.mjs:7",
  });
  const log = await runHere(["logs", "0", "--study-name", "s"], cwd);
  // Node's own ten frames would end among ours.
  expect(log.stdout.match(/^ +at /gm)?.length).toBeGreaterThan(20);
  expect(log.stdout).toMatch(/^Error: Size\(.*\n( +at .*\n)+ +at Broken\.predictNormalised \(.*broken\.mjs:7:\d+\)\n/);
});

test("an objective's error stands where it was thrown, with its cause", async () => {
  const cwd = await emptyFolder();
  const objective = `
    export const space = { x: { type: "float", low: 0, high: 1, log: false, step: null } };
    const read = (text) => JSON.parse(text);
    export default () => {
      try { return read("{"); } catch (cause) {
        throw new Error("no table", { cause });
      }
    };
  `;
  await writeFile(join(cwd, "objective.mjs"), objective);
  await runHere(["create-study", "--name", "o", "--objective", "objective.mjs"], cwd);
  await runHere(["optimize", "o", "--trials", "1", "--workers", "1"], cwd);
  expect((await trialsOf(cwd, "o"))[0]?.failure).toEqual({
    class: "exception",
    message: "no table",
    where: "objective.mjs:6",
  });
  const { stdout } = await runHere(["logs", "0", "--study-name", "o"], cwd);
  expect(stdout).toMatch(/^Error: no table\n[^]*objective\.mjs:6:[^]*caused by SyntaxError: [^]*objective\.mjs:3:/);
});

test("a function's error in this process is kept in the same way", async () => {
  const cwd = await emptyFolder();
  const program = `
    import { createStudy, float } from "mlbench-hpo";
    const study = await createStudy({ name: "f", storage: "studies", space: { x: float(0, 1) } });
    await study.optimize(() => {
      throw new Error("not here");
    }, { trials: 1 });
    console.log(JSON.stringify(study.trials[0].failure));
  `;
  await writeFile(join(cwd, "objective.mjs"), `${program}\nexport default () => 1;\nexport const space = {};`);
  // Imported as an objective, it finds the package without being installed.
  const { stdout } = await runCli(["create-study", "--name", "o", "--objective", "objective.mjs"], { cwd });
  expect(stdout.split("\n")[0]).toBe('{"class":"exception","message":"not here","where":"objective.mjs:5"}');
  const log = await runHere(["logs", "0", "--study-name", "f"], cwd);
  expect(log.stdout).toMatch(/^Error: not here\n +at .*objective\.mjs:5:/);
});

test("a syntax error is told with its line, in an objective as well", async () => {
  const cwd = await emptyFolder();
  await writeFile(join(cwd, "objective.mjs"), "export const space = {};\n\nexport default (trial) => trial.params.;\n");
  expect(await runHere(["create-study", "--objective", "objective.mjs"], cwd)).toEqual({
    code: 2,
    stdout: "",
    stderr: expect.stringMatching(/^error: --objective \S*objective\.mjs:3: Unexpected token ';'\n$/) as string,
  });
  await writeFile(join(cwd, "other.mjs"), 'import { nothing } from "./objective2.mjs";');
  await writeFile(join(cwd, "objective2.mjs"), "export const something = 1;");
  expect((await runHere(["models", "--plugin", "other.mjs"], cwd)).stderr).toMatch(
    /^error: plug-in \S*other\.mjs:1: The requested module .* does not provide an export named 'nothing'\n$/,
  );
});

test("TypeScript runs where Node takes it, and elsewhere the way out is one line", async () => {
  const cwd = await emptyFolder();
  const space = 'export const space = { x: { type: "float", low: 0, high: 1, log: false, step: null } };';
  await writeFile(
    join(cwd, "objective.ts"),
    `import type { ObjectiveTrial } from "mlbench-hpo";\n${space}\n` +
      'export default (trial: ObjectiveTrial): number => trial.params["x"] as number;\n',
  );
  await writeFile(join(cwd, "plugin.ts"), "const two: number = 2;\nexport default two;\n");
  const line = ["create-study", "--name", "t", "--objective", "objective.ts", "--plugin", "plugin.ts"];
  if ("typescript" in process.features && process.features.typescript) {
    await runCli(line, { cwd });
    for (const isolation of ["thread", "process"])
      await runCli(["optimize", "t", "--trials", "1", "--workers", "1", "--isolation", isolation], { cwd });
    expect((await trialsOf(cwd, "t")).map(({ state }) => state)).toEqual(["complete", "complete"]);
    const shipped = (file: string): string => join(projectRoot, "examples", "typescript", file);
    const training = ["train", "--plugin", shipped("model.ts"), "--model", "one_layer", "--dataset", "dummy", ...small];
    const metric = ["--plugin", shipped("metric.ts")];
    const trained = await runCli([...training, ...metric, "--epochs", "1"], { cwd });
    expect(trained).toMatchObject({ code: 0, stdout: expect.stringMatching(/^val_mape [\d.]+ %$/m) as string });
    await runCli(["create-study", "--name", "shipped", "--objective", shipped("objective.ts")], { cwd });
    await runCli(["optimize", "shipped", "--trials", "1", "--workers", "1"], { cwd });
    expect((await trialsOf(cwd, "shipped")).map(({ state }) => state)).toEqual(["complete"]);
    return;
  }
  const needs = String.raw`: \.ts files need Node >= 22\.18 \(this is v\d+\.\d+\.\d+\): compile it to JavaScript, or use \.mjs\n$`;
  const refused = await runHere(line, cwd);
  expect(refused).toMatchObject({ code: 2, stdout: "" });
  expect(refused.stderr).toMatch(new RegExp(`^error: plug-in plugin\\.ts${needs}`));
  const objective = await runHere(["create-study", "--objective", "objective.ts"], cwd);
  expect(objective).toMatchObject({ code: 2, stdout: "" });
  expect(objective.stderr).toMatch(new RegExp(`^error: --objective objective\\.ts${needs}`));
});

test("so is that of a plug-in's dataset or sampler, wherever it is met", async () => {
  const cwd = await emptyFolder();
  const plugin = `
    export default ({ datasets, samplers, z }) => {
      const meta = { summary: "wrong", parameters: z.object({}) };
      datasets.register("holes", meta)({ load: async () => null.cells });
      samplers.register("lost", meta)(() => ({ name: "lost", suggest: () => undefined.x }));
    };
  `;
  await writeFile(join(cwd, "parts.mjs"), plugin);
  const space = 'export const space = { x: { type: "float", low: 0, high: 1, log: false, step: null } };';
  await writeFile(join(cwd, "objective.mjs"), `${space}\nexport default () => 1;\n`);
  const parts = ["--plugin", "parts.mjs"];
  for (const line of [
    ["train", "--dataset", "holes"],
    ["datasets", "show", "holes"],
    ["create-study", "--dataset", "holes"],
  ]) {
    const { code, stderr } = await runHere([...line, ...parts], cwd);
    expect(stderr).toMatch(/^error: plug-in \(parts\.mjs:4\): Cannot read properties of null \(reading 'cells'\)\n$/);
    expect(code).toBe(2);
  }
  await runHere(["create-study", "--name", "s", "--objective", "objective.mjs", ...parts, "--sampler", "lost"], cwd);
  const { code, stderr } = await runHere(["optimize", "s", "--trials", "1", "--workers", "1"], cwd);
  expect(stderr).toMatch(/^error: plug-in \(parts\.mjs:5\): Cannot read properties of undefined \(reading 'x'\)\n$/);
  expect(code).toBe(2);
});
