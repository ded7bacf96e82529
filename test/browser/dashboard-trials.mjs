// The dashboard's pages of trials, one trial, analyses and comparisons in a real browser, over the real service:
// `node test/browser/dashboard-trials.mjs [FOLDER for pictures [STAGE …]]`. What a page shows is held against what the
// interface answers; everything is reached by the keyboard, and looked at narrow and wide, light and dark. Exit code 77 where
// there is no browser.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { makeStudy } from "../../bench/dashboard-studies.mjs";
import { axeProblems } from "./axe.mjs";
import { PATIENCE_MS, runStages } from "./served.mjs";

const [pictures, ...wanted] = process.argv.slice(2);
const ATTACK = `<img src=x onerror="globalThis.attacked = 1"> \u001b[31mred\u001b[0m \u202egnp.exe`;

/** The interface, without a browser. */
function asker(url) {
  const { origin, hash } = new URL(url);
  const token = new URLSearchParams(hash.slice(1)).get("token");
  return async (method, path, body, more = {}) => {
    const response = await fetch(`${origin}/api/v1${path}`, {
      ...{ method, headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...more } },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
    return text === "" ? null : JSON.parse(text);
  };
}

async function openPage(browser, { url }, path, { width = 1280, scheme = "light" } = {}) {
  const { origin } = new URL(url);
  const context = await browser.newContext({
    ...{ viewport: { width, height: 900 }, colorScheme: scheme, reducedMotion: "reduce", acceptDownloads: true },
  });
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
  await page.goto(url);
  await page.locator("header.top").waitFor();
  await page.goto(`${origin}${path}`);
  await page.locator("h1").waitFor();
  return {
    context,
    page,
    said,
    done: async () => (assert.deepEqual(said, [], "said in the console, or asked of others"), context.close()),
  };
}

const counted = (page, text) => page.locator(".filter-count", { hasText: text }).waitFor();
const numbersShown = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll(".trial-grid [data-row]")]
      .filter((row) => Number(row.dataset.row) >= 0)
      .sort((a, b) => a.dataset.row - b.dataset.row)
      .map((row) => Number(row.querySelector("[data-column='1'] a").textContent)),
  );
const downloaded = async (page, click) => {
  const [download] = await Promise.all([page.waitForEvent("download"), click()]);
  return { name: download.suggestedFilename(), text: await readFile(await download.path(), "utf8") };
};
const all = async (ask, study, query) => {
  const found = [];
  for (let cursor = ""; cursor !== null;) {
    const { trials, next } = await ask(
      "GET",
      `/studies/${study}/trials?limit=1000&${query}${cursor === "" ? "" : `&cursor=${cursor}`}`,
    );
    found.push(...trials);
    cursor = next;
  }
  return found;
};

/** The table: what it shows is what the interface finds, and the keyboard reaches all of it. */
async function trials(browser, service) {
  const { ask } = service;
  const { page, done } = await openPage(browser, service, "/studies/table/trials");
  await counted(page, "2,000 trials");
  const filter = page.getByLabel("Filter", { exact: true });
  await filter.fill("state = complete and train.lr < 1e-3");
  const found = await all(ask, "table", "where=state%3Dcomplete&where=train.lr%3C1e-3");
  await counted(page, `${found.length.toLocaleString("en")} of 2,000 trials`);
  assert.equal(new URL(page.url()).searchParams.get("where"), "state = complete and train.lr < 1e-3");
  await page.locator(".filter-command summary").click();
  assert.match(
    await page.locator(".filter-command code").first().textContent(),
    /^mlbench-hpo trials table --filter state=complete --filter 'train.lr<1e-3' --storage \S+$/,
  );

  await filter.fill("state = complet");
  await page.getByRole("alert").getByText('no state "complet": did you mean "complete"?').waitFor();
  assert.equal(await page.locator(".filter-problem mark").textContent(), "complet");
  await filter.fill("");
  await counted(page, "2,000 trials");
  await page.getByRole("button", { name: /^failed/ }).click();
  const failed = await all(ask, "table", "state=failed");
  await counted(page, `${failed.length} of 2,000`);
  await page.getByRole("button", { name: "Clear filter" }).click();
  await counted(page, "2,000 trials");

  // By the keyboard alone: sorted by the value, to the end and back, two trials chosen and held against each other.
  const heading = page.getByRole("columnheader", { name: /val_rmse/ });
  await page.getByRole("columnheader", { name: "trial" }).focus();
  for (let i = 0; i < 2; i++) await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  await page.waitForFunction(
    () => document.querySelector("[role=columnheader][aria-sort=ascending]")?.title === "val_rmse",
  );
  const sorted = (await all(ask, "table", "sort=val_rmse")).map(({ number }) => number);
  await page.waitForFunction(
    (best) => document.querySelector("[data-row='0'] [data-column='1'] a")?.textContent === String(best),
    sorted[0],
  );
  assert.deepEqual((await numbersShown(page)).slice(0, 10), sorted.slice(0, 10));
  assert.equal(await heading.getAttribute("aria-sort"), "ascending");
  await page.keyboard.press("Control+End");
  await page.waitForFunction(
    (last) => document.activeElement?.closest("[data-row]")?.querySelector("a")?.textContent === String(last),
    sorted.at(-1),
  );
  assert.equal(await page.locator(".trial-grid").getAttribute("aria-rowcount"), "2001");
  await page.keyboard.press("Control+Home");
  await page.waitForFunction(() => document.activeElement?.closest("[data-row]")?.dataset.row === "0");
  await page.keyboard.press("Space");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Shift+Space");
  await page.getByText("2 trials chosen").waitFor();
  await page.getByRole("button", { name: "Compare" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("link", { name: `trial ${sorted[1]}` }).waitFor();
  await dialog.locator(".canvas canvas").first().waitFor();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });

  // Banned and restored.
  await page.getByRole("button", { name: "Ban", exact: true }).click();
  assert.match(
    await dialog.locator("code").textContent(),
    new RegExp(`^mlbench-hpo trial ban ${Math.min(sorted[0], sorted[1])} --study-name table --storage`),
  );
  await dialog.getByRole("button", { name: "Ban", exact: true }).click();
  await page.getByText("Banned 2 trials").waitFor();
  await page.locator(".grid-row.banned").nth(1).waitFor();
  assert.equal((await ask("GET", `/studies/table/trials/${sorted[0]}`)).annotation.banned, true);
  await filter.fill("banned");
  await counted(page, "2 of 2,000");
  await page.getByRole("button", { name: "Restore" }).click();
  await dialog.getByRole("button", { name: "Restore" }).click();
  await counted(page, "0 of 2,000");
  await page.getByText("No trial passes the filter.").waitFor();
  await filter.fill("val_rmse < 0.02");
  const few = await all(ask, "table", "where=val_rmse%3C0.02&sort=val_rmse");
  await counted(page, `${few.length} of 2,000`);
  const file = await downloaded(page, () => page.getByRole("button", { name: "CSV" }).click());
  const lines = file.text.trimEnd().split("\r\n");
  assert.equal(file.name, "table-trials.csv");
  assert.equal(
    lines[0],
    "number,state,val_rmse,train.lr,model.hidden_size,model.dropout,train.optimizer,train.momentum,data.window,train.batch_size,seconds,steps",
  );
  assert.deepEqual(
    lines.slice(1).map((line) => line.split(",").slice(0, 3)),
    few.map(({ number, state, value }) => [String(number), state, String(value)]),
  );

  // Variants of one trial, queued.
  await page.getByRole("button", { name: "Clear filter" }).click();
  await page.getByText("2 trials chosen").waitFor();
  await page
    .locator(".trial-grid")
    .focus()
    .catch(() => {});
  await page.locator("[data-row='0'] .tick").click();
  await page.getByText(/^trial \d+ chosen$/).waitFor();
  await page.getByRole("button", { name: "Edit and enqueue" }).click();
  await dialog.getByLabel("train.lr").fill("0.001, 0.2");
  await dialog.getByText("0.2 is not within 0.00001 to 0.1, log").waitFor();
  await dialog.getByLabel("train.lr").fill("0.001, 0.01");
  await dialog.getByLabel("train.optimizer").selectOption("adam");
  assert.equal(await dialog.getByLabel("train.momentum").isDisabled(), true);
  await dialog.getByRole("button", { name: "Enqueue 2 trials" }).click();
  await page.getByText("Queued 2 trials").waitFor();
  await counted(page, "2,002 trials");
  const queued = (await all(ask, "table", "state=waiting")).map(({ params }) => [
    params["train.lr"],
    params["train.optimizer"],
    "train.momentum" in params,
  ]);
  assert.deepEqual(queued, [
    [0.001, "adam", false],
    [0.01, "adam", false],
  ]);

  // Other columns, in the URL.
  await page.getByRole("button", { name: "Columns" }).click();
  await dialog.getByLabel("val_mae").check();
  await dialog.getByLabel("train.momentum").uncheck();
  await dialog.getByRole("button", { name: "Show these" }).click();
  await page.getByRole("columnheader", { name: "val_mae" }).waitFor();
  assert.equal(new URL(page.url()).searchParams.getAll("col").includes("train.momentum"), false);
  await done();
}

/** One trial: what it printed and what is said of it does nothing; it is noted, tagged, and followed while it runs. */
async function oneTrial(browser, service) {
  const { ask } = service;
  const { page, done } = await openPage(browser, service, "/studies/outside/trials/0");
  await page.locator("main .badge.state.failed").waitFor();
  assert.equal(await page.evaluate(() => globalThis.attacked), undefined, "a trial's text has run");
  const text = await page.locator("main").innerText();
  assert.ok(text.includes("<img src=x onerror="), "the text is not shown as it is");
  for (const character of ["\u001b", "\u202e"])
    assert.equal(text.includes(character), false, "control characters are shown");
  assert.equal(await page.locator("main img").count(), 0);
  await page.getByRole("button", { name: "Change" }).click();
  await page.getByLabel("Note", { exact: true }).fill(ATTACK);
  await page.getByLabel("Tags, with commas between them").fill("keep, <b>bold</b>, keep");
  await page.getByRole("button", { name: "Keep" }).click();
  await page.locator(".chips .badge", { hasText: "<b>bold</b>" }).waitFor();
  assert.deepEqual((await ask("GET", "/studies/outside/trials/0")).annotation, {
    note: ATTACK,
    tags: ["keep", "<b>bold</b>"],
    banned: false,
  });
  await page.getByRole("button", { name: "Retry" }).click();
  await page.getByText("Queued again: trial 0").waitFor();
  assert.equal((await ask("GET", "/studies/outside/trials?state=waiting")).trials[0].retry_of, 0);
  assert.equal(await page.evaluate(() => globalThis.attacked), undefined);

  // Live: a report is there within moments.
  const given = await ask("POST", "/studies/outside/ask", { worker: "check" }, { "idempotency-key": "k1" });
  const { number, lease } = given;
  await page.goto(`${new URL(service.url).origin}/studies/outside/trials/${number}`);
  await page.locator("main .badge.state.running").waitFor();
  for (const step of [1, 2])
    await ask("POST", `/studies/outside/trials/${number}/reports`, { lease: lease.token, step, value: 1 / step });
  await page.locator(".decisions summary", { hasText: "2 reports" }).click();
  await page.getByRole("row", { name: /^2 0\.5/ }).waitFor();
  await ask("POST", `/studies/outside/trials/${number}/tell`, { lease: lease.token, value: 0.25 });
  await page.locator("main .badge.state.complete").waitFor();
  await page.locator(".facts", { hasText: "0.25" }).waitFor();
  await done();
}

/** The analysis: an axis and a chart are brushed, and everything follows; each chart is a table and a file. */
async function analysis(browser, service) {
  const { page, done } = await openPage(browser, service, "/studies/table/analysis?state=complete");
  await page.locator("[data-painted]").waitFor();
  const before = await page.locator(".filter-count").textContent();
  const brush = async (from, to) => {
    const box = await page.locator(".parallel svg").boundingBox();
    const x = box.x + 56;
    await page.mouse.move(x, box.y + from);
    await page.mouse.down();
    await page.mouse.move(x, box.y + (from + to) / 2, { steps: 3 });
    await page.mouse.move(x, box.y + to, { steps: 3 });
    await page.mouse.up();
  };
  await brush(200, 330);
  await page.getByText(/^train\.lr: .* to /).waitFor();
  const range = new URL(page.url()).searchParams.get("in.train.lr");
  assert.match(range, /^[\d.e-]+\.\.[\d.e-]+$/);
  await page.waitForFunction((text) => document.querySelector(".filter-count").textContent !== text, before);
  const [low, high] = range.split("..").map(Number);
  const found = await all(
    service.ask,
    "table",
    `state=complete&where=train.lr%3E%3D${low}&where=train.lr%3C%3D${high}`,
  );
  await counted(page, `${found.length.toLocaleString("en")} of`);
  await page.getByText(`The filter lets ${found.length} of`).first().waitFor();
  await page
    .getByText(new RegExp(`${found.length.toLocaleString("en")} of [\\d,]+ trials lie within the brushed ranges`))
    .waitFor();

  // A rectangle on the history narrows the values.
  const history = page.locator("figure", { has: page.getByRole("heading", { name: "History", exact: true }) });
  await history.scrollIntoViewIfNeeded();
  await history.locator("canvas").waitFor();
  const chart = await history.locator(".canvas").boundingBox();
  await page.mouse.move(chart.x + 110, chart.y + 200);
  await page.mouse.down();
  await page.mouse.move(chart.x + 260, chart.y + 235, { steps: 4 });
  await page.mouse.up();
  await page.getByText(/^val_rmse: .* to /).waitFor();
  assert.ok(new URL(page.url()).searchParams.has("in.val_rmse"));

  // Without a pointer: an axis' own dialog.
  await page.getByRole("button", { name: "Axis train.optimizer: range and place" }).focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("sgd").uncheck();
  await dialog.getByRole("button", { name: "← Move left" }).click();
  await dialog.getByRole("button", { name: "Done" }).click();
  await page.getByText("train.optimizer: adam or adamw").waitFor();
  assert.deepEqual(new URL(page.url()).searchParams.getAll("is.train.optimizer"), ["adam", "adamw"]);
  assert.equal(new URL(page.url()).searchParams.getAll("axis")[2], "train.optimizer");

  // The same filter in the table, by the study's own links.
  const count = await page.locator(".filter-count").textContent();
  await page.getByRole("link", { name: "Trials", exact: true }).click();
  await page.getByRole("grid").waitFor();
  await page.waitForFunction((text) => document.querySelector(".filter-count")?.textContent === text, count);
  await page.goBack();
  await page.locator("[data-painted]").waitFor();

  await page.getByRole("button", { name: "Clear filter" }).click();
  await counted(page, /^[\d,]+ trials$/);
  await throughThePage(page);
  await page.waitForFunction(() => document.querySelector("figure.waiting") === null);
  const figures = page.locator("figure.chart");
  const titles = await figures.locator("h3").allTextContents();
  for (const word of [
    "over parameters",
    "history",
    "against seconds",
    "by parameter",
    "train.lr and",
    "importance",
    "rank by",
    "distribution",
    "rank correlations",
  ])
    assert.ok(
      titles.some((title) => title.toLowerCase().includes(word.toLowerCase()) && !title.startsWith("table: ")),
      `no chart "${word}": ${titles.join("; ")}`,
    );
  for (let i = 0; i < titles.length; i++) {
    const figure = figures.nth(i);
    await figure.getByRole("button", { name: /^As table/ }).click();
    await figure.locator("table tbody tr").first().waitFor();
    await figure.getByRole("button", { name: /^As table/ }).click();
    const csv = await downloaded(page, () => figure.getByRole("button", { name: /^Save as CSV/ }).click());
    assert.ok(csv.text.split("\r\n").length > 1, `${titles[i]}: an empty file`);
    const svg = await downloaded(page, () => figure.getByRole("button", { name: /^Save as SVG/ }).click());
    assert.match(svg.text, /^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/, titles[i]);
  }
  await done();
}

async function compare(browser, service) {
  const { page, done } = await openPage(browser, service, "/compare?study=table");
  await page.getByLabel("Add a study").selectOption("other");
  await page.getByRole("heading", { name: "Best val_rmse by finished trials" }).waitFor();
  const figure = page.locator("figure", { hasText: "Best val_rmse" });
  await figure.locator("canvas").waitFor();
  await figure.getByRole("combobox", { name: "by" }).selectOption("epochs");
  await page.getByRole("heading", { name: "Best val_rmse by epochs in finished trials" }).waitFor();
  await figure.getByRole("button", { name: /^As table/ }).click();
  await figure.locator("tbody tr").first().waitFor();
  const names = new Set(await figure.locator("tbody tr td:first-child").allTextContents());
  assert.deepEqual(names, new Set(["table", "other"]));
  await page.getByRole("region", { name: "Spaces" }).first().getByText("train.lr").waitFor();
  await page.getByRole("region", { name: "Settings that differ" }).first().waitFor();
  await page
    .getByRole("region", { name: "Figures" })
    .first()
    .getByRole("row", { name: /^other/ })
    .waitFor();
  await page.getByRole("button", { name: "Remove table" }).click();
  await page.waitForFunction(() => !location.search.includes("table"));
  await done();
}

/** Everything comes into view once, from the top to the bottom. */
const throughThePage = (page) =>
  page.evaluate(async () => {
    for (let top = 0; top < document.documentElement.scrollHeight; top += innerHeight / 2) {
      scrollTo(0, top);
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
  });

const overflow = (page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

/** Every page, narrow and wide, light and dark. */
async function looks(browser, service) {
  const pages = {
    trials: "/studies/table/trials?sort=val_rmse",
    trial: "/studies/outside/trials/0",
    analysis: "/studies/table/analysis",
    pareto: "/studies/pareto/analysis",
    compare: "/compare?study=table&study=other",
  };
  const problems = [];
  for (const [width, scheme] of [
    [360, "light"],
    [360, "dark"],
    [1280, "light"],
    [2560, "dark"],
  ])
    for (const [name, path] of Object.entries(pages)) {
      const { page, done } = await openPage(browser, service, path, { width, scheme });
      await page.locator(".loading").first().waitFor({ state: "detached" });
      if (name === "trials") await page.locator("[data-row='3'] .state").waitFor();
      else {
        await throughThePage(page);
        await page.waitForFunction(() => document.querySelector("figure.waiting") === null);
        await page.waitForFunction(() =>
          [...document.querySelectorAll(".canvas")].every((place) => place.querySelector("canvas")),
        );
      }
      assert.equal(await overflow(page), 0, `${name} is wider than ${width} pixels`);
      problems.push(...(await axeProblems(page)).map((problem) => `${name}, ${width} pixels, ${scheme}: ${problem}`));
      if (pictures !== undefined) {
        await page.evaluate(() => scrollTo(0, 0));
        await page.screenshot({ path: join(pictures, `${name}-${width}-${scheme}.png`), fullPage: true });
      }
      await done();
    }
  assert.deepEqual(problems, [], "what axe-core objects to");
}

const stages = { trials, oneTrial, analysis, compare, looks };

await runStages(stages, {
  ...{ wanted, workers: 1 },
  before: async (folder) => {
    await makeStudy(folder, "table", 2000);
    await makeStudy(folder, "other", 500);
    await makeStudy(folder, "pareto", 300, 2);
  },
  first: async (service) => {
    const ask = asker(service.url);
    service.ask = ask;
    await ask("POST", "/studies", {
      name: "outside",
      space: { x: { type: "float", low: 0, high: 1 } },
      direction: "minimize",
    });
    const { lease } = await ask("POST", "/studies/outside/ask", {}, { "idempotency-key": "k0" });
    await ask("POST", "/studies/outside/trials/0/reports", { lease: lease.token, step: 1, value: 2 });
    await ask("POST", "/studies/outside/trials/0/tell", { lease: lease.token, state: "failed", message: ATTACK });
  },
});
