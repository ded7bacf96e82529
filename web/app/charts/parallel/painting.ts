/** Paints lines over parallel axes with a canvas' pen, or writes them as SVG; finds the line at a place. */
import { scaleColors, themes } from "../../../../src/plots/theme.js";
import type { ThemeName } from "../../../../src/plots/theme.js";
import type { ParallelLines } from "../../columns/parallel-lines.js";
import { yOf } from "./layout.js";
import type { ParallelLayout } from "./layout.js";

/** So many colours a scale has: more no eye tells apart. */
const COLORS = 28;
/** Lines of one stroke: more of them make a shape that takes longer than each by itself. */
const STROKE = 16;

/** What of lines is painted. */
export type PaintedLines = Pick<ParallelLines, "shares" | "colors" | "inside" | "passing">;
/** Where it is painted. */
export interface LinePlaces extends Pick<ParallelLayout, "width" | "height" | "top" | "bottom"> {
  readonly axes: readonly { readonly x: number }[];
}

const channels = (color: string): number[] => [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));

/** The colours of a theme's scale, from what matters least to what stands out. */
export function colorsOf(theme: ThemeName): string[] {
  const named: Readonly<Record<string, string>> = themes[theme];
  const stops = scaleColors.map((name) => channels(named[name.slice(1)] ?? "#000000"));
  return Array.from({ length: COLORS }, (_, i) => {
    const at = (i / (COLORS - 1)) * (stops.length - 1);
    const below = Math.min(stops.length - 2, Math.floor(at));
    const [a, b] = [stops[below] as number[], stops[below + 1] as number[]];
    const mixed = a.map((channel, k) => Math.round(channel + (at - below) * ((b[k] as number) - channel)));
    return `rgb(${mixed.join(",")})`;
  });
}

/** The colour of a line: its place among {@link colorsOf}; -1: in the background, -2: without a value. */
export function colorOf({ inside, colors }: Pick<ParallelLines, "inside" | "colors">, line: number): number {
  if (inside[line] !== 1) return -1;
  const color = colors[line] as number;
  return color === color ? Math.round(color * (COLORS - 1)) : -2;
}

/** How opaque so many lines are: few are plain, many show where they are dense. */
const opacityOf = (lines: number): number => Math.max(0.14, Math.min(0.6, 14 / Math.sqrt(Math.max(1, lines))));

function style(
  theme: ThemeName,
  lines: PaintedLines,
): { readonly stroke: (color: number) => string; readonly alpha: (color: number) => number } {
  const scale = colorsOf(theme);
  const { faint, muted } = themes[theme];
  const dense = opacityOf(lines.passing);
  return {
    stroke: (color) => (color === -1 ? faint : color === -2 ? muted : (scale[color] as string)),
    alpha: (color) => (color === -1 ? 0.1 : dense),
  };
}

/** Calls for each piece of a line: where an axis has no value, it is interrupted. */
function trace(
  lines: PaintedLines,
  layout: LinePlaces,
  line: number,
  to: (x: number, y: number, isFirst: boolean) => void,
): void {
  const count = layout.axes.length;
  let isFirst = true;
  for (let axis = 0; axis < count; axis++) {
    const share = lines.shares[line * count + axis] as number;
    if (share !== share) isFirst = true;
    else {
      to((layout.axes[axis] as { readonly x: number }).x, yOf(layout, share), isFirst);
      isFirst = false;
    }
  }
}

/** A canvas' pen, whichever thread it is in. */
type Pen = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

/** Paints all lines. @param ratio pixels of the screen a pixel of the page */
export function paintLines(pen: Pen, lines: PaintedLines, places: LinePlaces, theme: ThemeName, ratio: number): void {
  const { stroke, alpha } = style(theme, lines);
  pen.scale(ratio, ratio);
  // One pixel of the screen: what is wider takes several times as long.
  pen.lineWidth = 1 / ratio;
  pen.lineJoin = "bevel";
  const count = lines.inside.length;
  for (let next = 0; next < count;) {
    const color = colorOf(lines, next);
    pen.strokeStyle = stroke(color);
    pen.globalAlpha = alpha(color);
    pen.beginPath();
    const last = Math.min(count, next + STROKE);
    for (; next < last && colorOf(lines, next) === color; next++)
      trace(lines, places, next, (x, y, isFirst) => (isFirst ? pen.moveTo(x, y) : pen.lineTo(x, y)));
    pen.stroke();
  }
}

/** The line nearest to a place, within some pixels; -1: none. Those that stand out come first. */
export function lineAt(lines: ParallelLines, layout: ParallelLayout, x: number, y: number, within = 6): number {
  const count = layout.axes.length;
  const right = layout.axes.findIndex((axis) => axis.x >= x);
  if (right <= 0) return -1;
  const [a, b] = [layout.axes[right - 1] as { x: number }, layout.axes[right] as { x: number }];
  const along = (x - a.x) / (b.x - a.x);
  const span = layout.bottom - layout.top;
  const wanted = (layout.bottom - y) / span;
  let [best, distance] = [-1, within / span];
  for (let line = lines.numbers.length - 1; line >= 0 && lines.inside[line] === 1; line--) {
    const [from, to] = [lines.shares[line * count + right - 1] as number, lines.shares[line * count + right] as number];
    const away = Math.abs(from + along * (to - from) - wanted);
    if (away < distance) [best, distance] = [line, away];
  }
  return best;
}

/** So many lines a file has: more are a picture that nothing opens. */
const MOST_IN_SVG = 4000;

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/** The same as the text of an SVG file. */
export function linesAsSvg(title: string, lines: ParallelLines, layout: ParallelLayout, theme: ThemeName): string {
  const { stroke, alpha } = style(theme, lines);
  const { background, text, axis: axisColor } = themes[theme];
  const first = Math.max(0, lines.numbers.length - MOST_IN_SVG);
  const paths: string[] = [];
  for (let line = first; line < lines.numbers.length; line++) {
    const color = colorOf(lines, line);
    let path = "";
    trace(lines, layout, line, (x, y, isFirst) => (path += `${isFirst ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`));
    paths.push(`<path d="${path}" stroke="${stroke(color)}" stroke-opacity="${alpha(color).toFixed(2)}"/>`);
  }
  const axes = layout.axes.map(({ x, title: name, marks }) => {
    const labels = marks.map(
      ({ share, text: label }) =>
        `<text x="${x + 5}" y="${(yOf(layout, share) + 4).toFixed(1)}">${escaped(label)}</text>`,
    );
    return `<line x1="${x}" x2="${x}" y1="${layout.top}" y2="${layout.bottom}" stroke="${axisColor}"/><text x="${x}" y="${layout.top - 12}" text-anchor="middle" font-weight="bold">${escaped(name)}</text>${labels.join("")}`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${layout.width}" height="${layout.height}" viewBox="0 0 ${layout.width} ${layout.height}" font-family="sans-serif" font-size="11" role="img">`,
    `<title>${escaped(title)}</title><rect width="100%" height="100%" fill="${background}"/>`,
    `<g fill="none" stroke-width="1.1">${paths.join("")}</g><g fill="${text}">${axes.join("")}</g></svg>\n`,
  ].join("\n");
}
