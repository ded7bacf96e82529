/** The completion scripts in the shells that they are written for: a process at each key, which is why `npm test` leaves them out. */
import { execFile, spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, expect, test } from "vitest";
import { completionShells } from "../../src/cli/completion-scripts.js";
import { projectRoot, runHere } from "./cli.js";

const example = join(projectRoot, "examples", "objective.mjs");
const run = promisify(execFile);
let cwd = "";

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "mlbench-hpo-shells-"));
  for (const name of ["lab-one", "lab-two", "other"])
    await runHere(["create-study", "--objective", example, "--name", name], cwd);
  await mkdir(join(cwd, "bin"));
  await symlink(join(projectRoot, "bin", "mlbench-hpo.js"), join(cwd, "bin", "mlbench-hpo"));
  await writeFile(join(cwd, "weights.safetensors"), "");
  return () => rm(cwd, { recursive: true, force: true });
});

/** The shell's own answers, by its own functions, for each line. */
const shells: Readonly<Record<string, { script: string; args: string[] }>> = {
  bash: {
    args: ["--norc", "-c"],
    script: `source <(mlbench-hpo completion bash)
      complete -p mlbench-hpo
      answer() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _mlbench_hpo; echo "$(printf '%s ' "\${COMPREPLY[@]}")"; }
      answer mlbench-hpo opti; answer mlbench-hpo show la; answer mlbench-hpo optimize --kernels = re
      answer mlbench-hpo evaluate wei; answer mlbench-hpo --storage stu`,
  },
  zsh: {
    args: ["-f", "-c"],
    // Outside of the line editor zsh's own builtins cannot be called: what they are handed is shown.
    script: `autoload -U compinit; compinit -u -D
      source <(mlbench-hpo completion zsh)
      print -r -- "$_comps[mlbench-hpo]"
      _describe() { print -r -- "\${(@)described%%:*}" }
      _files() { print -r -- files "$@" }
      answer() { words=("$@"); CURRENT=$#; _mlbench_hpo }
      answer mlbench-hpo opti; answer mlbench-hpo show la; answer mlbench-hpo optimize --kernels=re
      answer mlbench-hpo evaluate wei; answer mlbench-hpo --storage stu`,
  },
  fish: {
    args: ["--no-config", "-c"],
    script: `mlbench-hpo completion fish | source
      for line in "opti" "show la" "optimize --kernels=re" "evaluate wei" "--storage stu"
        echo (complete -C "mlbench-hpo $line" | string replace -r '\\t.*' '')
      end`,
  },
};

test.each(completionShells)(
  "%s, run for real",
  async (shell) => {
    if (spawnSync(shell, ["--version"]).error) return void console.warn(`skipped: ${shell} is not installed`);
    const { args, script } = shells[shell] as { args: string[]; script: string };
    const env = { ...process.env, PATH: `${join(cwd, "bin")}:${process.env["PATH"]}`, HOME: cwd };
    const { stdout, stderr } = await run(shell, [...args, script], { cwd, env });
    expect(stderr).toBe("");
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.trim());
    const registered = { bash: ["complete -F _mlbench_hpo mlbench-hpo"], zsh: ["_mlbench_hpo"], fish: [] }[shell];
    const zsh = shell === "zsh";
    expect(lines).toEqual([
      ...registered,
      "optimize",
      "lab-one lab-two",
      shell === "bash" ? "relaxed" : "--kernels=relaxed",
      zsh ? "files" : "weights.safetensors",
      zsh ? "files -/" : shell === "fish" ? "studies/" : "studies",
    ]);
  },
  60_000,
);
