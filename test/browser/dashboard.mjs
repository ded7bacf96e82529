// The dashboard in a real browser, over the real service: `node test/browser/dashboard.mjs [FOLDER for pictures]`. A study is made,
// run, paused, resumed and finished there; one that a terminal runs is seen; seven tabs live at once. Exit code 77 where there
// is no browser.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createInterface } from "node:readline";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createStudy, float } from "../../dist/index.js";
import { axeProblems } from "./axe.mjs";
import { startChromium } from "./chromium.mjs";

const [pictures] = process.argv.slice(2);
const bin = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "bin", "mlbench-hpo.js");
// A busy machine is no failure.
const PATIENCE_MS = 120_000;
const attack = `<img src=x onerror="globalThis.attacked = 1"><b>bold</b>`;

/** The service as users start it; the URL of its first line. */
async function serve(storage) {
  const child = spawn(process.execPath, [bin, "serve", "--storage", storage, "--port", "0", "--workers", "2"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => child.on("close", resolve));
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /http\S+/.exec(line)?.[0];
    if (url !== undefined) return { url, child, ended };
  }
  throw new Error("the service did not start");
}

/** A page that remembers what it should not say; `origin` is the only one that it may ask. */
async function newPage(context, origin) {
  const page = await context.newPage();
  const said = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) said.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => said.push(`error: ${error.message}`));
  page.on("request", (request) => {
    if (!request.url().startsWith(origin) && !/^(blob|data):/.test(request.url()))
      said.push(`request: ${request.url()}`);
  });
  page.setDefaultTimeout(PATIENCE_MS);
  return { page, said };
}

const contextOf = (browser, { width = 1280, scheme = "light" } = {}) =>
  browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme, reducedMotion: "reduce" });

const overflow = (page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

async function picture(page, name) {
  if (pictures === undefined) return;
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
}

const badge = (page, text) => page.locator(".study-head .badge", { hasText: text }).waitFor();
const finished = (page) =>
  page
    .locator(".figures dd")
    .first()
    .textContent()
    .then((text) => Number(/\d+/.exec(text ?? "")?.[0] ?? 0));

/** From the printed URL to a study that is finished, by clicking alone. */
async function wholeLife(browser, { url }) {
  const { origin, hash } = new URL(url);
  const context = await contextOf(browser);
  const { page, said } = await newPage(context, origin);
  await page.goto(url);
  await page.getByRole("heading", { name: "No studies yet" }).waitFor();
  assert.equal(page.url().includes("#"), false, "the token stays in the address bar");
  const { httpOnly, sameSite } = (await context.cookies())[0];
  assert.deepEqual({ httpOnly, sameSite }, { httpOnly: true, sameSite: "Strict" });
  assert.ok(hash.length > 20, "the printed URL has no token");
  await picture(page, "1-empty");

  await page.getByRole("main").getByRole("link", { name: "New study" }).click();
  await page.getByText("7 parameters searched by auto").waitFor();
  await page.locator("summary", { hasText: "Training" }).click();
  await page.getByLabel("What is done with train.epochs").selectOption("fix");
  await page.getByLabel("Value of train.epochs").fill("6");
  await page.locator(".plan code", { hasText: "train.epochs=6" }).first().waitFor();
  await page.getByLabel("Value of train.epochs").fill("-1");
  await page.locator(".plan .warn", { hasText: "train.epochs" }).waitFor();
  await page.getByLabel("Value of train.epochs").fill("6");
  await page.locator(".plan code", { hasText: "train.epochs=6" }).first().waitFor();
  await picture(page, "2-new-study");
  await page.getByRole("button", { name: "Create study" }).click();
  await page.getByRole("heading", { name: "lstm-dummy", level: 1 }).waitFor();
  await badge(page, "idle");

  await page.getByLabel("Trials", { exact: true }).fill("12");
  await page.locator("details.commands summary").first().click();
  assert.match(
    await page.locator(".run-panel code").first().textContent(),
    /^mlbench-hpo optimize lstm-dummy --trials 12 --storage \S+$/,
  );
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await badge(page, "running");
  await page.getByRole("heading", { name: /\d trials? running/ }).waitFor();
  await page.locator("[aria-label='Running trials'] .spark").first().waitFor();
  await picture(page, "3-running");
  await page.getByRole("button", { name: "Pause" }).click();
  await badge(page, "paused");
  await page.getByText(/0 held/).waitFor();
  const atPause = await finished(page);
  await picture(page, "4-paused");
  await page.getByRole("button", { name: "Resume" }).click();
  await page.waitForFunction(
    (before) => Number(/\d+/.exec(document.querySelector(".figures dd")?.textContent ?? "")?.[0]) > before,
    atPause,
  );
  await page.getByText("The last run is finished").waitFor();
  assert.equal(await finished(page), 12);
  await badge(page, "idle");
  await page.locator(".best table").waitFor();
  for (const title of ["History of val_rmse", "Predicted against true SOH", "Timeline"])
    await page.locator("figure", { hasText: title }).first().scrollIntoViewIfNeeded();
  await page.locator("figure.waiting").first().waitFor({ state: "detached" });
  await page.waitForFunction(() =>
    [...document.querySelectorAll(".canvas")].every((place) => place.querySelector("canvas")),
  );
  await picture(page, "5-finished");
  assert.deepEqual(said, [], "said in the console, or asked of others");
  await context.close();
}
