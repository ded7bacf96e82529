/** Which trials something happened to after a revision, found without a look at the others. */

/**
 * A log of what happened to which trial, in the order of revisions. It is thinned now and then to each trial's last entry,
 * so that it stays within a few times the number of trials.
 */
export class ChangedTrials {
  #from: number;
  #revisions: number[] = [];
  #numbers: number[] = [];
  /** How many entries there were after the last thinning. */
  #thinned = 0;

  readonly #slack: number;

  /**
   * @param from the revision that everything is known after
   * @param slack how many entries more than twice the trials there may be
   */
  constructor(from: number, slack = 10_000) {
    this.#from = from;
    this.#slack = slack;
  }

  /** How many entries are kept. */
  get entries(): number {
    return this.#numbers.length;
  }

  /** Something happened to a trial; revisions rise. */
  add(number: number, revision: number): void {
    this.#revisions.push(revision);
    this.#numbers.push(number);
    if (this.#revisions.length > 2 * this.#thinned + this.#slack) this.#thin();
  }

  /** Nothing is known of what happened up to this revision. */
  reset(from: number): void {
    this.#from = from;
    this.#revisions = [];
    this.#numbers = [];
    this.#thinned = 0;
  }

  /** Ascending, each once; null for a revision that this does not go back to, or that has not come. */
  since(revision: number): readonly number[] | null {
    if (revision < this.#from) return null;
    const changed = new Set<number>();
    for (let i = this.#revisions.length - 1; i >= 0 && (this.#revisions[i] as number) > revision; i--)
      changed.add(this.#numbers[i] as number);
    return [...changed].sort((a, b) => a - b);
  }

  #thin(): void {
    const seen = new Set<number>();
    const revisions: number[] = [];
    const numbers: number[] = [];
    for (let i = this.#numbers.length - 1; i >= 0; i--) {
      const number = this.#numbers[i] as number;
      if (seen.has(number)) continue;
      seen.add(number);
      revisions.push(this.#revisions[i] as number);
      numbers.push(number);
    }
    this.#revisions = revisions.reverse();
    this.#numbers = numbers.reverse();
    this.#thinned = numbers.length;
  }
}
