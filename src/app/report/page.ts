/** A report as a page: one file that loads nothing, with its charts, its table and all that it says in words. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chartScript, cssColors, scriptJson } from "../../plots/draw-html.js";
import { markup, Markup } from "./markup.js";
import { bestSection, headSection, overviewSection } from "./page-best.js";
import {
  annotationSection,
  chartSection,
  environmentSection,
  failureSection,
  spaceSection,
  trialSection,
} from "./page-sections.js";
import type { ReportData } from "./report-data.js";

/** Tables below charts have no more rows: more are for `plot --format json`. */
const MOST_TABLE_ROWS = 1_000;

/** A file of the page that the build has made. */
function pageFile(name: string): string {
  return readFileSync(fileURLToPath(new URL(`../../../dist/vendor/${name}`, import.meta.url)), "utf8");
}

/** What a policy names a script or a style by. */
const digestOf = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

function styleText(): string {
  const [light, dark] = [cssColors("light"), cssColors("dark")];
  return [
    `:root { color-scheme: light dark; ${light} }`,
    `@media (prefers-color-scheme: dark) { :root:not([data-theme="light"]) { ${dark} } }`,
    `:root[data-theme="light"] { color-scheme: light; }`,
    `:root[data-theme="dark"] { color-scheme: dark; ${dark} }`,
    // On paper there is no dark.
    `@media print { :root:root:root { color-scheme: light; ${light} } }`,
    pageFile("report.css"),
  ].join("\n");
}

/** What the page's script reads: what is drawn, and the table. */
function scriptData({ trials, plots }: ReportData): string {
  const drawn = plots.map(({ kind, title, option, height, table }) => {
    const { columns, rows } = table;
    return {
      kind,
      title,
      option,
      height,
      table: { columns, rows: rows.slice(0, MOST_TABLE_ROWS), total: rows.length },
    };
  });
  return scriptJson({ trials, plots: drawn });
}

/** Nothing may be loaded, sent, framed or run but what stands here. */
function policyOf(styles: readonly string[], scripts: readonly string[]): string {
  return [
    "default-src 'none'",
    `script-src ${scripts.map(digestOf).join(" ")}`,
    `style-src ${styles.map(digestOf).join(" ")}`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}

function navigation(data: ReportData): Markup {
  const links: readonly (readonly [id: string, title: string, there: boolean])[] = [
    ["best", data.winners.length > 1 ? "Front" : "Best trial", data.winners.length > 0],
    ["charts", "Charts", data.plots.length > 0],
    ["trials", "Trials", true],
    ["space", "Space", true],
    ["failures", "Failures", data.failures.length > 0],
    ["notes", "Notes", data.annotations.length > 0],
    ["environment", "Environment", true],
  ];
  const items = links
    .filter(([, , there]) => there)
    .map(([id, title]) => markup`<li><a href="#${id}">${title}</a></li>`);
  return markup`<nav aria-label="Sections"><ul>${items}</ul></nav>`;
}

/** The page of a report. */
export function reportPage(data: ReportData): string {
  const style = styleText();
  const scripts = [
    `/*! Apache ECharts, Apache-2.0, https://echarts.apache.org; zrender, BSD-3-Clause */\n${chartScript()}`,
    pageFile("report.js"),
  ];
  const { name } = data.study;
  const page = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policyOf([style], scripts)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="${data.made_by}">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${name} · study report</title>
<link rel="icon" href="data:,">
<style>${new Markup(style)}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the report</a>
${headSection(data)}
${navigation(data)}
<main id="main">
${overviewSection(data)}
${bestSection(data)}
${chartSection(data)}
${trialSection(data)}
${spaceSection(data)}
${failureSection(data)}
${annotationSection(data)}
${environmentSection(data)}
</main>
<footer>
<p>Made by ${data.made_by} on ${data.made_at.slice(0, 16).replace("T", " ")} UTC, from revision ${data.revision} of the study. This file loads nothing from elsewhere.</p>
</footer>
<script type="application/json" id="report">${new Markup(scriptData(data))}</script>
${scripts.map(
  (script) => markup`<script type="module">${new Markup(script)}</script>
`,
)}</body>
</html>
`;
  return page.toString();
}
