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

const jobs: (() => void)[] = [];
let isDrawing = false;

function drawNext(): void {
  const job = jobs.shift();
  isDrawing = job !== undefined;
  if (!job) return;
  requestAnimationFrame(() => setTimeout(drawNext));
  job();
}

/** Draws when its turn comes: one chart a frame, so that ten that change together hold nobody up. Returns what calls it off. */
export function drawInTurn(job: () => void): () => void {
  jobs.push(job);
  if (!isDrawing) setTimeout(drawNext);
  isDrawing = true;
  return () => {
    const at = jobs.indexOf(job);
    if (at >= 0) jobs.splice(at, 1);
  };
}
