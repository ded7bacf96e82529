import { chown, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { findProjectFile, pathFromProject } from "../../../src/app/find-project-file.js";
import { checkProjectConfig } from "../../../src/app/project-file.js";
import { commandPaths, commands } from "../../../src/cli/commands/index.js";
import { Command } from "commander";
import { emptyFolder } from "../../fixtures/app/small-studies.js";

async function tree(files: Readonly<Record<string, string>>, folders: readonly string[] = []): Promise<string> {
  const root = await emptyFolder();
  for (const folder of folders) await mkdir(join(root, folder), { recursive: true });
  for (const [file, text] of Object.entries(files)) await writeFile(join(root, file), text);
  return root;
}

describe("which project file holds", () => {
  test("the current folder's, whatever lies above", async () => {
    const root = await tree({ "mlbench-hpo.config.yaml": "" }, [".git", "a"]);
    await writeFile(join(root, "a", "mlbench-hpo.config.mjs"), "");
    expect(findProjectFile(join(root, "a")).found?.shown).toBe("mlbench-hpo.config.mjs");
  });

  test("inside of a repository the nearest above, to the folder with .git and no further", async () => {
    const root = await tree({ "mlbench-hpo.config.json": "{}" }, ["repo/.git", "repo/a/b"]);
    expect(findProjectFile(join(root, "repo", "a", "b")).found).toBeNull();
    await writeFile(join(root, "repo", "mlbench-hpo.config.yaml"), "");
    expect(findProjectFile(join(root, "repo", "a", "b")).found).toEqual({
      path: join(root, "repo", "mlbench-hpo.config.yaml"),
      shown: "../../mlbench-hpo.config.yaml",
    });
    await writeFile(join(root, "repo", "a", "mlbench-hpo.config.json"), "{}");
    expect(findProjectFile(join(root, "repo", "a", "b")).found?.shown).toBe("../mlbench-hpo.config.json");
  });

  test("outside of a repository none but the current folder's", async () => {
    const root = await tree({ "mlbench-hpo.config.yaml": "" }, ["a"]);
    expect(findProjectFile(join(root, "a"))).toEqual({ found: null, passedOver: [] });
    expect(findProjectFile(root).found?.shown).toBe("mlbench-hpo.config.yaml");
  });

  test("no code of a folder above, which is said", async () => {
    const root = await tree({ "mlbench-hpo.config.mjs": "" }, [".git", "a"]);
    const { found, passedOver } = findProjectFile(join(root, "a"));
    expect(found).toBeNull();
    expect(passedOver).toEqual(["../mlbench-hpo.config.mjs does not hold: code is only run from the current folder"]);
  });

  test("no other user's of a folder above, which is said", async (context) => {
    if (process.getuid?.() !== 0) context.skip("only root can give a file away");
    const root = await tree({ "mlbench-hpo.config.yaml": "" }, [".git", "a"]);
    await chown(join(root, "mlbench-hpo.config.yaml"), 12345, 12345);
    const { found, passedOver } = findProjectFile(join(root, "a"));
    expect(found).toBeNull();
    expect(passedOver).toEqual(["../mlbench-hpo.config.yaml does not hold: it belongs to another user"]);
  });

  test("two in a folder are refused with both names, and so is a name that is not read", async () => {
    const root = await tree({ "mlbench-hpo.config.json": "{}", "mlbench-hpo.config.mjs": "" });
    expect(() => findProjectFile(root)).toThrow(/has mlbench-hpo\.config\.json and mlbench-hpo\.config\.mjs/);
    const other = await tree({ "mlbench-hpo.config.yml": "" });
    expect(() => findProjectFile(other)).toThrow(/mlbench-hpo\.config\.yml is not read: a project file is/);
  });

  test("a folder of that name is none", async () => {
    const root = await tree({}, ["mlbench-hpo.config.json"]);
    expect(findProjectFile(root).found).toBeNull();
  });
});

test("paths start at the file's folder; URLs and absolute paths stay", () => {
  expect(pathFromProject("/repo", "studies", "/repo/a/b")).toBe("../../studies");
  expect(pathFromProject("/repo", "a/b", "/repo/a/b")).toBe(".");
  expect(pathFromProject("/repo", "./studies", "/repo")).toBe("./studies");
  for (const kept of ["/data/studies", "redis://host/1", "file:/x"])
    expect(pathFromProject("/repo", kept, "/a")).toBe(kept);
});

test("the published schema and the program's agree", async () => {
  const schema = JSON.parse(
    await readFile(new URL("../../../docs/reference/schemas/project-file.json", import.meta.url), "utf8"),
  ) as object;
  const valid = new Ajv2020({ allowUnionTypes: true }).compile(schema);
  const cases: readonly [config: unknown, holds: boolean][] = [
    [{}, true],
    [
      {
        $schema: "x",
        storage: "s",
        plugins: ["./p.mjs"],
        defaults: { train: { plot: true, set: { "train.lr": 0.1 } } },
      },
      true,
    ],
    [{ defaults: { optimize: { workers: 2, search: ["a=1..2", 3] } } }, true],
    [{ storag: "s" }, false],
    [{ storage: 3 }, false],
    [{ storage: "" }, false],
    [{ plugins: "x" }, false],
    [{ defaults: { optimize: { workers: null } } }, false],
    [{ defaults: { optimize: { workers: [true] } } }, false],
    [{ defaults: { optimize: { set: { a: { b: 1 } } } } }, false],
    [[], false],
  ];
  for (const [config, holds] of cases) {
    expect(valid(config), JSON.stringify(config)).toBe(holds);
    const check = (): unknown => checkProjectConfig(config, "f", commandPaths);
    if (holds) expect(check()).toEqual(config);
    else expect(check, JSON.stringify(config)).toThrow(/^f: /);
  }
});

test("every command of a command is listed, so that a project file may have defaults for it", async () => {
  const io = { stdout: process.stdout, stderr: process.stderr };
  for (const { name, subcommands = [], load } of commands) {
    const program = new Command();
    await (
      await load()
    )(program, { io, argv: [name], setExitCode: () => {} });
    const command = program.commands.find((child) => child.name() === name);
    expect(command?.commands.map((child) => child.name()) ?? []).toEqual(subcommands);
  }
});
