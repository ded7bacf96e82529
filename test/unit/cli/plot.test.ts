/** `mlbench-hpo plot`: what is typed, what is written, and what is refused. */
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createStudy } from "../../../src/app/create-study.js";
import { plotStudy, renderPlot } from "../../../src/app/plot-study.js";
import { main } from "../../../src/cli/program.js";
import { float } from "../../../src/core/index.js";

let storage: string;
beforeAll(async () => {
  storage = await mkdtemp(join(tmpdir(), "mlbench-plot-"));
  const study = await createStudy({ name: "bowl", storage, space: { x: float(-1, 1), y: float(-1, 1) }, seed: 1 });
  await study.optimize(
    (trial) => {
      const { x, y } = trial.params;
      trial.report(x * x, 1, { steep: 2 * x });
      return x * x + y * y;
    },
    { trials: 6 },
  );
  await study.annotate(2, { banned: true });
  await study.close();
});
afterAll(() => rm(storage, { recursive: true }));

async function typed(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ["", ""];
  const sink = (take: (text: string) => void): Writable =>
    new Writable({ write: (chunk: Buffer, _encoding, done) => (take(chunk.toString()), done()) });
  const code = await main([...argv, "--storage", storage], {
    stdout: sink((text) => (out += text)),
    stderr: sink((text) => (err += text)),
  });
  return { code, out, err };
}
const file = (name: string): string => join(storage, "drawn", name);

test("a file's name says what is written; notes are told, and which file", async () => {
  expect(await typed("plot", "history", "bowl", "-o", file("a.svg"))).toEqual({
    ...{ code: 0, out: "", err: `Trials not drawn: 1 banned.\nwrote ${file("a.svg")}\n` },
  });
  const light = await readFile(file("a.svg"), "utf8");
  expect(light).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" width="760" height="4\d\d"/);
  expect(light).toContain(">Trials not drawn: 1 banned.</text>");
  expect((await typed("plot", "slice", "-o", file("b.html"), "--param", "y", "-q")).code).toBe(0);
  const page = await readFile(file("b.html"), "utf8");
  expect(page).toContain("<caption>bowl: value by parameter</caption>");
  // One file that loads nothing.
  expect(page.replaceAll(/<script type="module">\/\*![^]*?<\/script>/g, "")).not.toMatch(/(?:src|href)=|https?:/);
  expect((await typed("plot", "history", "-o", file("c.SVG"), "--theme", "dark", "--width", "400")).code).toBe(0);
  expect(await readFile(file("c.SVG"), "utf8")).toMatch(/^<rect width="400" height="\d+" fill="#16181d"\/>$/m);
  expect((await readdir(join(storage, "drawn"))).sort()).toEqual(["a.svg", "b.html", "c.SVG"]);
});

test("without a file the data go to stdout, where they are asked for", async () => {
  const { code, out } = await typed("plot", "history", "--format", "json");
  expect(code).toBe(0);
  const { kind, table } = JSON.parse(out) as { kind: string; table: { rows: unknown[] } };
  expect([kind, table.rows.length]).toEqual(["history", 5]);
  expect((await typed("plot", "history", "--format", "svg", "-o", "-")).out).toMatch(/^<svg .*<\/svg>\n$/s);
  expect((await typed("plot", "intermediate", "--metric", "steep", "--format", "json")).out).toContain('"steep"');
});

test.each([
  [["plot", "histry", "-o", "a.svg"], 'no plot "histry": did you mean "history"? there are history, intermediate,'],
  [["plot", "history"], "plot: where to? -o FILE.svg, -o FILE.html, or --format json for the data on stdout"],
  [["plot", "history", "-o", "x.png"], "-o x.png: a plot is an SVG or a page: use x.svg or x.html"],
  [["plot", "history", "-o", ""], "error: --output: expected a file's name, and it is empty"],
  [["compare", "bowl", "-o", ""], "error: --output: expected a file's name, and it is empty"],
  [["report", "bowl", "-o", ""], "error: --output: expected a file's name, and it is empty"],
  [["export", "bowl", "--to", "json", "-o", " "], "error: --output: expected a file's name, and it is empty"],
  [["plot", "history", "-o", "x.svg", "--format", "html"], "use x.html for --format html"],
  [
    ["plot", "pareto", "-o", "x.svg"],
    'it is of several objectives, and the study has one; "bowl" can be drawn as history,',
  ],
  [["plot", "timeline", "--param", "x", "-o", "x.svg"], "plot timeline takes no params: it takes width, height"],
  [["plot", "slice", "--param", "z", "-o", "x.svg"], 'unknown parameter "z"'],
  [["plot", "history", "--metric", "lost", "-o", "x.svg"], '--metric lost: no trial of "bowl" has it:'],
  [["plot", "history", "--width", "12", "-o", "x.svg"], "--width 12: expected a whole number from 240 to 4000"],
  [["plot", "history", "lab", "-o", "x.svg"], '"lab"'],
])("%j is refused in one line", async (argv, message) => {
  const { code, out, err } = await typed(...argv);
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(err).toContain(message);
  expect(err.trim().split("\n")).toHaveLength(1);
});

test("the library is as strict", async () => {
  const target = { name: "bowl", storage };
  await expect(plotStudy(target, "history", { widht: 3 } as object)).rejects.toThrow('did you mean "width"');
  await expect(plotStudy(target, "history", { width: 12.5 })).rejects.toThrow(
    "width 12.5: expected whole pixels from 240",
  );
  await expect(plotStudy(target, "histo")).rejects.toMatchObject({ code: "unknown-plot" });
  const plot = await plotStudy(target, "rank", { params: ["x", "y"] });
  await expect(renderPlot(plot, { format: "png" as "svg" })).rejects.toThrow("format png: expected svg, html, json");
  await expect(renderPlot(plot, { format: "svg", theme: "blue" as "dark" })).rejects.toThrow(
    "theme blue: expected light or dark",
  );
});
