/** A list of trials that changes in logarithmic time and never under its readers. */
import type { Trial } from "./trial.js";

/** Entries a leaf and children a node: 2^5. */
const BITS = 5;
const WIDTH = 1 << BITS;

type Node = readonly unknown[];

/**
 * An immutable list of records with cheap changes: a trie of 32-way nodes (as in Bagwell and Rompf 2011), of which a
 * change copies one path. A study of 100,000 trials changes with each report; copying an array each time would make
 * the cost of a trial grow with the study.
 */
export class TrialList {
  static readonly empty = new TrialList(0, BITS, []);

  readonly #root: Node;
  readonly #shift: number;
  readonly length: number;

  private constructor(length: number, shift: number, root: Node) {
    this.length = length;
    this.#shift = shift;
    this.#root = root;
  }

  static from(trials: readonly Trial[]): TrialList {
    if (trials.length === 0) return TrialList.empty;
    let level: Node[] = [];
    for (let i = 0; i < trials.length; i += WIDTH) level.push(trials.slice(i, i + WIDTH));
    let shift = 0;
    while (level.length > 1 || shift === 0) {
      const above: Node[] = [];
      for (let i = 0; i < level.length; i += WIDTH) above.push(level.slice(i, i + WIDTH));
      level = above;
      shift += BITS;
    }
    return new TrialList(trials.length, shift, level[0] as Node);
  }

  at(index: number): Trial | undefined {
    if (!(Number.isInteger(index) && index >= 0 && index < this.length)) return undefined;
    let node = this.#root;
    for (let shift = this.#shift; shift > 0; shift -= BITS) node = node[(index >>> shift) & (WIDTH - 1)] as Node;
    return node[index & (WIDTH - 1)] as Trial;
  }

  /** The list with entry `index` replaced, or appended when `index` is the length. */
  with(index: number, trial: Trial): TrialList {
    if (index === this.length && index === 1 << (this.#shift + BITS)) {
      const shift = this.#shift + BITS;
      return new TrialList(index + 1, shift, changed([this.#root], shift, index, trial));
    }
    const length = Math.max(this.length, index + 1);
    return new TrialList(length, this.#shift, changed(this.#root, this.#shift, index, trial));
  }

  /**
   * Calls back for each entry that `before` has not, or has another for, in ascending order: what both share is passed
   * over, so that finding what changed costs what changed.
   */
  eachChange(before: TrialList, visit: (index: number, trial: Trial) => void): void {
    const shift = Math.max(this.#shift, before.#shift);
    visitChanges(this.#rootAt(shift), before.#rootAt(shift), { shift, start: 0, visit });
  }

  /** The root of the same list in a higher tree. */
  #rootAt(height: number): Node {
    let root = this.#root;
    for (let shift = this.#shift; shift < height; shift += BITS) root = [root];
    return root;
  }

  toArray(): readonly Trial[] {
    const leaves: Trial[][] = [];
    collectLeaves(this.#root, this.#shift, leaves);
    // One call copies them a leaf at a time into a list of the right length.
    return Object.freeze(([] as Trial[]).concat(...leaves));
  }
}

function changed(node: Node | undefined, shift: number, index: number, trial: Trial): Node {
  const copy = node ? node.slice() : [];
  const slot = (index >>> shift) & (WIDTH - 1);
  copy[slot] = shift === 0 ? trial : changed(copy[slot] as Node | undefined, shift - BITS, index, trial);
  return copy;
}

/** Where in two trees a comparison is. */
interface Comparison {
  readonly shift: number;
  /** The index of the first entry below. */
  readonly start: number;
  readonly visit: (index: number, trial: Trial) => void;
}

function visitChanges(node: Node, before: Node | undefined, { shift, start, visit }: Comparison): void {
  for (let slot = 0; slot < node.length; slot++) {
    const child = node[slot];
    const old = before?.[slot];
    if (child === old) continue;
    if (shift === 0) visit(start + slot, child as Trial);
    else {
      const below = { shift: shift - BITS, start: start + (slot << shift), visit };
      visitChanges(child as Node, old as Node | undefined, below);
    }
  }
}

function collectLeaves(node: Node, shift: number, into: Trial[][]): void {
  if (shift === 0) into.push(node as Trial[]);
  else for (const child of node) collectLeaves(child as Node, shift - BITS, into);
}
