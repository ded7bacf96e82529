import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test, vi } from "vitest";
import { liveRegion } from "../../../src/cli/live-region.js";
import { styled } from "../../../src/cli/styles.js";
import { onPlainTerminal, screenOf } from "../../fixtures/screen.js";

onPlainTerminal();

const tick = (): void => void vi.advanceTimersByTime(100);
const lineup = (count: number, length = 30): string =>
  Array.from({ length: count }, (_, i) => `slot ${i} ${"=".repeat(length)}`).join("\n");

test("draws over itself, below what is printed for good", async () => {
  const { stream, lines, cursor } = screenOf(60, 10);
  const region = liveRegion(stream);
  region.update("one\ntwo");
  expect(await lines()).toEqual(["one", "two"]);
  region.print("kept 1\nkept 2");
  region.update("three");
  tick();
  expect(await lines()).toEqual(["kept 1", "kept 2", "three"]);
  expect(await cursor()).toMatchObject({ visible: false });
  region.done();
  expect(await lines()).toEqual(["kept 1", "kept 2", "three"]);
  expect(await cursor()).toEqual({ visible: true, row: 3, column: 0 });
});

test("a function is asked at each drawing", async () => {
  const { stream, lines } = screenOf();
  const region = liveRegion(stream);
  let count = 0;
  region.update(({ columns }) => `drawn ${++count} for ${columns}`);
  tick();
  tick();
  expect(await lines()).toEqual(["drawn 3 for 80"]);
  region.done();
});

test("scrolls: printed lines stay in their order, nothing of the region is left among them", async () => {
  const { stream, history } = screenOf(60, 8);
  const region = liveRegion(stream);
  region.update(lineup(3));
  for (let i = 0; i < 40; i++) {
    // Some are longer than the screen is wide.
    region.print(`trial ${i} ${"-".repeat(i * 3)}`);
    if (i % 3 === 0) tick();
  }
  region.done();
  const text = (await history()).join("\n");
  const whole = (await history()).join("").replaceAll(/slot.*/g, "");
  for (let i = 0; i < 40; i++) expect(whole).toContain(`trial ${i} ${"-".repeat(i * 3)}`.trim());
  expect(text.match(/slot/g)).toHaveLength(3);
  expect((await history()).slice(-3)).toEqual(lineup(3).split("\n"));
});

const windows: [what: string, sizes: [columns: number, rows: number][], rewraps?: boolean][] = [
  ["narrower", [[40, 12]]],
  ["wider", [[120, 12]]],
  ["lower", [[80, 6]]],
  ["higher", [[80, 30]]],
  // prettier-ignore
  ["another size again and again", [[70, 12], [41, 9], [33, 12], [100, 7], [80, 12], [20, 20], [80, 12]]],
  // prettier-ignore
  ["narrower and wraps nothing anew", [[40, 12], [60, 12]], false],
];

test.each(windows)(
  "a terminal that becomes %s keeps one region and every printed line",
  async (_what, sizes, rewraps = true) => {
    const { stream, history, resize } = screenOf(80, 12, rewraps);
    vi.stubEnv("TMUX", undefined);
    vi.stubEnv("STY", undefined);
    vi.stubEnv("XTERM_VERSION", rewraps ? undefined : "XTerm(390)");
    const region = liveRegion(stream);
    region.update(lineup(3, 60));
    for (let i = 0; i < 20; i++) region.print(`trial ${i}`);
    tick();
    for (const [columns, rows] of sizes) {
      await resize(columns, rows);
      tick();
      region.print(`at ${columns}`);
      tick();
    }
    vi.advanceTimersByTime(2000);
    region.print("last");
    region.done();
    const all = await history();
    expect(all.filter((line) => /^trial \d/.test(line))).toEqual(Array.from({ length: 20 }, (_, i) => `trial ${i}`));
    expect(all.filter((line) => /^at \d/.test(line))).toEqual(sizes.map(([columns]) => `at ${columns}`));
    expect(all.filter((line) => line.startsWith("slot"))).toHaveLength(3);
    expect(all.filter((line) => /=/.test(line))).toHaveLength(3);
    expect(all.indexOf("last")).toBe(all.length - 4);
  },
);

test("a row is cleared before it is written: what is cleared behind a text, tmux would wrap as blanks", () => {
  const { stream, sent } = screenOf();
  const region = liveRegion(stream);
  region.update("long ".repeat(10));
  region.update("short");
  tick();
  expect(sent().split("\u001b[?7l").at(-1)).toMatch(/^\u001b\[2Kshort\r\n/);
  region.done();
});

test("keys leave nothing behind, at the screen's end either", async () => {
  const { stream, history, echo } = screenOf(80, 8);
  const region = liveRegion(stream);
  for (let i = 0; i < 12; i++) region.print(`trial ${i}`);
  region.update("the bar");
  tick();
  for (const keys of ["\n", "abc\n", "\n\n\n", "x"]) {
    await echo(keys);
    tick();
  }
  region.print("more");
  region.done();
  expect(await history()).toEqual([...Array.from({ length: 12 }, (_, i) => `trial ${i}`), "more", "the bar"]);
});

test("what the terminal cannot hold is cut: at its edge by columns, below by a count", async () => {
  const { stream, lines } = screenOf(20, 6);
  const region = liveRegion(stream);
  region.update(`${"日本語".repeat(6)}\n👩‍👩‍👧 ${"e\u0301".repeat(30)}\nc\nd\ne\nf\ng`);
  const [wide = "", marks = "", ...rest] = await lines();
  expect(wide).toBe(`${"日本語".repeat(3)}…`);
  expect(marks.normalize()).toMatch(/^👩‍👩‍👧 é+…$/u);
  expect(rest).toEqual(["c", "d", "… 3 more lines"]);
  region.done();
});

test("colours are sent where they are wanted, what others write is not", async () => {
  const { stream, lines, sent } = screenOf();
  vi.stubEnv("NO_COLOR", "");
  const region = liveRegion(stream);
  region.update(`${styled("best", "0.01")} \u001b[31mnot ours\u001b[2J`);
  expect(await lines()).toEqual(["0.01 not ours\\x1b[2J"]);
  expect(sent()).toContain("\u001b[1m\u001b[32m0.01\u001b[39m\u001b[22m");
  region.done();
});

test("clear takes it away, and the cursor comes back", async () => {
  const { stream, lines, cursor } = screenOf();
  const region = liveRegion(stream);
  region.print("kept");
  region.update("gone");
  tick();
  region.clear();
  expect(await lines()).toEqual(["kept"]);
  expect(await cursor()).toEqual({ visible: true, row: 1, column: 0 });
  region.update("back");
  expect(await lines()).toEqual(["kept", "back"]);
  region.done();
  region.done();
  region.update("never");
  tick();
  expect(await lines()).toEqual(["kept", "back"]);
});

test.each([
  ["TERM", "dumb"],
  ["CI", "true"],
])("with %s=%s only what lasts is printed", async (name, value) => {
  vi.stubEnv(name, value);
  const { stream, sent } = screenOf();
  const region = liveRegion(stream);
  region.update("a");
  region.print("kept");
  region.update(styled("best", "b"));
  tick();
  region.done();
  expect(sent()).toBe("kept\nb\n");
});

test("an error that ends the process finds a clean line, and the cursor comes back", async () => {
  const script = `
    import { liveRegion } from ${JSON.stringify(new URL("../../../dist/cli/live-region.js", import.meta.url).href)};
    process.stdout.isTTY = true;
    const region = liveRegion(process.stdout);
    region.print("kept");
    region.update("the bar");
    process.stderr.write = process.stdout.write.bind(process.stdout);
    setTimeout(() => { throw new Error("oh no"); });`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script]);
  const { stream, lines, cursor } = screenOf(200, 24);
  let failure = "";
  child.stdout.on("data", (chunk: Buffer) => stream.write(chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (failure += chunk.toString()));
  await once(child, "close");
  expect(failure).toContain("oh no");
  expect(await lines()).toEqual(["kept", "the bar"]);
  expect(await cursor()).toEqual({ visible: true, row: 2, column: 0 });
});

test("listens to the process only while it is drawn", () => {
  const { stream } = screenOf();
  const counts = (): number[] =>
    ["exit", "SIGINT", "SIGTERM", "SIGHUP", "SIGTSTP", "uncaughtExceptionMonitor"].map((name) =>
      process.listenerCount(name),
    );
  const before = counts();
  const region = liveRegion(stream);
  region.update("a");
  expect(counts()).toEqual(before.map((count) => count + 1));
  region.clear();
  expect(counts()).toEqual(before);
  region.update("a");
  region.done();
  expect(counts()).toEqual(before);
});
