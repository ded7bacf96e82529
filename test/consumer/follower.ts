// Follows the study of `service.ts` from another process, by revision, until four of its trials are finished.
import { loadStudy } from "mlbench-hpo";

declare const process: { readonly argv: readonly string[] };
const [, , storage = ""] = process.argv;

const study = await loadStudy({ name: "nasa", storage });
const finished: number[] = [];
let revision = 0;
for await (const change of study.follow({ from: revision })) {
  if (change.revision <= revision) throw new Error(`revision ${change.revision} came after ${revision}`);
  revision = change.revision;
  if (change.reset)
    finished.splice(
      0,
      finished.length,
      ...change.state.trials.flatMap((t) => (t.finish_index === null ? [] : [t.number])),
    );
  else if (change.event.type === "trial-finished") finished.push(change.event.number);
  if (finished.length >= 4) break;
}
console.log(JSON.stringify({ finished: finished.sort((a, b) => a - b), revision }));
