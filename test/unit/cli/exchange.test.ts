/** What is typed to export studies and to take them in. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createStudy } from "../../../src/app/create-study.js";
import { main } from "../../../src/cli/program.js";
import { float } from "../../../src/core/index.js";
import { Sink } from "../../fixtures/cli/typed.js";

let storage: string;
beforeEach(async () => {
  storage = await mkdtemp(join(tmpdir(), "mlbench-exchange-"));
  const study = await createStudy({ name: "lab", storage, space: { x: float(0, 1) }, seed: 1, sampler: "random" });
  await study.optimize((trial) => trial.params.x, { trials: 3 });
  await study.annotate(1, { banned: true });
});
afterEach(() => rm(storage, { recursive: true, force: true }));

/** Runs a command on the storage: its exit code, and what it prints. */
async function typed(...argv: string[]): Promise<[code: number, out: string, err: string]> {
  const [stdout, stderr] = [new Sink(), new Sink()];
  return [await main([...argv, "--storage", storage], { stdout, stderr }), stdout.text, stderr.text];
}

test("a journal is written into a file or printed, and what it does not say is noted; a file that is there stays", async () => {
  const file = join(storage, "lab.log");
  const note = "note: 1 trial banned here: Optuna knows no bans, and may take one for the best\n";
  expect(await typed("export", "lab", "--to", "optuna-journal", "-o", file)).toEqual([0, "", note]);
  const journal = await readFile(file, "utf8");
  expect(await typed("export", "lab", "--to", "optuna-journal")).toEqual([0, journal, note]);
  const [code, , err] = await typed("export", "lab", "--to", "optuna-journal", "-o", file);
  expect([code, err]).toEqual([
    2,
    `error: ${file} is there already, and may hold more than this study: name another file, or replace it with --force\n`,
  ]);
  expect(await typed("export", "lab", "--to", "optuna-journal", "-o", file, "--force")).toEqual([0, "", note]);
  expect(await readFile(file, "utf8")).toBe(journal);
});

test("a study is taken in under another name, and what comes next is said", async () => {
  const file = join(storage, "lab.log");
  await typed("export", "lab", "--to", "optuna-journal", "-o", file);
  const [code, out, err] = await typed("import", file, "--as", "again");
  expect([code, err]).toEqual([0, ""]);
  expect(out.split("\n")).toEqual([
    `imported study again: ${join(storage, "again.json")} (3 trials: 3 complete)`,
    "minimize value; 1 searched: x",
    `next: mlbench-hpo ask again --storage ${storage}, then tell; or import it with --objective FILE or --command LINE to optimize it here`,
    "",
  ]);
  expect(await typed("import", file, "--as", "third", "--format", "value")).toEqual([0, "third\n", ""]);
});

test.each([
  [["--as", "lab"], /^error: study "lab" exists: .*take .* in under another name with --as NAME/],
  [["--as", "new", "--sampler", "tpes"], /^error: .*"tpes".*did you mean "tpe"\?/],
  [["--as", "new", "--sampler", "tpe", "--sampler-option", "nonsense=1"], /^error: .*nonsense/],
  [
    ["--study-name", "lob"],
    /^error: .* has no study "lob": did you mean "lab"\? it has lab; --as names it otherwise here/,
  ],
  [["--study-name", "lab", "--study", "lob"], /^error: two studies are named: lab and lob; name one/],
  [["--as", "new", "--search", "x=0..2"], /^error: search: .* has the study's own settings/],
] as const)("import … %j is refused in a line, and nothing is made", async (options, said) => {
  const file = join(storage, "lab.log");
  await typed("export", "lab", "--to", "optuna-journal", "-o", file);
  const [code, out, err] = await typed("import", file, ...options);
  expect([code, out]).toEqual([2, ""]);
  expect(err).toMatch(said);
  expect(err.trimEnd()).not.toContain("\n");
  expect(await typed("studies", "--format", "value")).toEqual([0, expect.stringMatching(/^[^\n]*lab[^\n]*\n$/), ""]);
});
