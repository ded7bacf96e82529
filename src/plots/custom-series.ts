/** What charts are made of that ECharts has no series for, by name: an option names it, and stays plain data. */

/** What ECharts hands a custom series' painter for one item. */
interface PaintedItem {
  readonly dataIndex: number;
  readonly itemPayload: Readonly<Record<string, unknown>>;
}

/** How it answers what is asked of an item. */
interface Painter {
  coord(point: readonly unknown[]): [number, number];
  value(dimension: number): number;
  size(data: readonly number[]): [number, number];
  visual(name: string): string;
}

interface Registry {
  (name: string, renderItem: (item: PaintedItem, api: Painter) => object | null): void;
}

/** A line up along the lower edge and back along the upper one. */
function band({ dataIndex, itemPayload }: PaintedItem, api: Painter): object | null {
  // The whole area is one shape, drawn once.
  if (dataIndex > 0) return null;
  const { edge, fill, opacity } = itemPayload as { edge: readonly [number, number][]; fill: string; opacity: number };
  return {
    type: "polygon",
    shape: { points: edge.map((point) => api.coord(point)) },
    style: { fill, fillOpacity: opacity, stroke: fill, lineWidth: 0.8 },
  };
}

/** Registers the series that options may name in `renderItem`. */
export function registerSeries(register: Registry): void {
  register("band", band);
}
