// Makes the pictures of docs/dashboard.md from studies that a service runs: npm run build && node docs/pictures/dashboard.mjs
// It wants a Chromium, and takes a minute.
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
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

const browser = await startChromium();
if (browser === null) throw new Error("the dashboard's pictures want a Chromium");
// Its path is seen at the foot of the pages.
const folder = await mkdtemp(join(tmpdir(), "studies-"));
const { url, child } = await serve(folder);
try {
  const { origin } = new URL(url);
  const context = await browser.newContext({ viewport: { width: 1200, height: 800 }, colorScheme: "light" });
  const page = await context.newPage();
  page.setDefaultTimeout(300_000);
  const trade = { fix: { "train.epochs": 5 }, objectives: [{ metric: "val_rmse" }, { metric: "parameters" }] };
  await call(url, "POST", "/studies", { name: "gru-small", model: "gru", dataset: "dummy", seed: 4, ...trade });
  await call(url, "POST", "/studies/gru-small/run", { trials: 24 });
  await page.goto(`${origin}/studies/gru-small#${new URL(url).hash.slice(1)}`);
  await page.getByText("The last run is finished").waitFor();
  await call(url, "POST", "/studies", { model: "lstm", dataset: "dummy", seed: 3 });
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
} finally {
  await browser.close();
  child.kill("SIGTERM");
  await new Promise((resolve) => child.on("close", resolve));
  await rm(folder, { recursive: true, force: true });
}
