import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { commandLine, commitOf, madeBy } from "../../../src/app/made-by.js";
import { withoutSecrets } from "../../../src/core/index.js";
import { emptyFolder } from "../../fixtures/app/small-studies.js";

it.each([
  ["redis://user:hunter2@lab3:6379/0", "redis://***@lab3:6379/0"],
  ["--storage=redis://:hunter2@lab3", "--storage=redis://***@lab3"],
  ["https://ghp_t0ken@github.com/lab/plugin.mjs", "https://***@github.com/lab/plugin.mjs"],
  ["redis://u:p@ss:w@lab3/0", "redis://***@lab3/0"],
  ["redis://u:p/ss?w#d@lab3", "redis://***@lab3"],
  ["a=http://u:1@x,b=http://v:2@y", "a=http://***@x,b=http://***@y"],
  ["http://lab3:7070/x?user=ann&access_token=abc&n=2", "http://lab3:7070/x?user=ann&access_token=***&n=2"],
  ["http://lab3:7070/#token=abc", "http://lab3:7070/#token=***"],
  ["https://s3/x?X-Amz-Signature=abc&X-Amz-Credential=d%2Fe", "https://s3/x?X-Amz-Signature=***&X-Amz-Credential=***"],
  // Nothing that is no secret of a URL.
  ["http://lab3:7070/@scope/plugin.mjs", "http://lab3:7070/@scope/plugin.mjs"],
  ["file:///lab/ann/plugin.mjs", "file:///lab/ann/plugin.mjs"],
  ["--fix=key=1", "--fix=key=1"],
  ["me@lab", "me@lab"],
])("masks the secrets of URLs in a command line: %s", (word, shown) => {
  expect(withoutSecrets(word)).toBe(shown);
});

it("tells a command line as a shell takes it", () => {
  const words = ["create-study", "--search", "train.lr=log:1e-5..1e-1", "--constraint", "a <= 5", "--name", "it's", ""];
  const line = commandLine(["/usr/bin/node", "/opt/lib/node_modules/mlbench-hpo/bin/mlbench-hpo.js", ...words], "/x");
  expect(line).toMatch(/^mlbench-hpo create-study --search train\.lr=log:1e-5\.\.1e-1 --constraint 'a <= 5' /);
  const read = execFileSync("sh", [
    "-c",
    `mlbench_words() { printf '[%s]' "$@"; }; ${line.replace("mlbench-hpo", "mlbench_words")}`,
  ]);
  expect(read.toString()).toBe(words.map((word) => `[${word}]`).join(""));
  expect(commandLine(["node", "/lab/ann/lab/tune.mjs", "--fast"], "/lab/ann/lab")).toBe("node tune.mjs --fast");
  expect(commandLine(["node"], "/")).toBe("node");
});

it("finds the commit of a checkout as git does: a branch, packed references, a worktree, no branch", async () => {
  const folder = await emptyFolder();
  expect(commitOf(folder)).toBeNull();
  const git = (...args: string[]): string => {
    const identity = ["-c", "user.name=ann", "-c", "user.email=ann@lab", "-c", "commit.gpgsign=false"];
    return execFileSync("git", [...identity, ...args], { cwd: folder, stdio: "pipe" })
      .toString()
      .trim();
  };
  git("init", "-q");
  expect(commitOf(folder)).toBeNull();
  await writeFile(join(folder, "a"), "1");
  git("add", "a");
  git("commit", "-qm", "one");
  const first = git("rev-parse", "HEAD");
  expect(commitOf(folder)).toBe(first);
  git("pack-refs", "--all");
  expect(commitOf(folder)).toBe(first);
  git("worktree", "add", "-qb", "side", "tree");
  expect(commitOf(join(folder, "tree"))).toBe(first);
  git("commit", "-qm", "two", "--allow-empty");
  expect(commitOf(folder)).toBe(git("rev-parse", "HEAD"));
  git("checkout", "-q", "--detach", first);
  expect(commitOf(folder)).toBe(first);
});

it("names the kernels that ran, else those of this machine", () => {
  expect(madeBy("none").kernels).toBe("none");
  expect(madeBy()).toMatchObject({
    package: expect.stringMatching(/^mlbench-hpo \d+\.\d+\.\d+/) as string,
    node: process.version,
    kernels: expect.stringMatching(/^(native|relaxed|plain)$/) as string,
  });
});
