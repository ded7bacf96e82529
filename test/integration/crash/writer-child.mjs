// A process that writes a study and is killed: takes trials one after another in two slots, says on stdout what was
// acknowledged, and appends `number attempt` to a file of its own each time it begins one.
// Usage: node writer-child.mjs DIRECTORY STARTS_FILE TRIALS [SLOTS]
import { appendFileSync, writeSync } from "node:fs";

const [directory, startsFile, trialsText, slotsText = "2"] = process.argv.slice(2);
const { blankTrial } = await import("../../../dist/core/index.js");
const { JsonFileStorage } = await import("../../../dist/storage/json-file/index.js");

const storage = new JsonFileStorage({ directory, foldAboveBytes: 3_000 });
const at = () => new Date().toISOString();
const say = (line) => writeSync(1, `${line}\n`);

const header = {
  name: "crash",
  objectives: [{ metric: "value", direction: "minimize" }],
  created_at: at(),
  seed: 1,
  task: {},
  space: {},
  sampler: { name: "random", options: {} },
  pruner: { name: "nop", options: {} },
  settings: {
    ...{ trial_value: "best", on_nan: "fail", on_duplicate: "run", dry_run_pruner: false },
    ...{ plugins: [], objective: null, data_files: [], accepted_changes: [] },
  },
  user_attrs: {},
};
const record = (number) => blankTrial(number, { params: { x: number / 7 }, seed: number });

const exists = (await storage.list()).includes("crash");
const writer = exists ? await storage.openWriter("crash") : await storage.create(header);
say("open");
for (const number of writer.state.unfinished)
  if (writer.state.trial(number).state === "running")
    await writer.append({ type: "trial-requeued", number, at: at(), reason: "owner died" });

let left = Number(trialsText);
async function slot(index) {
  while (left-- > 0) {
    let number = writer.state.unfinished.find((n) => writer.state.trial(n).state === "waiting");
    const events = [];
    if (number === undefined) events.push({ type: "trial-created", trial: record((number = writer.state.size)) });
    events.push({
      type: "trial-started",
      number,
      started_at: at(),
      owner: `${process.pid}`,
      slot: index,
      backend: null,
    });
    await writer.append(...events);
    const { attempt } = writer.state.trial(number);
    say(`begun ${number} ${attempt}`);
    appendFileSync(startsFile, `${number} ${attempt}\n`);
    for (let step = 1; step <= 5; step++) {
      void writer.append({ type: "trial-report", number, step, value: number + step / 8, seen: writer.state.finished });
      await new Promise((resolve) => setImmediate(resolve));
    }
    const end = { metrics: {}, finished_at: at(), seconds: 0.1, backend: null, failure: null, prune_reason: null };
    await writer.append({ type: "trial-finished", number, state: "complete", values: [number * 3 + attempt], ...end });
    say(`done ${number} ${attempt}`);
  }
}
await Promise.all(Array.from({ length: Number(slotsText) }, (_, index) => slot(index)));
await writer.close();
say("closed");
