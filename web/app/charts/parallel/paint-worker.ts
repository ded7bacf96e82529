/** The thread that paints lines: twenty thousand of them take longer than a page may stand still. */
import type { ThemeName } from "../../../../src/plots/theme.js";
import { paintLines } from "./painting.js";
import type { LinePlaces, PaintedLines } from "./painting.js";

/** What is to be painted. */
export interface ToPainter {
  readonly id: number;
  readonly lines: PaintedLines;
  readonly places: LinePlaces;
  readonly theme: ThemeName;
  readonly ratio: number;
}

/** The picture; null where this browser cannot paint it. */
export interface FromPainter {
  readonly id: number;
  readonly picture: ImageBitmap | null;
}

// The library of types has pages alone.
const scope = globalThis as unknown as {
  onmessage: ((event: MessageEvent<ToPainter>) => void) | null;
  postMessage(message: FromPainter, transfer: Transferable[]): void;
};

scope.onmessage = ({ data: { id, lines, places, theme, ratio } }) => {
  const canvas = new OffscreenCanvas(Math.round(places.width * ratio), Math.round(places.height * ratio));
  const pen = canvas.getContext("2d");
  if (!pen) return scope.postMessage({ id, picture: null }, []);
  paintLines(pen, lines, places, theme, ratio);
  const picture = canvas.transferToImageBitmap();
  scope.postMessage({ id, picture }, [picture]);
};
