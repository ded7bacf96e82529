/** What a pointer does on a chart: rectangles are drawn here, the rest is told to who draws. */
import type { GridRect } from "#echarts";
import type { Place, PointerWork } from "./drawing-protocol.js";

/** A press that moves less is a click. */
const CLICK = 5;

/** The grid that a place lies in; -1: none. */
export const gridAt = (grids: readonly GridRect[], [x, y]: Place): number =>
  grids.findIndex((grid) => x >= grid.x && x <= grid.x + grid.width && y >= grid.y && y <= grid.y + grid.height);

/** What is known of a chart, and what hears of the pointer. */
export interface ChartHands {
  readonly grids: () => readonly GridRect[];
  /** Whether rectangles are drawn on it. */
  readonly isBrushed: () => boolean;
  /** Whether it takes wheels, which scroll the page elsewhere. */
  readonly isZoomed: () => boolean;
  readonly point: (work: readonly PointerWork[]) => void;
  readonly onBrush: (grid: number, from: Place, to: Place) => void;
}

/** Listens on an element; what is returned ends it. */
export function listenToPointer(element: HTMLElement, hands: ChartHands): () => void {
  let start: { readonly grid: number; readonly point: Place; readonly mark: HTMLElement } | null = null;
  /** The last move, told with the next frame. */
  let moved: PointerWork | null = null;
  const at = (event: MouseEvent): Place => {
    const { left, top } = element.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  };
  const workOf = (event: MouseEvent, type: PointerWork["type"], wheel = 0): PointerWork => {
    const { shiftKey, ctrlKey, altKey } = event;
    return { type, at: at(event), which: event.button + 1, wheel, shiftKey, ctrlKey, altKey };
  };
  const tell = (...work: PointerWork[]): void => {
    hands.point(moved ? [moved, ...work] : work);
    moved = null;
  };
  const down = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    tell(workOf(event, "mousedown"));
    if (!hands.isBrushed()) return;
    const point = at(event);
    const grid = gridAt(hands.grids(), point);
    if (grid < 0) return;
    const mark = document.createElement("div");
    mark.className = "brush-mark";
    start = { grid, point, mark };
  };
  const move = (event: PointerEvent): void => {
    if (!moved) requestAnimationFrame(() => moved && tell());
    moved = { ...workOf(event, "mousemove"), which: 1 };
    if (!start) return;
    const [x, y] = at(event);
    const [fromX, fromY] = start.point;
    if (!start.mark.isConnected) {
      if (Math.hypot(x - fromX, y - fromY) < CLICK) return;
      element.setPointerCapture(event.pointerId);
      element.append(start.mark);
    }
    const { style } = start.mark;
    [style.left, style.top] = [`${Math.min(x, fromX)}px`, `${Math.min(y, fromY)}px`];
    [style.width, style.height] = [`${Math.abs(x - fromX)}px`, `${Math.abs(y - fromY)}px`];
  };
  const up = (event: PointerEvent): void => {
    if (event.button === 0) tell(workOf(event, "mouseup"));
    const begun = start;
    start = null;
    if (!begun?.mark.isConnected) return;
    begun.mark.remove();
    if (event.type === "pointerup") hands.onBrush(begun.grid, begun.point, at(event));
  };
  const leave = (event: PointerEvent): void => tell(workOf(event, "mouseout"));
  const click = (event: MouseEvent): void => tell(workOf(event, "mousemove"), workOf(event, "click"));
  const wheel = (event: WheelEvent): void => {
    if (!hands.isZoomed() || gridAt(hands.grids(), at(event)) < 0) return;
    event.preventDefault();
    tell(workOf(event, "mousewheel", -event.deltaY / (event.deltaMode === 0 ? 100 : 3)));
  };
  const over = new AbortController();
  const { signal } = over;
  element.addEventListener("pointerdown", down, { signal });
  element.addEventListener("pointermove", move, { signal });
  element.addEventListener("pointerup", up, { signal });
  element.addEventListener("pointercancel", up, { signal });
  element.addEventListener("pointerleave", leave, { signal });
  element.addEventListener("click", click, { signal });
  element.addEventListener("wheel", wheel, { signal, passive: false });
  return () => over.abort();
}
