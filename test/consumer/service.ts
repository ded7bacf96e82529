// A program of thirty lines: a study over a model on real cells, with a tracker that throws, trials lent to clients, and
// a way on after it was closed. `follower.ts` follows it from another process.
import { createStudy, loadStudy } from "mlbench-hpo";
import type { Tracker } from "mlbench-hpo";

declare const process: { readonly argv: readonly string[] };
const [, , storage = "", cells = ""] = process.argv;

const study = await createStudy({
  name: "nasa",
  storage,
  model: "lstm",
  dataset: "nasa",
  params: { "data.data_dir": cells, "train.epochs": 2 },
  search: { "model.hidden_size": "int:8..16", "train.lr": "log:1e-3..1e-2" },
  seed: 7,
});
const broken: Tracker = {
  onEvent(event) {
    throw new Error(`no room for ${event.event}`);
  },
};
const first = await study.optimize({ trials: 2, workers: 2, trackers: [broken] });
if (study.bestTrial) await study.annotate(study.bestTrial.number, { note: "looks right", tags: ["kept"] });

const dead = await study.ask({ lease: 1 });
const alive = await study.ask({ lease: 60 });
const lease = alive.lease?.token;
const answer = await study.report(alive.number, { lease, step: 1, value: 0.5, metrics: { loss: 1 } });
await study.tell(alive.number, { lease, value: 0.5 });
for await (const { event } of study.follow()) if (event?.type === "trial-requeued") break;
await study.close();

const again = await loadStudy({ name: "nasa", storage });
const last = await again.optimize({ totalTrials: 4, workers: 2 });
const { counts, counted, best, revision } = await again.summary();
const lost = again.trials[dead.number]?.attempts.map(({ reason }) => reason);
const notes = [...again.state.annotations.values()].map(({ note }) => note);
const failures = first.subscriberFailures.map(({ subscriber, count }) => ({ subscriber, count }));
console.log(
  JSON.stringify({ answer, failures, lost, notes, counts, counted, best, revision, stopped: last.stoppedBy }),
);
