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

/** A bar from one time to another, in its lane: data `[from, to, lane]`. One that is hollow is outlined. */
function span({ itemPayload }: PaintedItem, api: Painter): object | null {
  const lane = api.value(2);
  const [[x, y], [end]] = [api.coord([api.value(0), lane]), api.coord([api.value(1), lane])];
  const height = Math.min(22, Math.abs(api.size([0, 1])[1]) * 0.66);
  const color = api.visual("color");
  const outline = itemPayload["hollow"] === true ? { fillOpacity: 0.3, stroke: color, lineWidth: 1.4 } : {};
  return {
    type: "rect",
    shape: { x, y: y - height / 2, width: Math.max(1.2, end - x - 0.6), height },
    style: { fill: color, ...outline },
  };
}

/** A filled field: data `[left, right, lower, upper]`; on an axis of names both ends are the name's place. */
function cell({ itemPayload }: PaintedItem, api: Painter): object | null {
  const { bands } = itemPayload as { bands: readonly [boolean, boolean] };
  const [left, lower] = api.coord([api.value(0), api.value(2)]);
  const [right, upper] = api.coord([api.value(1), api.value(3)]);
  const size = api.size([1, 1]);
  const half = [bands[0] ? size[0] / 2 : 0, bands[1] ? size[1] / 2 : 0] as const;
  const [x, y] = [left - half[0], Math.min(lower, upper) - half[1]];
  return {
    type: "rect",
    shape: { x, y, width: right - left + 2 * half[0] + 0.4, height: Math.abs(upper - lower) + 2 * half[1] + 0.4 },
    style: { fill: api.visual("color") },
  };
}

/** Registers the series that options may name in `renderItem`. */
export function registerSeries(register: Registry): void {
  register("band", band);
  register("span", span);
  register("cell", cell);
}
