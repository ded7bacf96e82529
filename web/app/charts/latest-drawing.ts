/** One drawing of a chart at a time: what comes meanwhile is drawn together behind it. */
import type { Redrawing } from "./drawing-protocol.js";

/** A thread that is slower than what it is told would otherwise draw what nobody sees, later and later. */
export class LatestDrawing {
  readonly #send: (drawing: Redrawing) => void;
  #waiting: Redrawing | null = null;
  #isUnderWay = false;

  constructor(send: (drawing: Redrawing) => void) {
    this.#send = send;
  }

  /** Something is drawn, by another way. */
  begin(): void {
    this.#isUnderWay = true;
  }

  draw(drawing: Redrawing): void {
    if (this.#isUnderWay) this.#waiting = { ...this.#waiting, ...drawing };
    else {
      this.#isUnderWay = true;
      this.#send(drawing);
    }
  }

  /** What was sent is drawn, or could not be. */
  done(): void {
    const next = this.#waiting;
    this.#waiting = null;
    this.#isUnderWay = next !== null;
    if (next) this.#send(next);
  }
}
