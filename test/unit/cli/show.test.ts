import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { z } from "zod";
import { main } from "../../../src/cli/program.js";
import { float } from "../../../src/core/index.js";
import { parseReference } from "../../../src/app/reference-point.js";
import { createStudy } from "../../../src/app/create-study.js";
import { loadStudy } from "../../../src/app/study.js";
import { storages } from "../../../src/storage/index.js";
import type { LockOwner, StorageFactory } from "../../../src/storage/index.js";
import { newTrial } from "../../../src/study/new-trial.js";
import { nobodyRuns } from "../../../src/cli/trial-table.js";
import { MemoryStorage } from "../../../src/storage/memory.js";

/** A storage whose studies all have one owner. */
class Owned extends MemoryStorage {
  owner: LockOwner | null = null;
  override async inspect(name: string) {
    return { ...(await super.inspect(name)), owner: this.owner };
  }
  override ownerOf() {
    return Promise.resolve(this.owner);
  }
}

const owned = new Owned();
storages.register("owned", { summary: "for this test", parameters: z.strictObject({}) })<StorageFactory>(() => owned);

/** What a command prints. */
async function printed(...argv: string[]): Promise<string> {
  let text = "";
  const sink = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      text += chunk.toString();
      done();
    },
  });
  expect(await main(argv, { stdout: sink, stderr: sink })).toBe(0);
  return text;
}

test("a table of metrics says their units", async () => {
  expect(await printed("describe", "metrics")).toMatch(/^val_rmse +smaller +SOH +built in +root mean square/m);
  expect(await printed("describe", "metrics")).toMatch(/^inference_us +smaller +µs /m);
});

test("who optimizes a study is named whether or not it is a process here", async () => {
  await createStudy({ name: "bowl", storage: owned, space: { x: float(0, 1) }, seed: 1 });
  const since = "2026-01-02T03:04:05.000Z";
  const shown = async (owner: LockOwner | null) => {
    owned.owner = owner;
    return (await printed("show", "bowl", "--storage", "owned:")).match(/^(?:optimized now by|open in) .*$/m)?.[0];
  };
  expect(await shown(null)).toBeUndefined();
  expect(await shown({ since })).toBe("optimized now by another process");
  expect(await shown({ since, pid: 4711, host: "lab3" })).toBe("optimized now by process 4711 on lab3");
  expect(await shown({ since, url: "http://lab3:7070" })).toBe("open in the service: http://lab3:7070/studies/bowl");
});

test("with several objectives the front's hypervolume is shown, up to a point, and how it came about", async () => {
  const study = await createStudy({
    name: "pair",
    storage: owned,
    space: { x: float(0, 4, { step: 1 }) },
    objectives: [{ metric: "cost" }, { metric: "gain", direction: "maximize" }],
    sampler: "grid",
  });
  owned.owner = null;
  // (0, 0), (1, 3), (2, 3), (3, 9) and, infeasible, (4, 100).
  const gains = [0, 3, 3, 9, 100];
  await study.optimize(
    (trial) => {
      trial.setConstraint("x", trial.params["x"] - 3);
      return [trial.params["x"], gains[trial.params["x"]] as number];
    },
    { trials: 5 },
  );
  await study.close();
  const of = ["pair", "--storage", "owned:"];
  const shown = async (...more: string[]) =>
    JSON.parse(await printed("show", ...of, "--format", "json", ...more)) as object;
  // The front is 0, 1 and 3: up to (3.3, -.9), (3 - 1) x .9 + ... by hand: stairs from the left.
  const value = (1 - 0) * 0.9 + (3 - 1) * 3.9 + 0.3 * 9.9;
  const { hypervolume } = (await shown()) as { hypervolume: { value: number; reference: number[] } };
  expect(hypervolume.reference).toEqual([expect.closeTo(3.3, 9), expect.closeTo(-0.9, 9)]);
  expect(hypervolume.value).toBeCloseTo(value, 9);
  const reference = ["--reference", "gain=0, cost=4"];
  expect(await shown(...reference)).toMatchObject({ front: [0, 1, 3], hypervolume: { value: 15, reference: [4, 0] } });
  const text = await printed("show", ...of, ...reference);
  expect(text).toContain("\nvolume   hypervolume 15 up to cost 4, gain 0\n");
  expect(text).toContain("\nhypervolume by finished trials\n");
  expect(await printed("best-trial", ...of)).toContain(
    `\nhypervolume ${value.toPrecision(4)} up to cost 3.3, gain -0.9\n`,
  );
});

test.each([
  ["cost=1", /gain is missing/],
  ["cost=1,gain=x", /"gain=x": expected METRIC=NUMBER/],
  ["cost=1,gian=2", /unknown metric "gian": did you mean "gain"/],
  ["cost=1,cost=2,gain=3", /cost is named twice/],
])("a reference point %s is refused in a line", (text, message) => {
  const objectives = [
    { metric: "cost", direction: "minimize" },
    { metric: "gain", direction: "maximize" },
  ] as const;
  expect(() => parseReference(text, objectives)).toThrow(message);
  expect(() => parseReference("cost=1", objectives.slice(0, 1))).toThrow(/is for several objectives/);
});

test("a dry run of a pruner is shown with what it would have saved", async () => {
  const pruner = { name: "threshold", options: { upper: 0.5 } };
  const study = await createStudy({
    ...{ name: "dry", storage: owned, space: { x: float(0, 1) }, seed: 1, direction: "maximize" },
    ...{ pruner, dryRunPruner: true },
  });
  owned.owner = null;
  await study.optimize(
    (trial) => {
      const x = Number(trial.params["x"]);
      for (const step of [1, 2, 3, 4]) trial.report(x, step);
      return x;
    },
    { trials: 6 },
  );
  // Each trial above 0.5, the best one among them, would have ended at the first of its four reports.
  const above = study.trials.filter(({ params }) => Number(params["x"]) > 0.5).length;
  expect(above).toBeGreaterThan(0);
  expect(above).toBeLessThan(6);
  const line = `dry run +${above} trials? would have been pruned, saving ${3 * above} of 24 steps .*; the best one among them$`;
  expect(await printed("show", "dry", "--storage", "owned:")).toMatch(new RegExp(line, "m"));
  const shown = JSON.parse(await printed("show", "dry", "--storage", "owned:", "--format", "json")) as object;
  expect(shown).toMatchObject({ dry_run: { pruned: above, steps_saved: 3 * above, best_pruned: true } });
});

test("notes, tags and bans are shown by show and trials, and exported", async () => {
  const study = await createStudy({ name: "said", storage: owned, space: { x: float(0, 1) }, seed: 1 });
  owned.owner = null;
  await study.optimize((trial) => trial.params["x"], { trials: 4 });
  const best = study.bestTrial?.number ?? -1;
  const [first, second] = study.trials.map(({ number }) => number).filter((number) => number !== best);
  await study.annotate(first as number, { note: "unplugged\nat noon", tags: ["lab 3", "redo"], banned: true });
  await study.annotate(best, { note: "looks right" });
  await study.annotate(second as number, { note: "for a while" });
  await study.annotate(second as number, { note: "" });
  await study.close();
  const of = ["said", "--storage", "owned:"];
  const annotations = {
    [String(first)]: { note: "unplugged\nat noon", tags: ["lab 3", "redo"], banned: true },
    [String(best)]: { note: "looks right", tags: [], banned: false },
  };
  const lines = [`trial ${first}: banned [lab 3] [redo] unplugged at noon`, `trial ${best}: looks right`];
  const shown = await printed("show", ...of);
  expect(shown.split("\n").filter((line) => / {2,}trial \d+: [bl]/.test(line))).toEqual(
    // By number.
    [...(Number(first) < best ? lines : lines.reverse())].map(
      (line, i) => (i === 0 ? "notes    " : " ".repeat(9)) + line,
    ),
  );
  expect(JSON.parse(await printed("show", ...of, "--format", "json"))).toMatchObject({ annotations });

  const table = (await printed("trials", ...of)).split("\n");
  expect(table.find((line) => line.includes("banned [lab 3] [redo] unplugged at noon"))).toMatch(/\bcomplete\b/);
  const records = JSON.parse(await printed("trials", ...of, "--format", "json")) as { annotation?: object }[];
  expect(records.map(({ annotation }) => annotation)).toEqual(records.map((_, number) => annotations[String(number)]));
  expect(await printed("best-trial", ...of)).toContain("\n  looks right\n");

  const whole = JSON.parse(await printed("export", ...of, "--to", "json")) as { annotations: object; trials: object[] };
  expect(whole.annotations).toEqual(annotations);
  expect(whole.trials.some((trial) => "annotation" in trial)).toBe(false);
  const rows = (await printed("export", ...of, "--to", "csv")).trim().split(/\r?\n(?=\d|$)/);
  expect(rows[0]).toMatch(/,annotation\.note,annotation\.tags,annotation\.banned,owner,slot$/);
  expect(rows[best + 1]).toMatch(/,looks right,\[\],false,[^,]*,[^,]*$/);
});

test("a trial of a process that has gone is said to run no more; one that is out, or whose process is there, is not", async () => {
  const study = await createStudy({ name: "left", storage: owned, space: { x: float(0, 1) }, seed: 1 });
  const { header } = study;
  const writer = await owned.openWriter("left");
  for (const [number, owner] of ["lab3/1", "external"].entries())
    await writer.append({
      type: "trial-created",
      trial: newTrial(header, number, { x: 0.5 }, { state: "running", owner }),
    });
  await writer.close();
  owned.owner = null;
  const of = ["trials", "left", "--storage", "owned:"];
  const said = "nobody runs trial 0: the process has gone, and the next optimize reruns it first";
  expect(await printed(...of)).toContain(`${said}\n`);
  expect(await printed(...of, "--state", "waiting")).not.toContain("nobody runs");
  expect(await printed(...of, "--format", "json")).not.toContain("nobody runs");
  owned.owner = { since: "2026-01-02T03:04:05.000Z", pid: 4711, host: "lab3" };
  expect(await printed(...of)).not.toContain("nobody runs");
  owned.owner = null;
});

test("what is kept with a study is shown, and when studies were created is told in UTC", async () => {
  owned.owner = null;
  const study = await createStudy({ name: "kept", storage: owned, space: { x: float(0, 1) }, seed: 1 });
  await study.setUserAttr("owner", { lab: [1, null] });
  await study.setUserAttr("why", "two\nlines");
  await study.close();
  const shown = (await printed("show", "kept", "--storage", "owned:")).split("\n");
  expect(shown.filter((line) => line.includes(" = "))).toEqual([
    'attrs    owner = {"lab":[1,null]}',
    String.raw`         why = "two\nlines"`,
  ]);
  const { created_at } = study.header;
  const [head, ...rows] = (await printed("studies", "--storage", "owned:")).split("\n");
  expect(head).toMatch(/ created \(UTC\)$/);
  expect(rows.find((row) => row.startsWith("kept "))).toContain(created_at.slice(0, 16).replace("T", " "));
});

test("what a service runs of a study is shown", async () => {
  owned.owner = null;
  const study = await createStudy({ name: "asked", storage: owned, space: { x: float(0, 1) }, seed: 1 });
  const of = ["show", "asked", "--storage", "owned:"];
  expect(await printed(...of)).not.toMatch(/^run /m);
  expect(JSON.parse(await printed(...of, "--format", "json"))).toMatchObject({ run: null });
  const wanted = { state: "paused", total_trials: 40, timeout_s: null, workers: 2, weight: 1, options: {} } as const;
  const run = { ...wanted, started_at: "2026-01-02T03:04:05.000Z", ended_at: null, stopped_by: null, error: null };
  await study.keepRun(run);
  await study.close();
  expect(await printed(...of)).toMatch(/^run {6}paused in a service: up to 40 trials, at most 2 at once$/m);
  expect(JSON.parse(await printed(...of, "--format", "json"))).toMatchObject({ run });
  const again = await loadStudy({ name: "asked", storage: owned });
  const error = { code: "storage-full", message: "no space\nleft" };
  await again.keepRun({ ...run, state: "failed", total_trials: null, workers: null, ended_at: run.started_at, error });
  await again.close();
  expect(await printed(...of)).toMatch(/^run {6}failed in a service: ended 2026-01-02 03:04.*, no space left$/m);
});

test("a study of which nobody says anything has no notes", async () => {
  await createStudy({ name: "silent", storage: owned, space: { x: float(0, 1) }, seed: 1 });
  const of = ["silent", "--storage", "owned:"];
  expect(await printed("show", ...of)).not.toMatch(/^notes/m);
  expect(JSON.parse(await printed("export", ...of, "--to", "json"))).toMatchObject({ annotations: {} });
  expect(await printed("export", ...of, "--to", "csv")).not.toContain("annotation");
});

test("several trials that nobody runs are told in the plural", () => {
  const said = "nobody runs trials 4, 5: the process has gone, and the next optimize reruns them first";
  expect(nobodyRuns([4, 5])).toBe(said);
});
