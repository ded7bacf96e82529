/** The types of what is used of the bundled ECharts. */

/** A chart's description; see ECharts' documentation of `option`. */
export type ChartOption = Readonly<Record<string, unknown>>;

export interface Chart {
  setOption(option: ChartOption): void;
  renderToSVGString(): string;
  dispose(): void;
}

export declare function init(
  dom: null,
  theme: null,
  options: { readonly renderer: "svg"; readonly ssr: true; readonly width: number; readonly height: number },
): Chart;
