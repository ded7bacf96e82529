/**
 * Programs in processes of their own evaluate trials of three studies while some of them, and twice the service, are killed
 * with -9: every run ends with exactly its trials, nothing that was acknowledged is lost, nothing is counted twice.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { createStudy, float, JsonFileStorage } from "../../../dist/index.js";
import type { Trial } from "../../../dist/index.js";
import { freePort } from "../../fixtures/free-port.js";

/** How many programs; `.ci/full` has 64, of which 16 are killed. */
const CLIENTS = Number(process.env["MLBENCH_CHAOS_CLIENTS"] ?? 12);
const VICTIMS = Math.ceil(CLIENTS / 4);
const TRIALS = Math.ceil(CLIENTS * 1.5);
const LEASE_S = 6;
const STEP_MS = 150;
const STUDIES = ["one", "two", "three"];

interface Line {
  readonly at: number;
  readonly said: "asked" | "reported" | "told" | "dropped";
  readonly study: string;
  readonly number: number;
  readonly attempt: number;
  readonly step?: number;
  readonly value?: number;
}

interface Client {
  readonly child: ChildProcess;
  readonly lines: Line[];
  killedAt: number | null;
}

const fixture = (name: string): string => fileURLToPath(new URL(`../../fixtures/service/${name}`, import.meta.url));

async function startService(storage: string, port: number) {
  const child = spawn(process.execPath, [fixture("serve-child.mjs"), storage, String(port)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  return { child, openedAt: Date.now(), ...(JSON.parse(line) as { readonly url: string; readonly token: string }) };
}

const keyOf = ({ study, number, attempt }: Pick<Line, "study" | "number" | "attempt">): string =>
  `${study}/${number}/${attempt}`;

/** A client with a trial in hand. */
function holds({ lines, killedAt, child }: Client): boolean {
  return killedAt === null && child.exitCode === null && ["asked", "reported"].includes(lines.at(-1)?.said ?? "");
}

test(
  `${CLIENTS} programs, of which ${VICTIMS} are killed, and a service that is killed twice`,
  { timeout: 300_000 },
  async () => {
    const storage = await mkdtemp(join(tmpdir(), "chaos-"));
    const port = await freePort();
    for (const name of STUDIES) {
      const sampler = name === "one" ? "tpe" : "random";
      const study = await createStudy({ name, storage, space: { x: float(-5, 5) }, sampler, pruner: "nop", seed: 1 });
      await study.close();
    }
    let service = await startService(storage, port);
    const openings = [service.openedAt];
    const clients: Client[] = [];
    onTestFinished(async () => {
      for (const { child } of [...clients, service]) child.kill("SIGKILL");
      await rm(storage, { recursive: true, force: true, maxRetries: 5 });
    });
    const { url, token } = service;
    for (const name of STUDIES) {
      const made = await fetch(`${url}/api/v1/studies/${name}/run`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: JSON.stringify({ total_trials: TRIALS, max_attempts: 50 }),
      });
      expect(made.status).toBe(202);
    }

    let told = 0;
    const hearing = new Set<() => void>();
    /** Resolves when so many trials were told. */
    const until = (count: number): Promise<void> =>
      new Promise((resolve) => {
        const look = (): void => {
          if (told < count) return;
          hearing.delete(look);
          resolve();
        };
        hearing.add(look);
        look();
      });
    for (let i = 0; i < CLIENTS; i++) {
      const words = [fixture("outside-client.mjs"), url, token, String(LEASE_S), String(STEP_MS), ...STUDIES];
      const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
      const client: Client = { child, lines: [], killedAt: null };
      clients.push(client);
      createInterface({ input: child.stdout }).on("line", (text) => {
        const line = JSON.parse(text) as Line;
        client.lines.push(line);
        if (line.said === "told") told += 1;
        for (const look of [...hearing]) look();
      });
    }
    const ended = clients.map(({ child }) => once(child, "close"));
    const killClients = (count: number): void => {
      for (const client of clients.filter(holds).slice(0, count)) {
        client.child.kill("SIGKILL");
        client.killedAt = Date.now();
      }
    };
    const killService = async (): Promise<void> => {
      service.child.kill("SIGKILL");
      await once(service.child, "exit");
      service = await startService(storage, port);
      openings.push(service.openedAt);
    };
    const all = TRIALS * STUDIES.length;
    await until(all * 0.15);
    killClients(Math.ceil(VICTIMS / 2));
    await until(all * 0.3);
    await killService();
    await until(all * 0.45);
    killClients(Math.floor(VICTIMS / 2));
    await killService();
    await Promise.all(ended);
    expect(clients.filter(({ killedAt }) => killedAt !== null)).toHaveLength(VICTIMS);
    expect(clients.flatMap(({ child, killedAt }) => (killedAt === null ? [child.exitCode] : []))).toEqual(
      Array(CLIENTS - VICTIMS).fill(0),
    );
    service.child.kill("SIGTERM");
    await once(service.child, "exit");

    const files = new JsonFileStorage({ directory: storage });
    const records = new Map<string, Trial>();
    for (const name of STUDIES) {
      const { trials, counts } = await files.read(name);
      expect([name, trials.length, counts]).toEqual([
        name,
        TRIALS,
        { waiting: 0, running: 0, complete: TRIALS, pruned: 0, failed: 0 },
      ]);
      expect(await files.diagnose(name)).toEqual([]);
      for (const trial of trials) records.set(`${name}/${trial.number}`, trial);
    }
    const wrong: string[] = [];
    const handedTo = new Map<string, Client>();
    const endedBy = new Map<string, string>();
    for (const client of clients)
      for (const line of client.lines) {
        const { said, study, number, attempt, step, value } = line;
        const record = records.get(`${study}/${number}`) as Trial;
        if (said === "asked" && handedTo.has(keyOf(line))) wrong.push(`${keyOf(line)} was handed out twice`);
        if (said === "asked") handedTo.set(keyOf(line), client);
        if (said === "reported" && record.attempt === attempt)
          if (!record.intermediate.some(([at, is]) => at === step && is === value))
            wrong.push(`${keyOf(line)}: the report of step ${step} is lost`);
        if (said !== "told") continue;
        if (endedBy.has(`${study}/${number}`)) wrong.push(`${study}/${number} ended twice`);
        endedBy.set(`${study}/${number}`, keyOf(line));
        if (record.values?.[0] !== value || record.attempt !== attempt)
          wrong.push(`${keyOf(line)}: told ${value}, recorded ${record.values?.[0]} of attempt ${record.attempt}`);
      }
    // Whoever was killed with a trial in hand: it was back in time, by the process that counted then.
    for (const { lines, killedAt } of clients) {
      if (killedAt === null) continue;
      const last = lines.at(-1) as Line;
      const record = records.get(`${last.study}/${last.number}`) as Trial;
      const attempt = record.attempts.find((one) => one.attempt === last.attempt);
      // Killed between the service's answer and its own word: told, or reported and told.
      if (!attempt && record.attempt === last.attempt) continue;
      const back = Date.parse(attempt?.ended_at ?? "");
      const since = Math.max(killedAt, ...openings.filter((at) => at <= back));
      if (!(back - since <= (LEASE_S + 5) * 1000))
        wrong.push(`${keyOf(last)} was back after ${(back - since) / 1000} s`);
    }
    expect(wrong).toEqual([]);
    console.log(
      `${told} of ${all} trials acknowledged, ${[...records.values()].filter(({ attempts }) => attempts.length > 0).length} with a second attempt`,
    );
  },
);
