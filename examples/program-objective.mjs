// An objective that runs a program of another language, here training.py beside it:
// `mlbench-hpo create-study --name py --objective examples/program-objective.mjs`.
// The program gets the parameters as options and prints a JSON line per step, `{"step": 1, "value": 0.5}`; the last value is
// the trial's. Its stderr goes to the trial's log (`mlbench-hpo logs 0`). A pruned trial ends its program; when the trial's
// worker is stopped, the program ends at its next line, which nobody reads any more.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const space = {
  lr: { type: "float", low: 1e-3, high: 1, log: true, step: null },
  momentum: { type: "float", low: 0, high: 0.95, log: false, step: null },
};

const script = fileURLToPath(new URL("training.py", import.meta.url));
const [command, ...first] = process.env.TRAINING_PROGRAM?.split(" ") ?? ["python3", script];

export default async function objective(trial) {
  const options = Object.entries(trial.params).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const program = spawn(command, [...first, ...options, "--seed", String(trial.seed)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(program, "close"); // rejects where the program cannot be started
  program.stderr.on("data", (text) => process.stderr.write(text));
  let value = NaN;
  let pruned = false;
  try {
    for await (const line of createInterface({ input: program.stdout })) {
      const report = JSON.parse(line);
      value = report.value;
      trial.report(value, report.step);
      if (await trial.shouldPrune()) {
        pruned = true;
        break;
      }
    }
    if (pruned) program.kill();
    const [code] = await ended;
    if (pruned) throw Object.assign(new Error("pruned"), { name: "TrialPruned" });
    if (code !== 0) throw new Error(`${command} ended with exit code ${code}`);
    return value;
  } finally {
    program.kill();
  }
}
