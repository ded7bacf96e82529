/** A plot as an SVG: its title, the chart, and its notes below. */
import type { Plot } from "./plot.js";
import { themes } from "./theme.js";
import type { ThemeName } from "./theme.js";

const TITLE = { height: 34, size: 15 };
const NOTE = { row: 17, size: 12, above: 8, below: 10 };
const MARGIN = 16;
/** Of a character of a note, in pixels: no font is measured here, and most are narrower. */
const CHARACTER = 6.1;

/** A text as XML has it. Characters that no XML may hold are left out. */
export function escapeXml(text: string): string {
  return text
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/** Lines of at most so many characters, broken between words. */
function wrapped(text: string, most: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= most) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** A title that fits its width. */
function cut(text: string, most: number): string {
  const characters = Array.from(text);
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join("")}…`;
}

/** What is said of a plot to who does not see it. */
function descriptionOf({ notes, table }: Plot): string {
  const rows = `A table with ${table.rows.length} ${table.rows.length === 1 ? "row" : "rows"}: ${table.columns.join(", ")}.`;
  return [...notes, rows].join(" ");
}

/**
 * Draws a plot as the text of an SVG file, without a browser.
 * @param theme light for paper and most pages
 */
export async function plotAsSvg(plot: Plot, theme: ThemeName = "light"): Promise<string> {
  const { svgText } = await import("#echarts");
  const { width, height, title, notes } = plot;
  const chart = svgText(plot.option, { theme, width, height });
  const { background, text, muted } = themes[theme];
  const lines = notes.flatMap((note) => wrapped(note, Math.floor((width - 2 * MARGIN) / CHARACTER)));
  const foot = lines.length === 0 ? 0 : NOTE.above + lines.length * NOTE.row + NOTE.below;
  const whole = TITLE.height + height + foot;
  const line = (words: string, y: number, size: number, color: string, weight = "normal"): string =>
    `<text x="${MARGIN}" y="${y}" font-size="${size}" font-weight="${weight}" fill="${color}">${escapeXml(words)}</text>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${whole}" viewBox="0 0 ${width} ${whole}" font-family="sans-serif" role="img" aria-labelledby="plot-title plot-description">`,
    `<title id="plot-title">${escapeXml(title)}</title>`,
    `<desc id="plot-description">${escapeXml(descriptionOf(plot))}</desc>`,
    `<rect width="${width}" height="${whole}" fill="${background}"/>`,
    line(cut(title, Math.floor((width - 2 * MARGIN) / 8)), 24, TITLE.size, text, "bold"),
    `<g transform="translate(0 ${TITLE.height})">`,
    chart,
    "</g>",
    ...lines.map((words, i) =>
      line(words, TITLE.height + height + NOTE.above + (i + 0.7) * NOTE.row, NOTE.size, muted),
    ),
    "</svg>\n",
  ].join("\n");
}
