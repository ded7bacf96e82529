/** Ascending numbers that more are added to, one at a time. */

/** Numbers by their rank. */
export interface Ranked {
  readonly length: number;
  /** The number at a rank from 0; undefined beyond the last. */
  at(rank: number): number | undefined;
}

/** A piece that grows beyond this is halved. */
const PIECE = 512;

/**
 * Ascending numbers in pieces: adding one moves those of its piece alone, whereas one long list would be moved as a whole
 * for each of very many.
 */
export class SortedValues implements Ranked {
  readonly #pieces: number[][] = [];
  #length = 0;

  /** @param values in any order, without NaN */
  constructor(values: readonly number[] = []) {
    const sorted = Array.from(Float64Array.from(values).sort());
    this.#length = sorted.length;
    for (let start = 0; start < sorted.length; start += PIECE / 2)
      this.#pieces.push(sorted.slice(start, start + PIECE / 2));
  }

  get length(): number {
    return this.#length;
  }

  at(rank: number): number | undefined {
    let left = rank;
    for (const piece of this.#pieces) {
      if (left < piece.length) return piece[left];
      left -= piece.length;
    }
    return undefined;
  }

  /** How many numbers are below `value`, or at most `value`. */
  countBelow(value: number, orEqual = false): number {
    let count = 0;
    for (const piece of this.#pieces) {
      const place = placeIn(piece, value, orEqual);
      count += place;
      if (place < piece.length) break;
    }
    return count;
  }

  /** @param value not NaN */
  add(value: number): void {
    const at = this.#pieceFor(value);
    const piece = this.#pieces[at];
    this.#length += 1;
    if (!piece) {
      this.#pieces.push([value]);
      return;
    }
    piece.splice(placeIn(piece, value), 0, value);
    if (piece.length > PIECE) this.#pieces.splice(at + 1, 0, piece.splice(PIECE / 2));
  }

  /** The first piece whose last number is above the value, or else the last one. */
  #pieceFor(value: number): number {
    const pieces = this.#pieces;
    let low = 0;
    let high = pieces.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (((pieces[middle] as number[]).at(-1) as number) <= value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The place of `value` in an ascending list: behind its equals, or before them. */
function placeIn(sorted: readonly number[], value: number, behind = true): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const at = sorted[middle] as number;
    if (at < value || (behind && at === value)) low = middle + 1;
    else high = middle;
  }
  return low;
}
