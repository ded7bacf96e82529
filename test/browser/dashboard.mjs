// The dashboard in a real browser, over the real service: `node test/browser/dashboard.mjs [FOLDER for pictures [STAGE …]]`. A study is made,
// run, paused, resumed and finished there; so is one of a program; one that a terminal runs is seen; seven tabs live at once.
// Exit code 77 where there is no browser.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { categorical, createStudy, float } from "../../dist/index.js";
import { axeProblems } from "./axe.mjs";
import { bin, PATIENCE_MS, runStages } from "./served.mjs";

const [pictures, ...wanted] = process.argv.slice(2);
const attack = `<img src=x onerror="globalThis.attacked = 1"><b>bold</b>`;

/** A page that remembers what it should not say; `origin` is the only one that it may ask. */
async function newPage(context, origin) {
  const page = await context.newPage();
  const said = [];
  page.on("console", (message) => {
    // What was refused is heard of below, with its path.
    if (message.text().startsWith("Failed to load resource")) return;
    if (["error", "warning"].includes(message.type())) said.push(`${message.type()}: ${message.text()}`);
  });
  page.on("response", (response) => {
    const [status, path] = [response.status(), new URL(response.url()).pathname];
    // A form that is half filled in is asked about, and refused.
    if (status >= 400 && !([400, 403].includes(status) && path === "/api/v1/studies")) said.push(`${status}: ${path}`);
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
  await everyChart(page);
  const figures = await page.locator("figure h3").allTextContents();
  for (const title of ["history", "importance", "timeline", "predicted by trial", "forecast"])
    assert.ok(
      figures.some((text) => text.toLowerCase().includes(title) && !text.includes("lstm-dummy")),
      `there is no plot of ${title}: ${figures.join("; ")}`,
    );
  await picture(page, "5-finished");
  assert.deepEqual(said, [], "said in the console, or asked of others");
  await context.close();
}

const space = { x: float(-5, 5), kind: categorical(["a", attack]) };

/** A study that this process runs, as a terminal would: seen live, and not to be steered from there. */
async function runElsewhere(browser, { url }, storage) {
  const context = await contextOf(browser);
  const { page, said } = await newPage(context, new URL(url).origin);
  const study = await createStudy({ storage, name: "terminal", space, seed: 1, sampler: "random", pruner: "nop" });
  await study.annotateStudy({ note: attack });
  await page.goto(url);
  const row = page.getByRole("row", { name: /terminal/ });
  await row.waitFor();
  const waits = { list: [], study: [] };
  let goOn = () => {};
  const run = study.optimize(
    async (trial) => {
      await new Promise((resolve) => (goOn = resolve));
      return trial.params.x ** 2;
    },
    { trials: 12, concurrency: 1 },
  );
  // The stage that fails first says why; what it leaves waiting is no second error.
  run.catch(() => {});
  await row.getByText(`pid ${process.pid}`).waitFor();
  /** Ends a trial; how long it takes until it is seen, in milliseconds. */
  const endOne = async (place, number) => {
    await place.getByText("1 running").first().waitFor();
    const shown = page.waitForFunction(
      (text) =>
        document.querySelector(".bar-words")?.textContent.includes(text) && performance.timeOrigin + performance.now(),
      `${number} complete`,
      { polling: 10 },
    );
    const ended = Date.now();
    goOn();
    return (await (await shown).jsonValue()) - ended;
  };
  for (let number = 1; number <= 5; number++) waits.list.push(await endOne(row, number));
  await page.getByRole("link", { name: "terminal" }).click();
  await page.getByText("controlled from there").waitFor();
  await page.getByText(attack).first().waitFor();
  for (let number = 6; number <= 11; number++) waits.study.push(await endOne(page, number));
  assert.equal(await page.evaluate(() => globalThis.attacked), undefined, "a study's text has run");
  assert.equal(await page.locator("main img, main b").count(), 0, "a study's text became an element");
  await picture(page, "6-elsewhere");
  await page.getByText("1 running").first().waitFor();
  goOn();
  await run;
  await badge(page, "idle");
  for (const [where, times] of Object.entries(waits)) {
    console.log(`what a terminal runs is seen in the ${where} after ${times.map(Math.round).join(", ")} ms`);
    assert.ok(times.toSorted((x, y) => x - y)[2] < 5000, `what a terminal runs is not live in the ${where}`);
  }
  assert.deepEqual(said, [], "said in the console, or asked of others");
  await context.close();
}

const programs = (storage) => join(storage, "programs");
const TRAIN = `const [lr, units] = process.argv.slice(2).map(Number);
for (let step = 1; step <= 3; step++) console.log("epoch " + step + " loss " + (lr + units / step));
await new Promise((resolve) => setTimeout(resolve, units > 900 ? 60_000 : 50));
`;

/** A program is tuned by clicks alone: what may not run is said beside its field, and what may is made, run and finished. */
async function programStudy(browser, { url }, storage) {
  await writeFile(join(programs(storage), "train.mjs"), TRAIN);
  const context = await contextOf(browser);
  const { page, said } = await newPage(context, new URL(url).origin);
  await page.goto(url);
  await page.getByRole("main").getByRole("link", { name: "New study" }).click();
  await page.getByLabel("Run a program for each trial").check();
  await page.getByText("It wants a program's line.").waitFor();
  const command = page.getByLabel("Program and arguments");
  const refusal = (field) => field.locator("xpath=..").locator(".hint.warn");
  const cwd = page.getByLabel("Folder that it runs in");
  await command.fill("python /etc/passwd {lr}");
  await cwd.fill("/etc");
  await refusal(cwd).getByText("not below a folder").waitFor();
  await cwd.fill(programs(storage));
  await refusal(command).getByText("must be a file below --allow").waitFor();
  await command.fill("node train.mjs {lr} {units}");
  const search = page.getByLabel("Parameters that are searched, one a line");
  await refusal(search).getByText("say what is searched").waitFor();
  await search.fill("lr=log:1e-3..1");
  await refusal(command).getByText("{units} is no parameter").waitFor();
  await search.fill("lr=log:1e-3..1\nunits=int:1..8");
  await page.getByLabel("Report pattern").fill("epoch (?<step>\\d+) loss (?<value>\\S+)");
  await page.getByLabel("Name", { exact: true }).first().fill("rig");
  await page.getByText("2 parameters searched").waitFor();
  await page.locator(".plan code", { hasText: "--command 'node train.mjs {lr} {units}'" }).waitFor();
  assert.deepEqual(await axeProblems(page), [], "what axe-core objects to in a program's form");
  await picture(page, "8-program");
  await page.getByRole("button", { name: "Create study" }).press("Enter");
  await page.getByRole("heading", { name: "rig", level: 1 }).waitFor();
  await page.getByText("From 4 complete trials on.").waitFor();
  await page.getByLabel("Trials", { exact: true }).fill("6");
  await page.getByLabel("Time limit of a trial").fill("5m");
  await page.locator("details.commands summary").first().click();
  await page.locator(".run-panel code", { hasText: "optimize rig --trials 6 --trial-timeout 300s" }).waitFor();
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await page.getByText("The last run is finished").waitFor();
  assert.equal(await finished(page), 6);
  await everyChart(page);
  await picture(page, "9-program-finished");
  await page
    .getByRole("link", { name: /^trial \d+$/ })
    .first()
    .click();
  await page.locator("pre", { hasText: "epoch 3 loss" }).waitFor();

  await controlledByCommands(page, url);
  await page.goto(`${new URL(url).origin}/new`);
  await page.getByLabel("Preset").selectOption("dummy-lstm");
  await page.locator(".plan code", { hasText: "create-study --config dummy-lstm --storage" }).waitFor();
  await page.getByLabel("Run a program for each trial").check();
  await command.fill("node train.mjs {lr} 3");
  await page.getByLabel("Folder that it runs in").fill(programs(storage));
  await search.fill("lr=log:1e-3..1");
  await page.getByLabel("Another study's best trials").selectOption("rig");
  await page.getByLabel("How many of them").fill("2");
  await page.locator(".plan code", { hasText: "--from rig --top 2" }).first().waitFor();
  await search.fill("rate=log:1e-3..1");
  await command.fill("node train.mjs {rate} 3");
  await page.getByRole("alert").getByText("gives nothing to begin from").waitFor();
  assert.deepEqual(said, [], "said in the console, or asked of others");
  await context.close();
}

/** The commands beside the buttons, typed in a shell, do what the buttons do. */
async function controlledByCommands(page, url) {
  const { origin, hash } = new URL(url);
  const body = { name: "slow", command: "node train.mjs 1 1000", search: ["x=0..1"], seed: 1 };
  const headers = { authorization: `Bearer ${hash.slice("#token=".length)}`, "content-type": "application/json" };
  const cwd = await page.evaluate(async () => (await (await fetch("/api/v1/server")).json()).storage);
  const made = await fetch(`${origin}/api/v1/studies`, {
    ...{ method: "POST", headers, body: JSON.stringify({ ...body, cwd: programs(cwd) }) },
  });
  assert.equal(made.status, 201, await made.text());
  await page.goto(`${origin}/studies/slow`);
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await badge(page, "running");
  const type = (line) => {
    assert.match(line, /^mlbench-hpo /);
    execFileSync("sh", ["-c", line.replace("mlbench-hpo", `"${process.execPath}" "${bin}"`)], { stdio: "ignore" });
  };
  const share = page.getByRole("form", { name: "Places and weight" });
  await share.getByLabel("Weight").fill("2.5");
  await share.locator("summary").click();
  type(await share.locator("code").textContent());
  await page.locator(".run-figures", { hasText: "weight 2.5" }).waitFor();
  await page.locator("details.commands summary").first().click();
  type(await page.getByRole("group", { name: "Cancel", exact: true }).locator("code").textContent());
  await page.getByText("The last run was cancelled").waitFor();
}

/** Where nothing is, the page says so, and the answer too. */
async function nowhere(browser, { url }) {
  const { origin } = new URL(url);
  const context = await contextOf(browser);
  const { page } = await newPage(context, origin);
  await page.goto(url);
  for (const path of ["/nonsense", "/studies/x/nonsense"]) {
    const answer = await page.goto(`${origin}${path}`);
    assert.equal(answer.status(), 404);
    await page.getByRole("heading", { name: "There is no such page" }).waitFor();
    assert.deepEqual(await axeProblems(page), [], "what axe-core objects to");
  }
  const icon = await page.request.get(`${origin}/favicon.ico`);
  assert.deepEqual([icon.status(), icon.headers()["content-type"]], [200, "image/svg+xml"]);
  await context.close();
}

/** Notes, archive, deletion with the typed name; a study for trials from outside. */
async function houseKeeping(browser, { url }, storage) {
  await makeMany(storage);
  const context = await contextOf(browser);
  const { page, said } = await newPage(context, new URL(url).origin);
  await page.goto(url);
  await page.getByRole("main").getByRole("link", { name: "New study" }).click();
  await page.getByLabel("Trials run by your own scripts").check();
  await page.getByLabel("Name", { exact: true }).first().fill("from-outside");
  await page.getByRole("group", { name: "Parameter 1" }).getByLabel("Name").fill("lr");
  await page.getByRole("group", { name: "Parameter 1" }).getByLabel("From").fill("1e-5");
  await page.locator(".plan .warn").waitFor();
  await page.getByRole("group", { name: "Parameter 1" }).getByLabel("To").fill("1e-1");
  await page.getByRole("group", { name: "Parameter 1" }).getByLabel("Logarithmic").check();
  await page.getByText("1 parameter searched").waitFor();
  await page.getByRole("button", { name: "Create study" }).click();
  await page.getByRole("heading", { name: "from-outside", level: 1 }).waitFor();

  await page.getByRole("button", { name: "Write a note" }).click();
  await page.getByRole("textbox", { name: "Note" }).fill("kept\nin two lines");
  await page.getByRole("button", { name: "Keep", exact: true }).click();
  await page.locator("p.note", { hasText: "in two lines" }).waitFor();
  await page.getByRole("button", { name: "Archive from-outside" }).click();
  await page.getByRole("dialog").locator("code", { hasText: "study archive from-outside" }).waitFor();
  assert.deepEqual(await axeProblems(page), [], "what axe-core objects to in the dialog");
  await page.getByRole("dialog").getByRole("button", { name: "Archive study" }).click();
  await badge(page, "archived");
  await page.getByRole("navigation", { name: "Pages", exact: true }).getByRole("link", { name: "Studies" }).click();
  await page.getByRole("row", { name: /terminal/ }).waitFor();
  assert.equal(await page.getByRole("row", { name: /from-outside/ }).count(), 0, "an archived study is listed");
  await page.getByLabel("Archived").check();
  await page.waitForURL(/archived=true/);
  await page.getByRole("button", { name: "Delete from-outside" }).click();
  const confirm = page.getByRole("dialog").getByRole("button", { name: "Delete study" });
  assert.equal(await confirm.isDisabled(), true, "a study is deleted without its name");
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Delete from-outside" }).press("Enter");
  await page.getByLabel("Type its name").fill("from-outside");
  await confirm.click();
  await page.getByRole("row", { name: /from-outside/ }).waitFor({ state: "detached" });
  await page.getByLabel("Archived").uncheck();
  await page.getByRole("searchbox").fill("termi");
  await page.waitForURL(/q=termi/);
  await page.reload();
  await page.getByRole("row", { name: /terminal/ }).waitFor();
  assert.equal(await page.getByRole("row", { name: /lstm-dummy/ }).count(), 0, "the search is not in the URL");
  assert.deepEqual(said, [], "said in the console, or asked of others");
  await context.close();
}

/** Without a token nothing is shown; a wrong one is refused in words; the printed URL pasted is enough. */
async function logsIn(browser, { url }) {
  const context = await contextOf(browser);
  const { page } = await newPage(context, new URL(url).origin);
  await page.goto(new URL(url).origin);
  await page.getByLabel("Token").fill("hpo_wrong");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("alert").waitFor();
  assert.deepEqual(await axeProblems(page), [], "what axe-core objects to");
  await picture(page, "7-log-in");
  await page.getByLabel("Token").fill(url);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("heading", { name: "Studies", level: 1 }).waitFor();
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByLabel("Token").waitFor();
  await context.close();
}

/** Seven tabs of one browser, each on a page of its own, are all live and all answered. */
async function sevenTabs(browser, { url }) {
  const context = await contextOf(browser);
  const origin = new URL(url).origin;
  const { page: first } = await newPage(context, origin);
  await first.goto(url);
  await first.getByRole("row", { name: /lstm-dummy/ }).waitFor();
  const places = [
    "/",
    "/studies/lstm-dummy",
    "/studies/terminal",
    "/studies/many",
    "/",
    "/studies/lstm-dummy/trials",
    "/workers",
  ];
  const tabs = [];
  for (const place of places) {
    const { page } = await newPage(context, origin);
    await page.goto(`${origin}${place}`);
    await page.locator(".connection.live").waitFor();
    tabs.push(page);
  }
  const note = async (name, text) => {
    const status = await first.evaluate(
      async ([name, note]) => {
        const headers = { "content-type": "application/json" };
        return (await fetch(`/api/v1/studies/${name}`, { method: "PATCH", headers, body: JSON.stringify({ note }) }))
          .status;
      },
      [name, text],
    );
    assert.equal(status, 200);
  };
  await note("lstm-dummy", "seen by all");
  await note("many", "seen as well");
  await Promise.all([
    tabs[0].getByText("seen by all").waitFor(),
    tabs[1].getByText("seen by all").waitFor(),
    tabs[3].getByText("seen as well").waitFor(),
    tabs[4].getByText("seen as well").waitFor(),
  ]);
  await context.close();
}

/** Every page of ours, narrow and wide, light and dark. */
async function looksRight(browser, { url }) {
  const pages = {
    studies: "/",
    study: "/studies/lstm-dummy",
    several: "/studies/many",
    new: "/new",
    program: "/new",
    workers: "/workers",
  };
  const views = [
    [360, "light"],
    [360, "dark"],
    [1280, "light"],
    [2560, "dark"],
  ];
  const origin = new URL(url).origin;
  for (const [width, scheme] of views) {
    const context = await contextOf(browser, { width, scheme });
    const { page, said } = await newPage(context, origin);
    await page.goto(url);
    await page.getByRole("row", { name: /lstm-dummy/ }).waitFor();
    for (const [name, path] of Object.entries(pages)) {
      await page.goto(`${origin}${path}`);
      await page.locator("h1").waitFor();
      await page.locator(".loading").first().waitFor({ state: "detached" });
      if (path.startsWith("/studies")) await everyChart(page);
      if (name === "new") await page.locator(".plan code").first().waitFor();
      if (name === "program") await programForm(page);
      if (name === "workers") await page.getByRole("heading", { name: /places/ }).waitFor();
      assert.equal(await overflow(page), 0, `${name} is wider than ${width} pixels`);
      assert.equal((await brightness(page)) < 0.5, scheme === "dark", `${name}: the ${scheme} scheme is not followed`);
      assert.deepEqual(await axeProblems(page), [], `what axe-core objects to in ${name}, ${width} pixels, ${scheme}`);
      await page.evaluate(() => scrollTo(0, 0));
      await picture(page, `${name}-${width}-${scheme}`);
    }
    assert.deepEqual(said, [], "said in the console, or asked of others");
    await context.close();
  }
}

/** The form of a program, all of it unfolded. */
async function programForm(page) {
  await page.getByLabel("Run a program for each trial").check();
  await page.locator("summary", { hasText: "More" }).click();
  await page.getByLabel("Program and arguments").fill("python train.py --lr {lr}");
  await page.locator(".field .hint.warn").first().waitFor();
}

/** Each plot comes into view once, and is drawn. */
async function everyChart(page) {
  await page.locator(".canvas").first().waitFor();
  for (const place of await page.locator(".plot-place").all()) await place.scrollIntoViewIfNeeded();
  await page.waitForFunction(() => document.querySelector("figure.waiting") === null);
  for (const place of await page.locator(".canvas").all()) {
    await place.scrollIntoViewIfNeeded();
    await page.waitForFunction((element) => element.querySelector("canvas"), await place.elementHandle());
  }
}

const brightness = (page) =>
  page.evaluate(() => {
    const parts = getComputedStyle(document.querySelector("header.top"))
      .backgroundColor.match(/[\d.]+/g)
      .map(Number);
    return (parts[0] + parts[1] + parts[2]) / 765;
  });

/** Two objectives, and many trials. */
async function makeMany(storage) {
  const objectives = [
    { metric: "loss", direction: "minimize" },
    { metric: "size", direction: "minimize" },
  ];
  const study = await createStudy({
    storage,
    name: "many",
    space: { x: float(0, 1), y: float(0, 1) },
    objectives,
    seed: 2,
    sampler: "random",
  });
  await study.optimize((trial) => [trial.params.x ** 2 + trial.params.y, 1 - trial.params.x], { trials: 200 });
}

const stages = { wholeLife, programStudy, nowhere, runElsewhere, houseKeeping, logsIn, sevenTabs, looksRight };

await runStages(stages, { wanted, workers: 2, allow: programs, before: (folder) => mkdir(programs(folder)) });
