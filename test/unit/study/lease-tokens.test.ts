import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createStudy } from "../../../src/app/create-study.js";
import { exportTrials } from "../../../src/app/export-study.js";
import { loadStudy } from "../../../src/app/study.js";
import type { OptimizeEvent, StudyEvent } from "../../../src/core/index.js";
import { float } from "../../../src/core/index.js";
import { migratorFrom } from "../../../src/storage/migrations/index.js";
import type { Study } from "../../../src/study/study.js";
import { emptyFolder } from "../../fixtures/app/small-studies.js";
import { square } from "../../fixtures/study/studies.js";

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

async function stored(directory: string): Promise<Study> {
  return createStudy({ storage: directory, name: "leased", space: { x: float(-5, 5) }, seed: 1, pruner: "nop" });
}

/** The text of every file of a folder. */
async function textsIn(directory: string): Promise<string> {
  const files = (await readdir(directory, { withFileTypes: true, recursive: true })).filter((entry) => entry.isFile());
  const texts = await Promise.all(files.map(({ parentPath, name }) => readFile(join(parentPath, name), "utf8")));
  return texts.join("\n");
}

describe("a lease's token", () => {
  it("is told to the one who asked: neither files, records, exports, events nor followers have it", async () => {
    const directory = await emptyFolder();
    const study = await stored(directory);
    await study.enqueueTrial({ x: 1 });
    const tokens: string[] = [];
    const heard: unknown[] = [];
    const onEvent = (event: OptimizeEvent): void => void heard.push(event);
    const kinds: string[] = [];
    const following = (async () => {
      for await (const { event } of study.follow({ from: 0 })) {
        heard.push(event);
        if (event) kinds.push(event.type);
        if (event?.type === "study-attr") break;
      }
    })();
    await study.optimize(
      async (trial) => {
        for (let i = 0; i < 2; i++) tokens.push((await study.ask({ lease: 60 })).lease?.token as string);
        heard.push(await textsIn(directory));
        await study.report(1, { lease: tokens[0], step: 1, value: 1 });
        await study.tell(1, { lease: tokens[0], value: 1 });
        return square(trial);
      },
      { trials: 2, onEvent },
    );
    heard.push(await textsIn(directory), study.trials, [...(await exportTrials(study, "json"))]);
    await study.setUserAttr("last", true);
    await following;
    await study.close();
    const text = JSON.stringify(heard);
    expect(tokens.map((token) => token.length)).toEqual([22, 22]);
    expect(kinds).toEqual(expect.arrayContaining(["trial-created", "trial-finished"]));
    for (const token of tokens) expect(text).not.toContain(token);
    expect(study.trials.map(({ lease }) => lease)).toEqual([
      null,
      ...tokens.map((token) => ({ sha256: sha256(token), seconds: 60 })),
    ]);
  });

  it("cannot be stood in for by what records have", async () => {
    const study = await stored(await emptyFolder());
    await study.ask({ lease: 60 });
    const lease = study.trials[0]?.lease?.sha256 as string;
    const lost = { code: "lease-lost" };
    await expect(study.report(0, { lease, step: 1, value: 1 })).rejects.toMatchObject(lost);
    await expect(study.tell(0, { lease, value: 1 })).rejects.toMatchObject(lost);
    await expect(study.heartbeat(0, { lease: 7 as unknown as string })).rejects.toMatchObject(lost);
    await study.close();
  });

  it("that a file holds is good for its holder, and read as its hash", async () => {
    const directory = await emptyFolder();
    const first = await stored(directory);
    const lease = (await first.ask({ lease: 60 })).lease?.token as string;
    // Its record is never touched again, and yet written in the hash's form.
    const idle = (await first.ask({ lease: 60 })).lease?.token as string;
    await first.close();
    const file = join(directory, "leased.json");
    const text = (await readFile(file, "utf8"))
      .replace(`"lease":{"sha256":"${sha256(lease)}"`, `"lease":{"token":"${lease}"`)
      .replace(`"lease":{"sha256":"${sha256(idle)}"`, `"lease":{"token":"${idle}"`)
      .replace(/,\n"line_checksums": "[^"]*"/, "")
      .replace(/"checksum": "[^"]*"/, `"checksum": "${"0".repeat(64)}"`);
    for (const token of [lease, idle]) expect(text).toContain(token);
    await writeFile(file, text.replace("0".repeat(64), sha256(text)));
    const study = await loadStudy({ storage: directory, name: "leased" });
    expect(study.trials[0]?.lease).toEqual({ sha256: sha256(lease), seconds: 60 });
    expect(await study.report(0, { lease, step: 1, value: 1 })).toBe("continue");
    expect(await study.tell(0, { lease, value: 1 })).toMatchObject({ state: "complete", value: 1 });
    await study.close();
    for (const token of [lease, idle]) expect(await textsIn(directory)).not.toContain(token);
  });

  it("that a journal holds is read as its hash, too", () => {
    const migrator = migratorFrom(2);
    const event = migrator.event.bind(migrator);
    const trial = migrator.trial.bind(migrator);
    const [given, kept] = [
      { token: "t", seconds: 5 },
      { sha256: sha256("t"), seconds: 5 },
    ];
    const started = { type: "trial-started", number: 0, owner: "external" };
    expect(event({ ...started, lease: given })).toEqual({ ...started, lease: kept });
    expect(event({ type: "trial-created", trial: { number: 0, lease: given } })).toEqual({
      type: "trial-created",
      trial: { number: 0, lease: kept },
    });
    for (const other of [started, { ...started, lease: null }, { ...started, lease: kept }] as unknown as StudyEvent[])
      expect(event(other as never)).toBe(other);
    // Damage is for others to find.
    expect([null, { lease: 7 }].map((record) => trial(record as never))).toEqual([null, { lease: 7 }]);
    expect(event({ type: "trial-created" })).toEqual({ type: "trial-created" });
  });
});
