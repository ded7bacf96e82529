/** Runs a command to its end: wall time, CPU time of its whole process tree, peak memory of the tree. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

/** Between two looks at the tree's memory. Each costs the kernel a walk through its pages. */
const SAMPLE_MS = 500;

function treeOf(pid) {
  let children = "";
  try {
    // Each thread has the children that it made.
    children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  } catch {
    // It has ended.
  }
  return [pid, ...children.trim().split(" ").filter(Boolean).flatMap(treeOf)];
}

/** MiB: resident pages, and with each shared page counted once (its share in every process that has it). */
function memoryOf(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
    const of = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)[1]) / 1024;
    return { rss: of("Rss"), pss: of("Pss") };
  } catch {
    return { rss: 0, pss: 0 };
  }
}

/**
 * @param {string[]} command
 * @param {{ env?: Record<string, string>, core?: string }} options
 * @returns wall and CPU seconds as the shell counts them, peak MiB of the tree, the last line of stdout as JSON, and the
 * moment (ms since 1970) at which the command was given
 */
export async function measuredRun(command, { env = {}, core } = {}) {
  const pinned = core === undefined ? command : ["taskset", "-c", core, ...command];
  const script = 'TIMEFORMAT="%3U %3S %3R"; time "$@"';
  const startedAt = Date.now();
  const child = spawn("bash", ["-c", script, "bash", ...pinned], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, errors] = ["", ""];
  child.stdout.on("data", (part) => (out += part));
  child.stderr.on("data", (part) => (errors += part));
  const peak = { rss: 0, pss: 0 };
  const sampling = setInterval(() => {
    const all = treeOf(child.pid).slice(1).map(memoryOf);
    for (const key of ["rss", "pss"])
      peak[key] = Math.max(
        peak[key],
        all.reduce((sum, one) => sum + one[key], 0),
      );
  }, SAMPLE_MS);
  const code = await new Promise((resolve) => child.on("close", resolve));
  clearInterval(sampling);
  if (code !== 0) throw new Error(`${command.join(" ")}: exit code ${code}\n${errors}`);
  const [user, system, wall] = errors.trim().split("\n").at(-1).split(" ").map(Number);
  return {
    ...{ startedAt, wall, cpu: user + system, rssMb: peak.rss, pssMb: peak.pss },
    said: JSON.parse(out.trim().split("\n").at(-1)),
  };
}
