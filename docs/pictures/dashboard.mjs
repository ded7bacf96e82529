// Makes the pictures of docs/dashboard.md from studies that a service runs: npm run build && node docs/pictures/dashboard.mjs
// It wants a Chromium, and takes a few minutes.
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { startChromium } from "../../test/browser/chromium.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const bin = join(here, "..", "..", "bin", "mlbench-hpo.js");

async function serve(storage) {
  const child = spawn(process.execPath, [bin, "serve", "--storage", storage, "--port", "0", "--workers", "2"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /http\S+/.exec(line)?.[0];
    if (url !== undefined) return { url, child };
  }
  throw new Error("the service did not start");
}

/** A request of the interface. */
async function call(url, method, path, body) {
  const { origin, hash } = new URL(url);
  const headers = { authorization: `Bearer ${hash.slice("#token=".length)}`, "content-type": "application/json" };
  const response = await fetch(`${origin}/api/v1${path}`, { method, headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`);
}

/** A part of the page as WebP, which is a third of the PNG: the browser itself packs it. */
async function webp(page, name, height) {
  const png = await page.screenshot({ clip: { x: 0, y: 0, width: 1200, height }, fullPage: true });
  const packer = await page.context().newPage();
  const packed = await packer.evaluate(async (data) => {
    const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${data}`)).blob());
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    canvas.getContext("2d").drawImage(bitmap, 0, 0);
    const blob = await canvas.convertToBlob({ type: "image/webp", quality: 0.8 });
    return [...new Uint8Array(await blob.arrayBuffer())];
  }, png.toString("base64"));
  await packer.close();
  await writeFile(join(here, `dashboard-${name}.webp`), Uint8Array.from(packed));
}

/** Plots are drawn once they have been in view. */
async function drawAll(page) {
  await page.locator(".canvas canvas").first().waitFor();
  for (const place of await page.locator(".plot-place, .canvas").all()) await place.scrollIntoViewIfNeeded();
  await page.waitForFunction(() => document.querySelector("figure.waiting") === null);
  await page.evaluate(() => scrollTo(0, 0));
}

const browser = await startChromium();
if (browser === null) throw new Error("the dashboard's pictures want a Chromium");
// Its path is seen at the foot of the pages.
const folder = await mkdtemp(join(tmpdir(), "studies-"));
const { url, child } = await serve(folder);
try {
  const { origin } = new URL(url);
  const context = await browser.newContext({ viewport: { width: 1200, height: 800 }, colorScheme: "light" });
  const page = await context.newPage();
  page.setDefaultTimeout(1_200_000);
  const trade = { fix: { "train.epochs": 5 }, objectives: [{ metric: "val_rmse" }, { metric: "parameters" }] };
  const short = { fix: { "train.epochs": 12 } };
  await call(url, "POST", "/studies", { name: "gru-small", model: "gru", dataset: "dummy", seed: 4, ...trade });
  await call(url, "POST", "/studies/gru-small/run", { trials: 16 });
  await page.goto(`${origin}/studies/gru-small#${new URL(url).hash.slice(1)}`);
  await page.getByText("The last run is finished").waitFor();
  await call(url, "POST", "/studies", { model: "lstm", dataset: "dummy", seed: 3, ...short });
  await call(url, "PATCH", "/studies/lstm-dummy", { note: "How small may the network be?" });
  await call(url, "POST", "/studies/lstm-dummy/run", { total_trials: 60 });
  await page.goto(`${origin}/studies/lstm-dummy`);
  await page.getByText(/^[2-5]\d of 60$/).waitFor();
  await page.locator(".margin-bar").first().waitFor();
  await page.locator(".canvas canvas").first().waitFor();
  await page.screenshot({
    path: join(here, "dashboard-study.png"),
    clip: { x: 0, y: 0, width: 1200, height: 1500 },
    fullPage: true,
  });
  await page.goto(`${origin}/workers`);
  await page.getByRole("row", { name: /trial \d+ on place 1/ }).waitFor();
  await webp(page, "workers", 380);
  await page.goto(`${origin}/`);
  await page.getByRole("row", { name: /gru-small/ }).waitFor();
  await page.locator(".spark").first().waitFor();
  await page.screenshot({ path: join(here, "dashboard-studies.png"), clip: { x: 0, y: 0, width: 1200, height: 370 } });
  await page.goto(`${origin}/new`);
  await page.getByLabel("Name", { exact: true }).fill("next");
  await page.locator("summary", { hasText: "Training" }).click();
  await page.getByLabel("What is done with train.epochs").selectOption("fix");
  await page.getByLabel("Value of train.epochs").fill("20");
  await page.locator(".plan code", { hasText: "20" }).first().waitFor();
  await page.evaluate(() => scrollTo(0, 0));
  await page.screenshot({
    path: join(here, "dashboard-new.png"),
    clip: { x: 0, y: 0, width: 1200, height: 800 },
    fullPage: true,
  });

  await page.goto(`${origin}/studies/lstm-dummy`);
  await page.getByText("The last run is finished").waitFor();
  await page.goto(`${origin}/studies/lstm-dummy/trials?sort=val_rmse&where=train.lr+%3C+0.02`);
  await page.locator(".trial-grid [data-row='5'] a").waitFor();
  await page.locator(".trial-grid [data-row='1'] .box").click();
  await page.locator(".trial-grid [data-row='3'] .box").click();
  await webp(page, "trials", 620);
  await page.locator(".trial-grid [data-row='0'] a").click();
  await page.getByRole("heading", { name: /^Trial \d+$/ }).waitFor();
  await page.locator(".canvas canvas").first().waitFor();
  await webp(page, "trial", 1060);
  await page.goto(`${origin}/studies/lstm-dummy/analysis`);
  await drawAll(page);
  await webp(page, "analysis", 1500);
  await call(url, "POST", "/studies", { name: "mlp-dummy", model: "mlp", dataset: "dummy", seed: 5, ...short });
  await call(url, "POST", "/studies/mlp-dummy/run", { trials: 30 });
  await page.goto(`${origin}/studies/mlp-dummy`);
  await page.getByText("The last run is finished").waitFor();
  await page.goto(`${origin}/compare?study=lstm-dummy&study=mlp-dummy`);
  await page.getByRole("heading", { name: "Settings that differ" }).waitFor();
  await drawAll(page);
  await webp(page, "compare", 1060);
} finally {
  await browser.close();
  child.kill("SIGTERM");
  await new Promise((resolve) => child.on("close", resolve));
  await rm(folder, { recursive: true, force: true });
}
