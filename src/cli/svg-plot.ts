/** Line charts as SVG files. */
import { writeFileAtomically } from "../io/atomic-write.js";
import { UsageError } from "../core/index.js";
import { linePanels } from "../plots/line-panels.js";
import type { AxisNames, Panel } from "../plots/line-panels.js";

/**
 * A plot is an SVG, whatever else its name promises.
 * @throws UsageError `plot-format`
 */
export function requireSvgName(option: string, file: string): void {
  if (/\.svg$/i.test(file)) return;
  throw new UsageError("plot-format", `${option} ${file}: a plot is an SVG, as in ${withoutEnding(file)}.svg`);
}

/** A file's name without what says that it is a picture, a page or data. */
export function withoutEnding(file: string): string {
  return file.replace(/\.(png|pdf|jpe?g|gif|eps|webp|tiff?|htm|svg|html|json)$/i, "");
}

/** {@link linePanels} as an SVG text. */
export async function svgPlot(panels: readonly Panel[], axes: AxisNames, note?: string): Promise<string> {
  const { svgText } = await import("#echarts");
  const { option, width, height } = linePanels(panels, axes, note);
  return svgText(option, { theme: "light", width, height });
}

/**
 * {@link svgPlot} into a file.
 * @throws UsageError, MlbenchError `cannot-write`
 */
export async function writeSvgPlot(
  file: string,
  panels: readonly Panel[],
  axes: AxisNames,
  note?: string,
): Promise<void> {
  await writeFileAtomically(file, new TextEncoder().encode(await svgPlot(panels, axes, note)));
}
