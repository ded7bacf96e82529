// `npm run bench -- pruning [--seeds 5] [--trials 100] [--preset dummy-lstm] [--pruner prospect] [--workers 2] [--json FILE]`:
// the same study and seed with a pruner and without: epochs run, share pruned, and the final best.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createStudy } from "../dist/index.js";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "5" },
    trials: { type: "string", default: "100" },
    pruner: { type: "string", default: "prospect" },
    preset: { type: "string", default: "dummy-lstm" },
    workers: { type: "string", default: "2" },
    first: { type: "string", default: "1" },
    "data-dir": { type: "string" },
    json: { type: "string" },
  },
});
const folder = mkdtempSync(join(tmpdir(), "mlbench-hpo-bench-"));

async function study(seed, pruner) {
  const created = await createStudy({
    ...{ storage: folder, name: `${pruner}-${seed}`, seed, config: values.preset },
    ...(values["data-dir"] === undefined ? {} : { params: { "data.data_dir": values["data-dir"] } }),
    pruner,
  });
  const started = performance.now();
  await created.optimize({
    trials: Number(values.trials),
    workers: Number(values.workers),
    keepCheckpoints: "none",
  });
  const { trials } = created;
  const count = (state) => trials.filter((trial) => trial.state === state).length;
  const result = {
    ...{
      seed,
      pruner,
      seconds: (performance.now() - started) / 1000,
      pruned: count("pruned"),
      complete: count("complete"),
    },
    ...{ epochs: trials.reduce((n, t) => n + t.intermediate.length, 0), failed: count("failed") },
    ...{ first: trials[0].value, best: created.bestTrial.value },
  };
  await created.close();
  return result;
}

console.log(
  `| seed | epochs, ${values.pruner} / nop | pruned of judged | best, ${values.pruner} / nop | best against trial 0 | seconds, ${values.pruner} / nop |\n|---|---|---|---|---|---|`,
);
const all = [];
const first = Number(values.first);
for (let seed = first; seed < first + Number(values.seeds); seed++) {
  const [pruned, nop] = [await study(seed, values.pruner), await study(seed, "nop")];
  all.push(pruned, nop);
  const share = pruned.pruned / (pruned.pruned + pruned.complete);
  console.log(
    `| ${seed} | ${pruned.epochs} / ${nop.epochs} = ${((100 * pruned.epochs) / nop.epochs).toFixed(0)} % | ${(100 * share).toFixed(0)} % | ${pruned.best.toFixed(6)} / ${nop.best.toFixed(6)} = ${(pruned.best / nop.best).toFixed(3)} | ${(pruned.best / pruned.first).toFixed(3)} | ${pruned.seconds.toFixed(0)} / ${nop.seconds.toFixed(0)} |`,
  );
}
if (values.json) writeFileSync(values.json, JSON.stringify(all, null, 1));
rmSync(folder, { recursive: true, force: true });
