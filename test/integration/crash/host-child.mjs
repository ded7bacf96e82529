// A study host that runs two studies until it is killed: node host-child.mjs FOLDER
import { join } from "node:path";
import { openStudyHost } from "../../../dist/host/index.js";

const folder = process.argv[2];
const host = await openStudyHost({ storage: join(folder, "studies"), workers: 2, allow: [folder] });
for (const [name, weight] of [
  ["runs", 1],
  ["pauses", 1],
]) {
  await host.create({ name, objective: join(folder, "objective.mjs"), seed: 1 });
  await host.startRun(name, { trials: 12, weight });
}
await host.changeRun("pauses", { state: "paused" });
const view = await host.view("runs");
view.subscribe(() => {
  const { complete, running } = view.state.counts;
  if (complete >= 3 && running > 0) process.stdout.write("under way\n");
});
