/** A plot as a page of its own: one file that loads nothing, with tooltips and zoom, and its table. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { stringifyJson } from "../core/index.js";
import { escapeXml } from "./draw-svg.js";
import type { Plot, PlotCell, PlotTable } from "./plot.js";
import { themes } from "./theme.js";
import type { ThemeName } from "./theme.js";

/** So many rows of a table stand in a page; more are for `--format json`. */
const MOST_ROWS = 1000;

/** The text of the bundle that draws, as a script of a page: it leaves `mlbenchPlots`. */
export function chartScript(): string {
  const text = readFileSync(createRequire(import.meta.url).resolve("#echarts"), "utf8");
  return text.replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--");
}

/** Data for a page's script: JSON that ends no script. */
export function scriptJson(value: unknown): string {
  return stringifyJson(value)
    .replaceAll("<", "\\u003c")
    .replaceAll("\u2028", "\\u2028")
    .replaceAll("\u2029", "\\u2029");
}

const cellText = (cell: PlotCell): string => (cell === null ? "" : String(cell));

/** A plot's table as HTML. */
export function tableAsHtml({ columns, rows }: PlotTable, caption: string, most = MOST_ROWS): string {
  const head = columns.map((column) => `<th scope="col">${escapeXml(column)}</th>`).join("");
  const body = rows.slice(0, most).map((row) => {
    const cells = row.map(
      (cell) => `<td${typeof cell === "number" ? ' class="number"' : ""}>${escapeXml(cellText(cell))}</td>`,
    );
    return `<tr>${cells.join("")}</tr>`;
  });
  const more = rows.length > most ? `, the first ${most} of ${rows.length} rows` : "";
  return `<table><caption>${escapeXml(caption)}${more}</caption><thead><tr>${head}</tr></thead><tbody>\n${body.join("\n")}\n</tbody></table>`;
}

/** The colours of a theme as CSS. */
export function cssColors(theme: ThemeName): string {
  return Object.entries(themes[theme])
    .map(([name, color]) => `--${name}: ${color};`)
    .join(" ");
}

const style = `
body { margin: 0 auto; padding: 1rem; max-width: 1100px; font: 15px/1.5 system-ui, sans-serif; background: var(--background); color: var(--text); }
h1 { font-size: 1.25rem; margin: 0 0 .5rem; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
.chart { min-width: 560px; }
.notes { color: var(--muted); margin: .5rem 0; padding-left: 1.2rem; }
summary { cursor: pointer; padding: .4rem 0; }
table { border-collapse: collapse; font-size: .85rem; }
caption { text-align: left; color: var(--muted); padding: .3rem 0; }
th, td { text-align: left; padding: .15rem .7rem; border-bottom: 1px solid var(--grid); white-space: nowrap; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
button { font: inherit; color: inherit; background: none; border: 1px solid var(--faint); border-radius: 4px; padding: .1rem .6rem; cursor: pointer; float: right; }
:focus-visible { outline: 2px solid var(--series1); }`;

const script = `
const plot = JSON.parse(document.getElementById("plot").textContent);
const root = document.documentElement;
const wanted = matchMedia("(prefers-color-scheme: dark)");
const theme = () => root.dataset.theme || (wanted.matches ? "dark" : "light");
const chart = mlbenchPlots.drawInto(document.getElementById("chart"), plot.option, theme());
addEventListener("resize", () => chart.resize());
wanted.addEventListener("change", () => chart.setTheme(theme()));
document.getElementById("theme").addEventListener("click", () => {
  root.dataset.theme = theme() === "dark" ? "light" : "dark";
  chart.setTheme(theme());
});`;

/**
 * Draws a plot as a page.
 * @param theme @default the reader's own: what their system prefers
 */
export function plotAsHtml(plot: Plot, theme?: ThemeName): string {
  const title = escapeXml(plot.title);
  const notes = plot.notes.map((note) => `<li>${escapeXml(note)}</li>`).join("");
  return `<!doctype html>
<html lang="en"${theme ? ` data-theme="${theme}"` : ""}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>
:root { color-scheme: light dark; ${cssColors("light")} }
@media (prefers-color-scheme: dark) { :root:not([data-theme="light"]) { ${cssColors("dark")} } }
:root[data-theme="light"] { color-scheme: light; }
:root[data-theme="dark"] { color-scheme: dark; ${cssColors("dark")} }
${style}
</style>
</head>
<body>
<button id="theme" type="button">light / dark</button>
<h1>${title}</h1>
<div class="scroll"><div class="chart" id="chart" role="img" aria-label="${title}; its data stand in the table below" style="height: ${plot.height}px"></div></div>
${notes === "" ? "" : `<ul class="notes">${notes}</ul>`}
<details><summary>As a table</summary><div class="scroll">
${tableAsHtml(plot.table, plot.title)}
</div></details>
<script type="application/json" id="plot">${scriptJson({ option: plot.option })}</script>
<script type="module">/*! ECharts, Apache-2.0, https://echarts.apache.org; zrender, BSD-3-Clause */
${chartScript()}
</script>
<script type="module">${script}
</script>
</body>
</html>
`;
}
