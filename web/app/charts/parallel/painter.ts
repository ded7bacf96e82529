/** The page's end of the thread that paints lines. */
import { oneAtATime } from "../../live/catch-up.js";
import { assetUrl } from "../../paths.js";
import type { FromPainter, ToPainter } from "./paint-worker.js";

declare const __PAINT_WORKER__: string;

/** What is to be painted. */
export type Painting = Omit<ToPainter, "id">;

/** Paints the latest of what it is given, one after the other, for as long as a chart stands. */
export class Painter {
  readonly #thread = new Worker(assetUrl(__PAINT_WORKER__), { type: "module", name: "mlbench-hpo painter" });
  readonly #show: (picture: ImageBitmap) => void;
  #wanted: Painting | null = null;
  #last = 0;
  readonly #go = oneAtATime(() => this.#paint());

  constructor(show: (picture: ImageBitmap) => void) {
    this.#show = show;
  }

  paint(painting: Painting): void {
    this.#wanted = painting;
    void this.#go();
  }

  close(): void {
    this.#wanted = null;
    this.#thread.terminate();
  }

  #paint(): Promise<void> {
    const wanted = this.#wanted;
    if (!wanted) return Promise.resolve();
    this.#wanted = null;
    const id = ++this.#last;
    return new Promise((resolve) => {
      this.#thread.onmessage = ({ data }: MessageEvent<FromPainter>) => {
        if (data.id !== id) return;
        if (data.picture) this.#show(data.picture);
        resolve();
      };
      this.#thread.onerror = () => resolve();
      this.#thread.postMessage({ id, ...wanted });
    });
  }
}
