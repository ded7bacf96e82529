import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { JsonFileStorage } from "../../../src/storage/json-file/index.js";
import { header } from "../../fixtures/storage/records.js";
import { childPath, startChild } from "./child.js";
import type { Child } from "./child.js";

/** Of many that want a dead owner's lock: three where kills are asked for by the hundred. */
const ROUNDS = process.env["MLBENCH_CRASH_SEEDS"] ? 3 : 1;

let directory: string;
let storage: JsonFileStorage;
let children: Child[];
const lockFile = (): string => join(directory, "a.lock");

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "mlbench-lock-"));
  storage = new JsonFileStorage({ directory });
  children = [];
  await (await storage.create(header("a"))).close();
});
afterEach(async () => {
  for (const child of children) child.process.kill("SIGKILL");
  await Promise.allSettled(children.map((child) => child.ended));
  rmSync(directory, { recursive: true, force: true });
});

function contender(mode = "", env: NodeJS.ProcessEnv = {}): Child {
  const child = startChild(process.execPath, [childPath("lock-child.mjs"), directory, "a", mode], env);
  children.push(child);
  return child;
}

const answered = (child: Child): Promise<void> => child.until("", 1);

describe("the lock", () => {
  it("keeps others out while its owner lives, and names the owner", async () => {
    const owner = contender();
    await owner.until("owner");
    await expect(storage.openWriter("a")).rejects.toMatchObject({
      code: "study-locked",
      owner: { pid: owner.process.pid },
      message: expect.stringContaining(String(owner.process.pid)) as string,
    });
    await expect(storage.delete("a")).rejects.toMatchObject({ code: "study-locked" });
    await expect(storage.repair("a")).rejects.toMatchObject({ code: "study-locked" });
    expect((await storage.inspect("a")).owner).toMatchObject({ pid: owner.process.pid });
    owner.process.stdin?.end();
    await owner.ended;
    expect(existsSync(lockFile())).toBe(false);
    await (await storage.openWriter("a")).close();
  });

  it("of a killed owner is taken over at once", async () => {
    const owner = contender();
    await owner.until("owner");
    owner.process.kill("SIGKILL");
    await owner.ended;
    expect(existsSync(lockFile())).toBe(true);
    expect((await storage.diagnose("a")).map(({ code, message }) => `${code}: ${message}`)).toEqual([
      expect.stringMatching(
        new RegExp(
          `^stale-lock: stale lock \\(process ${owner.process.pid} on .+ has died\\); the next command .* takes over$`,
        ),
      ),
    ]);
    const writer = await storage.openWriter("a");
    expect(await storage.ownerOf("a")).toMatchObject({ pid: process.pid });
    await writer.close();
    expect(readdirSync(directory)).toEqual(["a.json"]);
  });

  it("of a killed owner goes to exactly one of many that want it", async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const owner = contender();
      await owner.until("owner");
      owner.process.kill("SIGKILL");
      await owner.ended;
      // One of them dies in the middle of taking over, which the others must get past.
      const rivals = Array.from({ length: 5 }, (_, i) =>
        contender("", i === 0 ? { MLBENCH_FAILPOINT: "lock-taken:1" } : {}),
      );
      await Promise.all(rivals.map(answered));
      const owners = rivals.filter(({ lines }) => lines[0] === "owner");
      expect(owners.length).toBeLessThanOrEqual(1);
      const killed = rivals[0]?.lines.length === 0;
      if (killed && owners.length === 0) {
        const late = contender();
        await late.until("owner");
        rivals.push(late);
      } else expect(owners).toHaveLength(1);
      for (const rival of rivals) rival.process.stdin?.end();
      await Promise.all(rivals.map(({ ended }) => ended));
    }
  });

  it.skipIf(process.platform !== "linux")(
    "judged dead by one and meanwhile taken over by another stays the other's",
    async () => {
      const owner = contender();
      await owner.until("owner");
      owner.process.kill("SIGKILL");
      await owner.ended;
      const slow = contender("", { MLBENCH_FAILPOINT: "lock-judged:1:stop" });
      await expect
        .poll(() => readFileSync(`/proc/${slow.process.pid}/stat`, "utf8"), { timeout: 10_000 })
        .toContain(") T ");
      const writer = await storage.openWriter("a");
      slow.process.kill("SIGCONT");
      await slow.ended;
      expect(slow.lines).toEqual([`refused study-locked ${process.pid}`]);
      await writer.append({ type: "study-attr", key: "k", value: 1 });
      await writer.close();
    },
  );

  it("of a process whose number another one has now is taken over", async () => {
    const writer = await storage.openWriter("a");
    const lock = JSON.parse(readFileSync(lockFile(), "utf8")) as Record<string, unknown>;
    await writer.close();
    // This process lives; the lock speaks of an earlier one with the same number.
    writeFileSync(lockFile(), JSON.stringify({ ...lock, start: "1" }));
    await (await storage.openWriter("a")).close();
    // A lock of an earlier boot is older than this one.
    const earlier = { boot: "an-earlier-boot", pid: 999_999_999, since: "2000-01-01T00:00:00.000Z" };
    writeFileSync(lockFile(), JSON.stringify({ ...lock, ...earlier }));
    utimesSync(lockFile(), 1, 1);
    if (lock["machine"] !== null) await (await storage.openWriter("a")).close();
    // A living process is one whatever is said of its boot.
    writeFileSync(lockFile(), JSON.stringify({ ...lock, boot: "an-earlier-boot" }));
    if (lock["start"] !== null)
      await expect(storage.openWriter("a")).rejects.toMatchObject({
        code: "study-locked",
        owner: { elsewhere: false },
      });
    writeFileSync(lockFile(), JSON.stringify(lock));
    await expect(storage.openWriter("a")).rejects.toMatchObject({ code: "study-locked" });
  });

  it.skipIf(process.platform !== "linux")(
    "of a killed process that its parent has not looked for is taken over",
    async () => {
      // `sleep` never waits for the child that it inherits from the shell.
      const script = '"$0" "$1" "$2" a hold & exec sleep 60';
      const parent = startChild("sh", ["-c", script, process.execPath, childPath("lock-child.mjs"), directory]);
      children.push(parent);
      await parent.until("owner");
      const { pid } = (await storage.ownerOf("a")) as { pid: number };
      process.kill(pid, "SIGKILL");
      await expect.poll(() => readFileSync(`/proc/${pid}/stat`, "utf8")).toContain(") Z ");
      await (await storage.openWriter("a")).close();
    },
  );

  it("that a power cut left empty is taken over", async () => {
    writeFileSync(lockFile(), "");
    const writer = await storage.openWriter("a");
    await writer.close();
    expect(readdirSync(directory)).toEqual(["a.json"]);
  });
});

describe("a process that ends without closing its study", () => {
  it.each([
    ["at its own end folds it", "end", ["a.json"]],
    ["by process.exit() gives its lock back", "exit", ["a.inbox", "a.journal.jsonl", "a.json"]],
  ])("%s", async (_, how, left) => {
    const child = startChild(process.execPath, [childPath("exit-child.mjs"), directory, how]);
    expect(await child.ended).toBe(0);
    expect(readdirSync(directory)).toEqual(left);
    expect(await storage.ownerOf("a")).toBeNull();
    expect((await storage.read("a")).header.user_attrs).toEqual({ k: 1 });
  });
});

describe("the inbox", () => {
  it("carries a command to the owner, and back when it is durable", async () => {
    const owner = contender("answer");
    await owner.until("owner");
    const answers = await Promise.all(["k1", "k2", "k3"].map((key) => storage.send("a", { key })));
    expect(answers).toEqual([1, 2, 3].map(() => ({ pid: owner.process.pid })));
    expect(Object.keys((await storage.read("a")).header.user_attrs).sort()).toEqual(["k1", "k2", "k3"]);
    owner.process.stdin?.end();
    await owner.ended;
    expect(readdirSync(directory)).toEqual(["a.json"]);
  });

  it("says so when the owner dies before it took the command, and then nothing was done", async () => {
    const owner = contender();
    await owner.until("owner");
    const sent = storage.send("a", { key: "k" });
    const refused = expect(sent).rejects.toMatchObject({ code: "no-owner" });
    await expect.poll(() => inboxFiles().filter((file) => file.endsWith(".command.json")).length).toBe(1);
    owner.process.kill("SIGKILL");
    await refused;
    expect((await storage.read("a")).header.user_attrs).toEqual({});
    expect(inboxFiles()).toEqual([]);
  });

  it.each([
    ["inbox-taken", {}],
    ["inbox-done", { k: expect.any(Number) as number }],
  ])("says so when the owner dies with the command in hand (%s)", async (point, attrs) => {
    const owner = contender("answer", { MLBENCH_FAILPOINT: `${point}:1` });
    await owner.until("owner");
    await expect(storage.send("a", { key: "k" })).rejects.toMatchObject({ code: "owner-died" });
    expect((await storage.read("a")).header.user_attrs).toEqual(attrs);
    expect(inboxFiles()).toEqual([]);
  });

  it("says so when the next owner finds the command in a dead hand", async () => {
    const writer = await storage.openWriter("a");
    const sent = storage.send("a", { n: 1 });
    const died = expect(sent).rejects.toMatchObject({ code: "owner-died" });
    await expect.poll(() => inboxFiles().filter((file) => file.endsWith(".command.json")).length).toBe(1);
    const file = join(directory, "a.inbox", inboxFiles()[0] as string);
    renameSync(file, file.replace(".command.", ".taken."));
    const seen: unknown[] = [];
    writer.receive(async (command) => seen.push(command));
    await died;
    expect(seen).toEqual([]);
    await writer.close();
  });

  it("hands a command that an owner had not taken to the next one, unless its sender is gone", async () => {
    const writer = await storage.openWriter("a");
    const waiting = new JsonFileStorage({ directory }).send("a", { n: 1 });
    await expect.poll(() => inboxFiles().filter((file) => file.endsWith(".command.json")).length).toBe(1);
    const file = inboxFiles()[0] as string;
    const content = JSON.parse(readFileSync(join(directory, "a.inbox", file), "utf8")) as { sender: object };
    writeFileSync(
      join(directory, "a.inbox", "00000000000001-1-aa.command.json"),
      JSON.stringify({ command: { n: 0 }, sender: { ...content.sender, start: "1" } }),
    );
    const seen: unknown[] = [];
    writer.receive(async (command) => {
      seen.push(command);
      return "taken";
    });
    expect(await waiting).toBe("taken");
    expect(seen).toEqual([{ n: 1 }]);
    await writer.close();
  });
});

function inboxFiles(): string[] {
  return existsSync(join(directory, "a.inbox")) ? readdirSync(join(directory, "a.inbox")) : [];
}
