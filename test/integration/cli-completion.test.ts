import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { commands } from "../../src/cli/commands/index.js";
import { projectRoot, runCli, runHere } from "./cli.js";

const example = join(projectRoot, "examples", "objective.mjs");
let cwd = "";

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "mlbench-hpo-tab-"));
  for (const name of ["lab-one", "lab-two", "other"])
    await runHere(["create-study", "--objective", example, "--name", name], cwd);
  await writeFile(join(cwd, "weights.safetensors"), "");
  return () => rm(cwd, { recursive: true, force: true });
});

afterEach(() => vi.unstubAllEnvs());

/** The words that may stand for the last one; zsh gets whole words, bash those behind `=`. */
async function words(shell: string, ...line: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await runHere(["complete", shell, "--", ...line], cwd);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout.split("\n").flatMap((text) => (text === "" ? [] : [text.split("\t")[0] as string]));
}

describe("what may follow", () => {
  const visible = commands.filter(({ hidden }) => !hidden).map(({ name }) => name);
  test.each<[line: string[], expected: string[]]>([
    [["opt"], ["optimize"]],
    [[""], [...visible, "help"]],
    [["help", "tra"], ["train"]],
    [["-q", "--storage", "studies", "del"], ["delete-study"]],
    [
      ["show", "lab"],
      ["lab-one", "lab-two"],
    ],
    [["show", "--study-name", "o"], ["other"]],
    [["show", "--study-name=o"], ["--study-name=other"]],
    [["--storage", "none", "show", ""], []],
    [["optimize", "--worke"], ["--workers"]],
    [["optimize", "--sampl"], []],
    [["optimize", "-q", "--verb"], ["--verbose"]],
    [["optimize", "--kernels", "re"], ["relaxed"]],
    [["optimize", "--kernels=re"], ["--kernels=relaxed"]],
    [
      ["optimize", "--isolation", ""],
      ["thread", "process"],
    ],
    [["optimize", "--trials", ""], []],
    [["trials", "--storage", ""], [":folders"]],
    [["studies", "--log-file", ""], [":files"]],
    [
      ["logs", "lab"],
      ["lab-one", "lab-two"],
    ],
    [["logs", "lab-one", ""], []],
    [["trial", "ba"], ["ban"]],
    [["trial", "ban", "--stu"], ["--study-name"]],
    [["datasets", "sh"], ["show"]],
    [
      ["datasets", "show", "nasa"],
      ["nasa", "nasa_cc", "nasa_cc_discharge"],
    ],
    [["datasets", "show", "csv", "--pat"], ["--path"]],
    [["datasets", "download", ""], ["nasa"]],
    [["describe", "sch"], ["scheduler"]],
    [["describe", "model", "g"], ["gru"]],
    [["train", "--model", "ls"], ["lstm"]],
    [["train", "--model", "gru", "--hidden"], ["--hidden-size"]],
    [
      ["train", "--optimizer", "a"],
      ["adamw", "adam"],
    ],
    [
      ["train", "--set", "train.ep"],
      [":nospace", "train.epochs=", "train.eps="],
    ],
    [["train", "--dataset", "csv", "--path", ""], [":files"]],
    [["create-study", "--sampler", "t"], ["tpe"]],
    [
      ["create-study", "--config", "nasa-m"],
      ["nasa-mlp", ":files"],
    ],
    [["evaluate", ""], [":files"]],
    [["completion", "f"], ["fish"]],
    [["nosuch", "x"], []],
    [["train", "--nosuch=x"], []],
  ])("%j", async (line, expected) => {
    expect((await words("zsh", ...line)).sort()).toEqual([...expected].sort());
  });

  test("bash splits at the equals sign, and replaces what stands behind it", async () => {
    expect(await words("bash", "optimize", "--kernels", "=", "re")).toEqual(["relaxed"]);
    expect(await words("bash", "optimize", "--kernels", "=", "")).toEqual([
      "auto",
      "native",
      "relaxed",
      "plain",
      "none",
    ]);
    expect(await words("bash", "optimize", "--kernels", "=", "plain", "--worker")).toEqual(["--workers"]);
  });

  test("studies are those of the environment's and of the project file's storage; no code is run for it", async () => {
    vi.stubEnv("MLBENCH_HPO_STORAGE", "none");
    expect(await words("zsh", "show", "")).toEqual([]);
    vi.stubEnv("MLBENCH_HPO_STORAGE", "");
    await mkdir(join(cwd, "p"));
    await writeFile(join(cwd, "p", "mlbench-hpo.config.yaml"), "storage: ../studies\nplugins: [./no-such.mjs]");
    const { stdout } = await runHere(["complete", "zsh", "--", "show", "l"], join(cwd, "p"));
    expect(stdout).toBe("lab-one\nlab-two\n");
    await mkdir(join(cwd, "q"));
    // An error would only mean no answer: what is run leaves a mark.
    const marked = `import { writeFileSync } from "node:fs"; writeFileSync(new URL("ran", import.meta.url), "");`;
    for (const file of ["mlbench-hpo.config.mjs", "plugin.mjs"]) await writeFile(join(cwd, "q", file), marked);
    for (const line of [
      ["show", "l"],
      ["train", "--plugin", "plugin.mjs", "--model", "zz"],
    ]) {
      const answer = await runHere(["complete", "zsh", "--", ...line], join(cwd, "q"));
      expect(answer).toEqual({ code: 0, stdout: "", stderr: "" });
    }
    expect(existsSync(join(cwd, "q", "ran"))).toBe(false);
  });

  test("names of models and studies come without TensorFlow.js, the pool and charts", async () => {
    const trace = join(cwd, "trace.mjs");
    await writeFile(
      trace,
      `import { register } from "node:module";
       register("data:text/javascript," + encodeURIComponent(\`
         import { writeSync } from "node:fs";
         export async function load(url, context, next) { writeSync(2, "loads " + url + "\\\\n"); return next(url, context); }
       \`));`,
    );
    for (const line of [
      ["show", ""],
      ["train", "--model", ""],
    ]) {
      const { stdout, stderr } = await runCli(["complete", "bash", "--", ...line], {
        cwd,
        nodeArgs: ["--import", trace],
      });
      expect(stdout).not.toBe("");
      expect(stderr).toContain("cli/complete.js");
      expect(stderr.match(/vendor\/tfjs|piscina|echarts|simple-ascii-chart|cli-progress/g) ?? []).toEqual([]);
    }
  });
});

test("a shell that is not known is refused", async () => {
  expect(await runHere(["completion", "tcsh"], cwd)).toMatchObject({ code: 2, stdout: "" });
});
