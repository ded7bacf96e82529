// Makes the pictures of the README and docs/report.md from a real study on NASA's cells:
//   npm run build && node docs/pictures/make-pictures.mjs
// It wants the cells (MLBENCH_NASA_DIR, or ../shared/data/nasa) and a Chromium. The recording is what the commands print
// to a terminal of 96 columns, replayed as an SVG that moves by CSS alone.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { writeReport } from "../../dist/index.js";
import { startChromium } from "../../test/browser/chromium.mjs";
import { recordingAsSvg } from "./recording.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..");
const cells = process.env.MLBENCH_NASA_DIR ?? join(root, "..", "shared", "data", "nasa");
const SIZE = { columns: 96, rows: 26 };

/** Runs a command line in a terminal that `script` makes; what it writes, with the moments of it. */
function recorded(words, cwd) {
  const started = performance.now();
  const pieces = [];
  const line = [process.execPath, join(root, "bin", "mlbench-hpo.js"), ...words]
    .map((word) => `'${word.replaceAll("'", "'\\''")}'`)
    .join(" ");
  return new Promise((resolve, reject) => {
    const sized = `stty cols ${SIZE.columns} rows ${SIZE.rows}; ${line}`;
    const child = spawn("script", ["-qefc", sized, "/dev/null"], {
      cwd,
      env: { ...process.env, TERM: "xterm-256color", FORCE_COLOR: "1", CI: "" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    child.stdout.on("data", (chunk) => pieces.push([(performance.now() - started) / 1000, chunk.toString()]));
    child.on("error", reject);
    child.on("close", (code) => (code === 0 ? resolve(pieces) : reject(new Error(`${words.join(" ")}: ${code}`))));
  });
}

const folder = await mkdtemp(join(tmpdir(), "mlbench-pictures-"));
try {
  const create = ["create-study", "--config", "nasa-lstm", "--data-dir", cells, "--name", "nasa", "--seed", "7"];
  const optimize = ["optimize", "nasa", "--trials", "60", "--workers", "2"];
  const scenes = [];
  // The recording says where the cells are as its readers would type it.
  scenes.push({
    typed: "mlbench-hpo create-study --config nasa-lstm --name nasa",
    pieces: await recorded(create, folder),
  });
  scenes.push({ typed: "mlbench-hpo optimize nasa --trials 60 --workers 2", pieces: await recorded(optimize, folder) });
  await writeFile(join(here, "optimize.svg"), await recordingAsSvg(scenes, SIZE));

  const file = join(folder, "report.html");
  process.chdir(folder);
  await writeReport({ name: "nasa", storage: "studies" }, { file });
  const browser = await startChromium();
  if (browser === null) throw new Error("the report's picture wants a Chromium");
  const page = await browser.newPage({ viewport: { width: 1080, height: 1020 }, colorScheme: "light" });
  await page.goto(`file://${file}`);
  await page.waitForSelector("html[data-ready]", { state: "attached", timeout: 120_000 });
  // The figures, then the first charts: what stands between is text.
  await page.evaluate(() => document.getElementById("best").remove());
  await page.locator(".canvas canvas").nth(1).waitFor();
  await page.waitForTimeout(500);
  await page.screenshot({ path: join(here, "report.png") });
  await browser.close();
} finally {
  process.chdir(root);
  await rm(folder, { recursive: true, force: true });
}
