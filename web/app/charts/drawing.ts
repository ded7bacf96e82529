/** Loads what draws charts, once, behind the first paint. */
import type * as Echarts from "./echarts.js";

/** What draws. */
export type Drawing = typeof Echarts;

let loading: Promise<Drawing> | null = null;

const painted = (): Promise<void> => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));

/** The same one every time. A failed load is tried again at the next call. */
export function loadDrawing(): Promise<Drawing> {
  loading ??= painted()
    .then(() => import("./echarts.js"))
    .catch((error: unknown) => {
      loading = null;
      throw error;
    });
  return loading;
}
