/** Which of a table's rows are in view: all are equally high, so that a division tells. */
import { useLayoutEffect, useReducer, useRef } from "preact/hooks";
import type { RefObject } from "preact";

/** The rows in view. */
export interface RowsInView {
  /** The first one, and the one behind the last; some beyond the edges are among them. */
  readonly from: number;
  readonly to: number;
  /** So many are seen at once. */
  readonly page: number;
}

/** Rows beyond each edge that are there before they are seen. */
const BEYOND = 8;

/** The rows that a window onto them shows. @param head what covers its upper edge, in pixels */
export function rowsInView(
  scrolled: number,
  height: number,
  { count, row, head }: { readonly count: number; readonly row: number; readonly head: number },
): RowsInView {
  const seen = Math.max(0, height - head);
  const first = Math.floor(scrolled / row);
  const from = Math.max(0, Math.min(first - BEYOND, count));
  const to = Math.max(from, Math.min(count, Math.ceil((scrolled + seen) / row) + BEYOND));
  return { from, to, page: Math.max(1, Math.floor(seen / row)) };
}

/** Where to scroll so that a row is in view; null: it is. */
export function scrolledTo(
  index: number,
  scrolled: number,
  height: number,
  { row, head }: { readonly row: number; readonly head: number },
): number | null {
  const [top, bottom] = [index * row, (index + 1) * row];
  if (top < scrolled) return top;
  return bottom > scrolled + height - head ? bottom - height + head : null;
}

/** The rows in view of a scrolling element, redrawn at most once a frame. */
export function useRowsInView(
  scroller: RefObject<HTMLElement | null>,
  count: number,
  row: number,
): RowsInView & { readonly show: (index: number) => void } {
  const [, redraw] = useReducer((times: number, _: void) => times + 1, 0);
  const seen = useRef({ scrolled: 0, height: 0 });
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return undefined;
    let frame = 0;
    const look = (): void => {
      frame = 0;
      const { scrollTop: scrolled, clientHeight: height } = element;
      if (scrolled === seen.current.scrolled && height === seen.current.height) return;
      seen.current = { scrolled, height };
      redraw();
    };
    const soon = (): void => {
      frame ||= requestAnimationFrame(look);
    };
    const resized = new ResizeObserver(soon);
    resized.observe(element);
    element.addEventListener("scroll", soon, { passive: true });
    look();
    return () => {
      cancelAnimationFrame(frame);
      resized.disconnect();
      element.removeEventListener("scroll", soon);
    };
  }, []);
  const show = (index: number): void => {
    const element = scroller.current;
    const to = element && scrolledTo(index, element.scrollTop, element.clientHeight, { row, head: row });
    if (element && to !== null) element.scrollTop = to;
  };
  return { ...rowsInView(seen.current.scrolled, seen.current.height, { count, row, head: row }), show };
}
