import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ObjectiveTrial } from "../../../src/core/index.js";
import { InlineExecutor } from "../../../src/executors/inline.js";
import { openStudyHost } from "../../../src/host/index.js";
import type { Run, StudyHost, StudyHostOptions } from "../../../src/host/index.js";
import { JsonFileStorage } from "../../../src/storage/json-file/index.js";

const MODULE = `export const space = { x: { type: "float", low: 0, high: 1 } };
export default async (trial) => trial.params.x;
`;

let folder: string;
const hosts: StudyHost[] = [];

/** A gate that trials wait at, so that a test decides when they end. */
class Gate {
  #open: () => void = () => undefined;
  #passed: Promise<void>;
  constructor() {
    this.#passed = new Promise((resolve) => (this.#open = resolve));
  }
  open(): void {
    this.#open();
  }
  get passed(): Promise<void> {
    return this.#passed;
  }
}

interface Made extends Partial<StudyHostOptions> {
  readonly objective?: (trial: ObjectiveTrial) => number | Promise<number>;
  readonly places?: number;
}

async function makeHost({ objective = (trial) => trial.params["x"] as number, places = 2, ...more }: Made = {}) {
  const executor = new InlineExecutor({ objective, slots: places });
  const host = await openStudyHost({
    storage: join(folder, "studies"),
    executor,
    graceMs: 100,
    allow: [folder],
    ...more,
  });
  hosts.push(host);
  return host;
}

async function withStudy(host: StudyHost, name: string): Promise<void> {
  await host.create({ name, objective: join(folder, "objective.mjs"), seed: 1 });
}

/** Waits until the run of a study is as it should be. */
async function runBecomes(host: StudyHost, name: string, is: (run: Run) => boolean): Promise<Run> {
  const view = await host.view(name);
  try {
    return await new Promise<Run>((resolve) => {
      const look = (): void => {
        if (view.run && is(view.run)) resolve(view.run);
      };
      view.subscribe(look);
      look();
    });
  } finally {
    view.release();
  }
}

const ended = (run: Run): boolean => run.ended_at !== null;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "host-"));
  await writeFile(join(folder, "objective.mjs"), MODULE);
});

afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.close({ graceMs: 0 })));
});

describe("a study host", () => {
  it("makes a study, runs it to its goal, and shows it", async () => {
    const host = await makeHost();
    await withStudy(host, "a");
    expect(await host.create({ name: "a", objective: join(folder, "objective.mjs"), seed: 1 })).toEqual({
      created: false,
      name: "a",
    });
    const run = await host.startRun("a", { total_trials: 5 });
    expect(run).toMatchObject({ state: "running", total_trials: 5, weight: 1, workers: null, ended_at: null });
    const over = await runBecomes(host, "a", ended);
    expect(over).toMatchObject({ state: "finished", stopped_by: "total-trials", places: 0, error: null });
    const { studies } = await host.list();
    expect(studies).toMatchObject([{ here: true, run: { state: "finished" }, summary: { name: "a", counted: 5 } }]);
    await host.close();
    const { header } = await new JsonFileStorage({ directory: join(folder, "studies") }).read("a");
    expect(header.run).toMatchObject({ state: "finished", total_trials: 5, stopped_by: "total-trials" });
  });

  it("pauses and resumes, and what is wanted is in the file when it is answered", async () => {
    const gate = new Gate();
    const host = await makeHost({ objective: async () => (await gate.passed, 1), places: 1 });
    await withStudy(host, "a");
    await host.startRun("a", { trials: 3 });
    expect(await host.changeRun("a", { state: "paused" })).toMatchObject({ state: "paused", total_trials: 3 });
    const storage = new JsonFileStorage({ directory: join(folder, "studies") });
    expect((await storage.read("a")).header.run).toMatchObject({ state: "paused" });
    gate.open();
    await host.changeRun("a", { state: "running" });
    expect(await runBecomes(host, "a", ended)).toMatchObject({ state: "finished", stopped_by: "total-trials" });
  });
});
