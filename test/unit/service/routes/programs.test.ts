/** Studies over programs, asked for over the network: only what the operator allowed, run like any other. */
import { chmod, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { aHostedService } from "../a-hosted-service.js";

const search = { x: "0..1" };

test("a program below an allowed folder is tuned; one elsewhere, or a shell's line, is not", async () => {
  const { folder, get, refused } = await aHostedService({ mayRun: true });
  const cwd = dirname(folder);
  await writeFile(join(cwd, "run.sh"), `#!/bin/sh\necho "score $1"\n`);
  await chmod(join(cwd, "run.sh"), 0o755);
  const given = { name: "rig", command: "./run.sh {x}", cwd, report_pattern: "score (?<value>.*)", search, seed: 1 };
  const codeOf = async (changed: object) => (await refused("/studies", { body: { ...given, ...changed } })).slice(0, 2);
  expect(await codeOf({ command: ["sh", "-c", "echo {x}"] })).toEqual([403, "not-allowed"]);
  expect(await codeOf({ cwd: "/" })).toEqual([403, "not-allowed"]);
  expect(await refused("/studies", { body: { ...given, shell: true } })).toEqual([
    ...[403, "not-allowed"],
    "shell: ./run.sh {x} would be run by a shell: the service was started without --allow-shell",
  ]);
  expect(await codeOf({ command: "./run.sh {y}" })).toEqual([400, "unknown-parameter"]);

  const asked = { ...given, command: ["./run.sh", "{x}"], dry_run: true };
  const plan = await get("/studies", z.looseObject({ command_line: z.string() }), { body: asked });
  const typed = `mlbench-hpo create-study --study-name rig --command %s --cwd ${cwd} --report-pattern 'score (?<value>.*)'`;
  // The list's line, quoted once more.
  const line = "'./run.sh '\\''{x}'\\'''";
  expect(plan.command_line).toBe(`${typed.replace("%s", () => line)} --search x=0..1 --seed 1 --storage ${folder}`);

  const made = await get("/studies", z.looseObject({ kind: z.string() }), { body: given, status: 201 });
  expect(made.kind).toBe("command");
  await get("/studies/rig/run", z.looseObject({}), { body: { trials: 3 }, status: 202 });
  const run = z.looseObject({ state: z.string() });
  while ((await get("/studies/rig/run", run)).state !== "finished");
  const record = z.looseObject({ params: z.looseObject({ x: z.number() }), value: z.number() });
  const { trials } = await get("/studies/rig/trials", z.looseObject({ trials: z.array(record) }));
  expect(trials.map(({ value }) => value)).toEqual(trials.map(({ params }) => params.x));
  expect(trials.length).toBe(3);
});
