// Peak memory and time of `predict --forecast` on a large table of one's own, and that its lines are all there.
// `npm run bench -- predict-memory [--cells N] [--cycles N] [--horizon N] [--json FILE]`; by default 3 million rows.
import { execFileSync, spawn } from "node:child_process";
import { createWriteStream, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    cells: { type: "string", default: "3000" },
    cycles: { type: "string", default: "1000" },
    horizon: { type: "string", default: "10" },
    json: { type: "string" },
  },
});
const [cells, cycles, horizon] = [values.cells, values.cycles, values.horizon].map(Number);
const WINDOW = 30;
const program = fileURLToPath(new URL("../bin/mlbench-hpo.js", import.meta.url));
const directory = mkdtempSync(join(tmpdir(), "mlbench-hpo-predict-"));

/** A table of cells that fade, each a little differently. */
async function table(name, cellCount, cycleCount) {
  const file = join(directory, name);
  const out = createWriteStream(file);
  out.write("cell,cycle,soh,temp,ir\n");
  for (let c = 0; c < cellCount; c++) {
    let rows = "";
    for (let i = 1; i <= cycleCount; i++) {
      const soh = 1 - (0.35 * (i - 1) * (1 + 0.2 * Math.sin(c))) / cycleCount + 0.001 * Math.sin(1.3 * i + c);
      const temp = 25 + Math.sin(0.7 * i + c);
      rows += `${name}${c},${i},${soh.toFixed(5)},${temp.toFixed(3)},${(0.15 - 0.1 * soh).toFixed(5)}\n`;
    }
    if (!out.write(rows)) await once(out, "drain");
  }
  out.end();
  await once(out, "finish");
  return file;
}

/** Runs `predict`, counts its lines, and samples the most memory that it held. */
async function predict(checkpoint, path) {
  const started = process.hrtime.bigint();
  const child = spawn(process.execPath, [program, "predict", checkpoint, "--path", path, "--forecast"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  // The kernel's own high-water mark, read until there is none any more.
  let peakKb = 0;
  const sampled = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
      peakKb = Math.max(peakKb, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0));
    } catch {
      // It has ended.
    }
  }, 200);
  let lines = 0;
  child.stdout.on("data", (chunk) => {
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines++;
  });
  const [code] = await once(child, "close");
  clearInterval(sampled);
  if (code !== 0) throw new Error(`predict ended with ${code}`);
  return { lines, peakMb: peakKb / 1024, seconds: Number(process.hrtime.bigint() - started) / 1e9 };
}

try {
  const checkpoint = join(directory, "m.safetensors");
  const shape = [
    "--window",
    `${WINDOW}`,
    "--horizon",
    `${horizon}`,
    "--hidden-size",
    "8",
    "--epochs",
    "1",
    "--seed",
    "1",
  ];
  const own = ["--dataset", "csv", "--path", await table("own", 4, Math.max(200, WINDOW + horizon))];
  execFileSync(process.execPath, [program, "train", "--model", "mlp", ...own, ...shape, "--checkpoint", checkpoint], {
    stdio: "ignore",
  });
  const path = await table("new", cells, cycles);
  const { lines, peakMb, seconds } = await predict(checkpoint, path);
  const known = Math.max(0, cycles - WINDOW - horizon + 1);
  const expected = 1 + cells * (known + 1) * horizon;
  if (lines !== expected) throw new Error(`${lines} lines where ${expected} belong`);
  const rows = cells * cycles;
  const tableMb = statSync(path).size / 2 ** 20;
  // The windows as tensors, which would all be there if they were not predicted batch by batch.
  const windowsMb = (cells * known * WINDOW * 3 * 4) / 2 ** 20;
  const figures = { rows, table_mb: tableMb, lines, peak_mb: peakMb, seconds, windows_mb: windowsMb };
  console.log(
    `${rows} rows (${tableMb.toFixed(0)} MB), ${lines - 1} predicted steps: at most ${peakMb.toFixed(0)} MB in ` +
      `${seconds.toFixed(1)} s; all windows at once would be ${windowsMb.toFixed(0)} MB`,
  );
  // A process that has done nothing, and 250 bytes a row.
  const most = 200 + (250 * rows) / 2 ** 20;
  console.log(peakMb <= most ? `bounded: at most ${most.toFixed(0)} MB allowed` : `NOT bounded: ${most.toFixed(0)} MB`);
  if (values.json) writeFileSync(values.json, `${JSON.stringify(figures, null, 2)}\n`);
  if (peakMb > most) process.exitCode = 1;
} finally {
  rmSync(directory, { recursive: true, force: true });
}
