// Reports in a real browser, as readers have them: `node test/browser/report.mjs [FOLDER for pictures [STUDY …]]`. Exit code 77 where
// there is no browser.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeReport } from "../../dist/index.js";
import { axeProblems } from "./axe.mjs";
import { startChromium } from "./chromium.mjs";
import { ATTACK, makeStudies } from "./report-studies.mjs";

const [pictures, ...wanted] = process.argv.slice(2);
const views = [360, 1280].flatMap((width) => ["light", "dark"].map((scheme) => ({ width, scheme })));

/** What a page says of itself that no reader should meet. */
async function open(browser, file, { width, scheme }) {
  const page = await browser.newPage({
    viewport: { width, height: 900 },
    colorScheme: scheme,
    reducedMotion: "reduce",
  });
  const said = [];
  page.on("console", (message) => said.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => said.push(`error: ${error.message}`));
  page.on("request", (request) => {
    if (request.url() !== `file://${file}` && !request.url().startsWith("data:"))
      said.push(`request: ${request.url()}`);
  });
  // A busy machine is no failure.
  page.setDefaultTimeout(120_000);
  await page.goto(`file://${file}`);
  await page.waitForSelector("html[data-ready]", { state: "attached" });
  return { page, said };
}

/** Every chart comes into view once and has something drawn on it. */
async function blankCharts(page) {
  const places = await page.locator(".canvas").all();
  for (const place of places) {
    await place.scrollIntoViewIfNeeded();
    await page.waitForFunction((element) => element.querySelector("canvas"), await place.elementHandle());
  }
  return page.evaluate(() =>
    [...document.querySelectorAll(".canvas")].flatMap((place) => {
      const canvas = place.querySelector("canvas");
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      const colors = new Set(new Uint32Array(data.buffer));
      return colors.size > 2 ? [] : [place.getAttribute("aria-label")];
    }),
  );
}

const overflow = (page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
const brightness = (page) =>
  page.evaluate(() => {
    const [, r, g, b] = /(\d+)[, ]+(\d+)[, ]+(\d+)/.exec(
      getComputedStyle(document.querySelector(".panel")).backgroundColor,
    );
    return (Number(r) + Number(g) + Number(b)) / 765;
  });

async function looksRight(page, { scheme }) {
  assert.equal(await overflow(page), 0, "the page is wider than the window");
  assert.deepEqual(await blankCharts(page), [], "charts without a drawing");
  const before = await brightness(page);
  assert.equal(before < 0.5, scheme === "dark", `the ${scheme} scheme is not followed`);
  await page.locator("#theme").click();
  assert.equal((await brightness(page)) < 0.5, scheme !== "dark", "the switch does nothing");
  await page.locator("#theme").click();
  assert.deepEqual(await axeProblems(page), [], "what axe-core objects to");
}

const rowsOf = (page) => page.locator("table.trials tbody tr").count();
const statusOf = (page) => page.locator("#trial-table [role=status]").textContent();
const cellsOf = (page, column) =>
  page.evaluate(
    (at) => [...document.querySelectorAll("table.trials tbody tr")].map((row) => row.children[at].textContent),
    column,
  );

/** The table of trials against the page's own JSON, by other means. */
async function tableWorks(page, file) {
  const { trials } = JSON.parse(
    /<script type="application\/json" id="report">(.*?)<\/script>/s.exec(await readFile(file, "utf8"))[1],
  );
  const at = (name) => trials.columns.findIndex((column) => column.name === name);
  const valueAt = trials.columns.findIndex(({ group }) => group === "value");
  const count = async () => Number((await statusOf(page)).replace(/,/g, "").match(/^\d+/)[0]);
  assert.equal(await count(), trials.rows.length);
  assert.equal(await rowsOf(page), Math.min(25, trials.rows.length), "rows of a page");
  // Sorted by its heading, from the keyboard alone.
  const heading = page.locator("table.trials thead th").nth(valueAt);
  await heading.locator("button").focus();
  await page.keyboard.press("Enter");
  const isMaximized = trials.columns[valueAt].direction === "maximize";
  assert.equal(await heading.getAttribute("aria-sort"), isMaximized ? "descending" : "ascending");
  const values = trials.rows.map((row) => row[valueAt]).filter((value) => typeof value === "number");
  const best = isMaximized ? Math.max(...values) : Math.min(...values);
  const first = trials.rows.find((row) => row[valueAt] === best);
  assert.equal((await cellsOf(page, 0))[0].replace(/\D/g, ""), String(first[0]), "the best trial is first");
  // Filtered by an expression.
  const middle = values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
  const text = page.locator("#trial-filter");
  await text.fill(`"${trials.columns[valueAt].name}" < ${middle} state = complete`);
  const wanted = trials.rows.filter(
    (row) => typeof row[valueAt] === "number" && row[valueAt] < middle && row[at("state")] === "complete",
  );
  await page.waitForFunction(
    (n) =>
      Number(document.querySelector("#trial-table [role=status]").textContent.replace(/,/g, "").match(/^\d+/)[0]) === n,
    wanted.length,
  );
  await text.fill("nonsense < 3");
  await page.locator("#trial-table [role=alert]:not([hidden])").waitFor();
  assert.match(await page.locator("#trial-table [role=alert]").textContent(), /no column “nonsense”/);
  await page.getByRole("button", { name: "Reset" }).click();
  assert.equal(await count(), trials.rows.length);
  // By state.
  const complete = page.locator(".states label.complete input");
  await complete.uncheck();
  assert.equal(await count(), trials.rows.filter((row) => row[at("state")] !== "complete").length);
  await complete.check();
  // By a range.
  await page.locator("details.ranges summary").click();
  const seconds = page.locator(`.range input[aria-label$="at least"]`).first();
  await seconds.fill("1e9");
  assert.equal(await count(), 0);
  await page.getByRole("button", { name: "Reset" }).click();
  // On to the next page.
  if (trials.rows.length > 25) {
    await page.getByRole("button", { name: "On →" }).click();
    assert.match(await statusOf(page), /page 2 of/);
  }
}

async function chartTables(page) {
  const details = await page.locator("details.astable").all();
  for (const one of details) {
    await one.locator("summary").click();
    await one.locator("thead th").first().waitFor({ state: "attached" });
  }
}

async function printsWell(page) {
  await page.emulateMedia({ media: "print" });
  assert.equal(await page.locator("#theme").isVisible(), false, "buttons are printed");
  assert.ok((await page.pdf({ format: "A4" })).length > 20_000, "the print is empty");
  await page.emulateMedia({ media: "screen" });
}

async function harmless(page) {
  assert.equal(await page.evaluate(() => globalThis.attacked), undefined, "a study's text has run");
  assert.equal(await page.locator("img").count(), 0, "a study's text became an element");
  assert.ok((await page.locator("body").innerText()).includes(ATTACK.slice(0, 40)), "the text is not shown as it is");
}

async function look(browser, name, file) {
  for (const view of views) {
    const { page, said } = await open(browser, file, view);
    await looksRight(page, view);
    if (pictures !== undefined) {
      await page.evaluate(() => scrollTo(0, 0));
      await page.screenshot({ path: join(pictures, `${name}-${view.width}-${view.scheme}.png`), fullPage: true });
    }
    if (name === "attack") await harmless(page);
    if (["plain", "attack", "large"].includes(name)) await tableWorks(page, file);
    await chartTables(page);
    assert.equal(await overflow(page), 0, "a chart's table is wider than the window");
    if (view.width === 1280 && view.scheme === "dark") await printsWell(page);
    assert.deepEqual(said, [], "said in the console, or asked of the network");
    await page.close();
  }
}

const browser = await startChromium();
if (browser === null) process.exit(77);
const folder = await mkdtemp(join(tmpdir(), "mlbench-report-"));
try {
  const { storage, names } = await makeStudies(folder);
  for (const name of names) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const file = join(folder, `${name}.html`);
    const { bytes } = await writeReport({ name, storage }, { file });
    await look(browser, name, file);
    console.log(`${name}: ${Math.round(bytes / 1000)} kB, whole at 360 and 1280 pixels, light and dark`);
  }
} finally {
  await browser.close();
  await rm(folder, { recursive: true, force: true });
}
