/** What is typed about studies as a whole: copied, renamed, noted, archived, looked after, watched. */
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createStudy } from "../../../src/app/create-study.js";
import { readStudy } from "../../../src/app/read-study.js";
import { main } from "../../../src/cli/program.js";
import { float } from "../../../src/core/index.js";
import { JsonFileStorage } from "../../../src/storage/json-file/index.js";
import { created, finished, header, started } from "../../../src/testing/study-records.js";
import { runningTrial, waitingTrial } from "../../../src/testing/trials.js";
import { Sink } from "../../fixtures/cli/typed.js";

let storage: string;
beforeEach(async () => {
  storage = await mkdtemp(join(tmpdir(), "mlbench-studies-"));
});
afterEach(() => rm(storage, { recursive: true, force: true }));

/** Runs a command on the storage. */
async function typed(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const [stdout, stderr] = [new Sink(), new Sink()];
  const code = await main([...argv, "--storage", storage], { stdout, stderr });
  return { code, out: stdout.text, err: stderr.text };
}

async function study(name: string, trials = 2): Promise<void> {
  const made = await createStudy({ name, storage, space: { x: float(0, 1) }, seed: 1, sampler: "random" });
  await made.optimize((trial) => trial.params.x, { trials });
}

const file = (name: string): string => join(storage, `${name}.json`);

test("studies are copied and renamed; what cannot be is told in a line", async () => {
  await study("lab");
  expect(await typed("study", "copy", "lab", "lab-b")).toEqual({
    code: 0,
    out: `copied lab to lab-b: ${file("lab-b")}\n`,
    err: "",
  });
  expect(await typed("study", "rename", "lab-b", "lab-c")).toEqual({
    code: 0,
    out: `renamed lab-b to lab-c: ${file("lab-c")}\n`,
    err: "",
  });
  expect((await typed("studies", "--format", "value")).out).toBe("lab\nlab-c\n");
  const shown = (await typed("show", "lab-c")).out;
  expect(shown).toMatch(/^copy of {2}lab \(created \d{4}-\d\d-\d\d \d\d:\d\d UTC, revision 4\)$/m);
  expect(await typed("study", "rename", "lab", "lab-c")).toMatchObject({
    code: 2,
    err: expect.stringContaining('"lab-c" exists already') as string,
  });
  expect(await typed("study", "copy", "lab")).toMatchObject({
    code: 2,
    err: expect.stringContaining("study copy lab NAME") as string,
  });
  const far = join(storage, "far");
  expect(await typed("study", "copy", file("lab"), "--to-storage", far)).toMatchObject({
    code: 0,
    out: `copied lab to lab: ${join(far, "lab.json")}\n`,
  });
});

test("a note is shown by show and studies, and taken back by an empty one", async () => {
  await study("lab");
  expect((await typed("study", "note", "lab", "cell 3\nwas unplugged")).out).toBe("lab: noted\n");
  expect((await typed("show", "lab")).out).toContain("\nnote     cell 3\n         was unplugged\n");
  expect(JSON.parse((await typed("show", "lab", "--format", "json")).out)).toMatchObject({
    note: "cell 3\nwas unplugged",
    archived_at: null,
    copied_from: null,
  });
  const [head, row] = (await typed("studies")).out.split("\n");
  expect([head?.trimEnd().endsWith("note"), row?.trimEnd()]).toEqual([
    true,
    expect.stringMatching(/ {2}cell 3\b.*was unplugged$/),
  ]);
  expect(JSON.parse((await typed("studies", "--format", "json")).out)).toMatchObject([
    { note: "cell 3\nwas unplugged", archived_at: null },
  ]);
  // The only study there is needs no name; words without quotes are no text.
  expect((await typed("study", "note", "")).out).toBe("lab: no note\n");
  expect((await typed("studies")).out).not.toContain("note");
  expect(await typed("study", "note", "lab", "cell", "3")).toMatchObject({
    code: 2,
    err: expect.stringContaining("quotes") as string,
  });
});

test("an archived study is left out of the list, says so, and comes back", async () => {
  await study("lab");
  await study("old");
  expect((await typed("study", "archive", "old")).out).toBe(
    `archived old; to bring it back: mlbench-hpo study unarchive old --storage ${storage}\n`,
  );
  const list = await typed("studies");
  expect(list.out).not.toContain("old");
  expect(list.err).toBe("and 1 archived (--all shows them)\n");
  expect((await typed("studies", "--all", "--format", "value")).out).toBe("lab\nold\n");
  expect((await typed("studies", "--archived", "--format", "value")).out).toBe("old\n");
  expect(JSON.parse((await typed("studies", "--format", "json")).out)).toMatchObject([{ name: "lab" }]);
  expect((await typed("show", "old")).out).toMatch(/^archived \d{4}-\d\d-\d\d \d\d:\d\d UTC; /m);
  expect(await typed("optimize", "old", "--trials", "1")).toMatchObject({
    code: 2,
    err: expect.stringContaining("study unarchive old") as string,
  });
  // Where no name is typed, the only one that is not archived is meant.
  expect(await typed("show")).toMatchObject({ code: 0, out: expect.stringMatching(/^lab: /) as string });
  await typed("study", "archive", "lab");
  expect((await typed("show")).err).toContain("name one of lab, old");
  expect((await typed("studies")).out).toContain("but 2 archived (--all shows them)");
  expect((await typed("study", "unarchive", "old")).out).toBe("old is back\n");
  expect((await typed("studies", "--format", "value")).out).toBe("old\n");
});

test("doctor without a name looks at every study, and mends every one", async () => {
  for (const name of ["a", "b", "c"]) await study(name);
  const whole = await typed("doctor");
  expect([whole.code, whole.out]).toEqual([0, "a: no damage found\nb: no damage found\nc: no damage found\n"]);
  expect(JSON.parse((await typed("doctor", "--format", "json")).out)).toEqual([]);
  const text = await (await import("node:fs/promises")).readFile(file("b"), "utf8");
  await writeFile(file("b"), text.replace('"seed": 1,', '"seed": 2,'));
  await writeFile(join(storage, "blank.json"), "");
  const found = await typed("doctor");
  expect(found.code).toBe(1);
  expect(found.out).toMatch(
    /^a: no damage found\ndamage {2}b\.json, line \d+: .*\ndamage {2}blank\.json: .*it is empty.*\nc: no damage found\n$/,
  );
  expect(found.err).toBe(`repair: mlbench-hpo doctor b --repair --storage ${storage}\n`);
  expect(JSON.parse((await typed("doctor", "--format", "json")).out)).toMatchObject([
    { study: "b", severity: "damage" },
    { study: "blank", code: "blank" },
  ]);
  // One that cannot be mended keeps no other from being mended.
  const mended = await typed("doctor", "--repair");
  expect([mended.code, mended.out.match(/no damage found, nothing to repair/g)?.length]).toEqual([1, 2]);
  expect((await readStudy({ name: "b", storage })).header.seed).toBe(1);
  await rm(join(storage, "blank.json"));
  expect(JSON.parse((await typed("doctor", "--repair", "--format", "json")).out)).toMatchObject([
    { study: "a" },
    { study: "b" },
    { study: "c" },
  ]);
});

test("what a copy that died has left is named by doctor, and removed", async () => {
  await study("a");
  const dead = {
    pid: 999_999,
    start: "1",
    boot: "b",
    host: "h",
    since: "2026-01-02T03:04:05.000Z",
    work: "copy",
    nonce: "n",
  };
  const { realProcessView } = await import("../../../src/storage/json-file/process-identity.js");
  const lock = { ...realProcessView.self, ...{ pid: dead.pid, since: dead.since, work: "copy", nonce: "n" } };
  await writeFile(join(storage, "half.lock"), `${JSON.stringify(lock)}\n`);
  const found = await typed("doctor");
  expect(found.code).toBe(0);
  expect(found.out).toContain(
    "a: no damage found\nnote    half.lock: left by a process that died while it was to copy this study",
  );
  expect((await typed("doctor", "half", "--repair")).out).toContain('removed what was left under "half"');
  expect((await readdir(storage)).filter((name) => name.startsWith("half"))).toEqual([]);
});

test("hints and warnings: CSV, values beyond the search, too many workers, weights of an objective", async () => {
  await study("lab");
  expect(await typed("trials", "lab", "--format", "csv")).toMatchObject({
    code: 2,
    err: expect.stringContaining("export --to csv") as string,
  });
  expect(await typed("trials", "lab", "--format", "xml")).toMatchObject({
    code: 2,
    err: expect.stringContaining("table, json") as string,
  });
  expect(await typed("enqueue-trial", "lab", "--set", "x=5")).toEqual({
    code: 0,
    out: "enqueued trial 2\n",
    err: "warning: x = 5 is outside the searched range 0 to 1\n",
  });
  expect((await typed("enqueue-trial", "lab", "--set", "x=0.5")).err).toBe("");
  expect((await typed("best-trial", "lab", "--checkpoint")).err).toContain(
    'study "lab" has an objective: there are no weights',
  );
  const cores = availableParallelism();
  const module = join(storage, "objective.mjs");
  await writeFile(
    module,
    "export const space = { x: { type: 'float', low: 0, high: 1 } };\nexport default async () => 1;\n",
  );
  await createStudy({ name: "own", storage, objective: module });
  const many = await typed("optimize", "own", "--trials", "0", "--workers", String(4 * cores + 1));
  expect(many.err).toContain(`warning: --workers ${4 * cores + 1}: this machine has ${cores} core`);
  expect((await typed("optimize", "own", "--trials", "0", "--workers", String(4 * cores))).err).toBe("");
});

test("a study that is being optimized says how to watch and how to end that", async () => {
  await study("lab");
  const writer = await new JsonFileStorage({ directory: storage }).openWriter("lab", { work: "optimize" });
  const { code, err } = await typed("optimize", "lab", "--trials", "1");
  expect(code).toBe(1);
  expect(err).toContain(`is being optimized by process ${process.pid}`);
  expect(err).toContain(`watch it with \`mlbench-hpo show lab --storage ${storage} --watch\``);
  expect(err).toContain(`end it with \`mlbench-hpo stop lab --storage ${storage}\``);
  await writer.close();
});

test("show says of trials whose process has gone that nobody runs them", async () => {
  const writer = await new JsonFileStorage({ directory: storage }).create(header("left"));
  await writer.append(created(runningTrial(0)), created(runningTrial(1, { owner: "external" })));
  expect((await typed("show", "left")).out).not.toContain("nobody runs");
  await writer.close();
  expect((await typed("show", "left")).out).toContain("\nnobody runs trial 0: ");
});

/** A command that goes on, with what it has printed. */
function running(...argv: string[]): { stdout: Sink; code: Promise<number> } {
  const stdout = new Sink();
  return { stdout, code: main([...argv, "--storage", storage], { stdout, stderr: stdout }) };
}

test("show --watch tells a pipe each change in a line, as JSON the whole, and ends with its reader", async () => {
  const writer = await new JsonFileStorage({ directory: storage }).create(header("lab"));
  const [words, json] = [running("show", "lab", "--watch"), running("show", "lab", "--watch", "--format", "json")];
  await words.stdout.until("trials   none");
  await json.stdout.until("\n");
  await writer.append(created(runningTrial(0)), finished(0, 0.25));
  await words.stdout.until("lab: 1 complete; best trial 0: 0.25; optimized now by process");
  await json.stdout.until('"complete":1');
  await writer.append({ type: "study-annotated", note: "seen", archived_at: null });
  await json.stdout.until('"note":"seen"');
  await writer.close();
  await words.stdout.until("best trial 0: 0.25\n");
  for (const { stdout } of [words, json]) stdout.destroy();
  expect(await Promise.all([words.code, json.code])).toEqual([0, 0]);
  const lines = json.stdout.text.trim().split("\n");
  expect(lines.map((line) => (JSON.parse(line) as { name: string }).name)).toEqual(lines.map(() => "lab"));
  // A note changes no word of the line.
  expect(words.stdout.text.match(/^lab: 1 complete; .*optimized now/gm)).toHaveLength(1);
});

test("logs --follow waits for a waiting trial, prints what it prints, and ends with it", async () => {
  const files = new JsonFileStorage({ directory: storage });
  const writer = await files.create(header("lab"));
  await writer.append(created(waitingTrial(0)));
  const [words, json] = [running("logs", "lab", "0", "-f"), running("logs", "lab", "0", "-f", "--format", "json")];
  await words.stdout.until("trial 0: it waits; its log comes when it runs\n");
  await json.stdout.until("\n");
  await writer.append(started(0));
  await files.artifacts("lab").write(0, "log.txt", [Buffer.from("one\ntwo")]);
  await words.stdout.until("one\ntwo");
  await json.stdout.until('"one"');
  await writer.append(finished(0, 0.5));
  expect(await Promise.all([words.code, json.code])).toEqual([0, 0]);
  const events = json.stdout.text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as object);
  expect(events).toEqual([
    { event: "state", number: 0, state: "waiting", abandoned: false },
    { event: "state", number: 0, state: "running", abandoned: false },
    { event: "line", number: 0, text: "one" },
    ...[
      { event: "line", number: 0, text: "two" },
      { event: "state", number: 0, state: "complete", abandoned: false },
    ],
  ]);
  await writer.close();
  expect((await typed("logs", "lab", "0", "--format", "json")).out).toBe(
    '{"event":"line","number":0,"text":"one"}\n{"event":"line","number":0,"text":"two"}\n',
  );
  expect((await typed("logs", "lab", "0", "--follow")).out).toBe("one\ntwo");
});
