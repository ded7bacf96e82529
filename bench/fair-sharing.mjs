// How a pool of 8 places is shared by three studies of weights 1, 1, 2 with a sleeping objective, and the event loop's
// delay meanwhile. Fails where one's part of the place-seconds is 3 points or more off while all three have work.
// --seconds 20 (how long it is measured), --sleep-ms 200 (how long a trial sleeps, times 0.5 to 1.5), --json FILE
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { openStudyHost } from "../dist/host/index.js";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "20" },
    "sleep-ms": { type: "string", default: "200" },
    json: { type: "string" },
  },
});
const seconds = Number(values.seconds);
const sleepMs = Number(values["sleep-ms"]);
const studies = [
  ["a", 1],
  ["b", 1],
  ["c", 2],
];
const folder = mkdtempSync(join(tmpdir(), "fair-sharing-"));
const objective = join(folder, "sleep.mjs");
writeFileSync(
  objective,
  `export const space = { x: { type: "float", low: 0.5, high: 1.5 } };
export default async (trial) => {
  await new Promise((resolve) => setTimeout(resolve, ${sleepMs} * trial.params.x));
  return trial.params.x;
};
`,
);

const host = await openStudyHost({ storage: join(folder, "studies"), workers: 8, allow: [folder], graceMs: 0 });
try {
  for (const [name, weight] of studies) {
    await host.create({ name, objective, sampler: { name: "random" }, pruner: { name: "nop" }, seed: 1 });
    await host.startRun(name, { trials: 1_000_000, weight });
  }
  // Until all workers have started and all three hold places.
  while (host.workers()[0].trials_done < 24) await delay(50);
  const before = new Map(host.workers()[0].shares.map(({ study, place_seconds }) => [study, place_seconds]));
  const loop = monitorEventLoopDelay({ resolution: 5 });
  loop.enable();
  await delay(seconds * 1000);
  loop.disable();
  const had = host.workers()[0].shares.map(({ study, place_seconds }) => [study, place_seconds - before.get(study)]);
  const all = had.reduce((sum, [, one]) => sum + one, 0);
  const weights = studies.reduce((sum, [, weight]) => sum + weight, 0);
  let worst = 0;
  for (const [study, one] of had) {
    const [part, wanted] = [(100 * one) / all, (100 * studies.find(([name]) => name === study)[1]) / weights];
    worst = Math.max(worst, Math.abs(part - wanted));
    console.log(`${study}: ${part.toFixed(1)} % of the place-seconds, ${wanted} % wanted`);
  }
  const inUse = (100 * all) / (8 * seconds);
  const p99 = loop.percentile(99) / 1e6;
  console.log(`${inUse.toFixed(1)} % of the places' time in use; event-loop delay p99 ${p99.toFixed(1)} ms`);
  if (values.json) writeFileSync(values.json, JSON.stringify({ had, worst, inUse, p99 }));
  if (worst >= 3) throw new Error(`${worst.toFixed(1)} points off`);
} finally {
  await host.close({ graceMs: 0 });
  rmSync(folder, { recursive: true });
}
