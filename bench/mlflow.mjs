// What logging to MLflow costs a study of 20 trials: wall time of a call without a tracker, and with one whose server is
// at hand, takes 5 s for each answer, answers 500, or is not there. Rounds in turns, medians, and the trials compared.
// `npm run bench -- mlflow [--rounds 5] [--train EPOCHS] [--json FILE]`. Needs dist/. The goal with a server that does not
// work is 5 % of the time without. Trials of 0.8 s in eight reports that compute nothing, so that what else the machine
// does matters little; with --train the command trains an LSTM for so many epochs a trial.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createStudy, float, MlflowTracker } from "../dist/index.js";

const GOAL = 1.05;
const TRIALS = 20;
const bin = fileURLToPath(new URL("../bin/mlbench-hpo.js", import.meta.url));
const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    train: { type: "string" },
    json: { type: "string" },
  },
});

/** 0.8 s in eight reports. */
async function objective(trial) {
  for (let step = 1; step <= 8; step++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    trial.report(trial.params.x / step, step, { loss: trial.params.x, rate: step });
  }
  return trial.params.x;
}

/** Answers with as little as the client needs, after a while; `fails`: with 500. */
async function startServer({ delayMs, fails }) {
  let runs = 0;
  const answer = (path) => {
    if (path.includes("experiments/")) return { experiment: { experiment_id: "0", name: "Default" } };
    const info = {
      run_id: String(runs++).padStart(32, "0"),
      experiment_id: "0",
      artifact_uri: "mlflow-artifacts:/0/a",
    };
    return path.includes("runs/create") ? { run: { info, data: {} } } : {};
  };
  const server = createServer((request, response) => {
    request.resume().on("end", () =>
      setTimeout(() => {
        response.writeHead(fails ? 500 : 200, { "content-type": "application/json" });
        response.end(fails ? "" : JSON.stringify(answer(request.url)));
      }, delayMs),
    );
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

/** @returns what the command printed, and its seconds from start to end */
function run(cwd, args) {
  const began = performance.now();
  const child = spawn(process.execPath, [bin, ...args], { cwd, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (said += text));
  return new Promise((resolve) =>
    child.on("close", (code) => resolve({ code, said, seconds: (performance.now() - began) / 1000 })),
  );
}

const outcomesOf = (trials) => JSON.stringify(trials.map(({ number, state, values }) => [number, state, values]));

/** A call of `optimize` in this process. */
async function called(cwd, url) {
  const storage = join(cwd, "studies");
  const study = await createStudy({
    name: "s",
    storage,
    seed: 11,
    sampler: "random",
    pruner: "nop",
    space: { x: float(0, 1) },
  });
  const trackers = url === null ? [] : [new MlflowTracker({ uri: url, onWarning: () => {} })];
  const began = performance.now();
  await study.optimize(objective, { trials: TRIALS, concurrency: 2, trackers });
  return { seconds: (performance.now() - began) / 1000, outcomes: outcomesOf(study.trials) };
}

/** The command, which trains. */
async function commanded(cwd, url) {
  const model = ["--model", "lstm", "--dataset", "dummy", "--cells", "4", "--cycles", "80", "--fix", "data.window=16"];
  const fixed = ["--fix", `train.epochs=${values.train}`, "--sampler", "random", "--seed", "11", "--pruner", "nop"];
  const made = await run(cwd, ["create-study", "--name", "s", ...model, ...fixed]);
  if (made.code !== 0) throw new Error(made.said);
  const more = url === null ? [] : ["--mlflow", url];
  const { code, said, seconds } = await run(cwd, [
    "optimize",
    "s",
    "--trials",
    String(TRIALS),
    "--workers",
    "2",
    ...more,
  ]);
  if (code !== 0) throw new Error(said);
  const { trials } = JSON.parse(readFileSync(join(cwd, "studies", "s.json"), "utf8"));
  return { seconds, outcomes: outcomesOf(trials) };
}

async function study(url) {
  const cwd = mkdtempSync(join(tmpdir(), "mlbench-hpo-mlflow-"));
  try {
    return await (values.train ? commanded : called)(cwd, url);
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

const servers = {
  "at hand": await startServer({ delayMs: 0, fails: false }),
  "takes 5 s": await startServer({ delayMs: 5000, fails: false }),
  "answers 500": await startServer({ delayMs: 0, fails: true }),
};
const urls = {
  "no tracker": null,
  ...Object.fromEntries(
    Object.entries(servers).map(([name, server]) => [name, `http://127.0.0.1:${server.address().port}`]),
  ),
  // The port of nobody.
  "not there": "http://127.0.0.1:9",
};
const samples = Object.fromEntries(Object.keys(urls).map((name) => [name, []]));
let wanted = null;
for (let round = 0; round < Number(values.rounds); round++) {
  // Another order each time: what else the machine does falls on all of them.
  const names = Object.keys(urls);
  for (const name of [...names.slice(round % names.length), ...names.slice(0, round % names.length)]) {
    const { seconds, outcomes } = await study(urls[name]);
    wanted ??= outcomes;
    if (outcomes !== wanted) throw new Error(`${name}: other trials`);
    samples[name].push(seconds);
  }
}
for (const server of Object.values(servers)) {
  server.closeAllConnections();
  server.close();
}
const base = median(samples["no tracker"]);
console.log(`| server | median s of ${values.rounds} | least to most | ratio |\n|---|---|---|---|`);
for (const [name, seconds] of Object.entries(samples)) {
  const range = `${Math.min(...seconds).toFixed(2)} to ${Math.max(...seconds).toFixed(2)}`;
  console.log(`| ${name} | ${median(seconds).toFixed(2)} | ${range} | ${(median(seconds) / base).toFixed(3)} |`);
}
const broken = ["takes 5 s", "answers 500", "not there"];
const met = broken.every((name) => median(samples[name]) <= GOAL * base);
console.log(
  `the same ${TRIALS} trials in every run; goal of ${GOAL} with a server that does not work: ${met ? "met" : "missed"}`,
);
if (values.json)
  writeFileSync(values.json, `${JSON.stringify({ trials: TRIALS, train: values.train ?? null, samples }, null, 2)}\n`);
