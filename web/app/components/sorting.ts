/** The order of a table. */

/** What rows are sorted by. */
export interface Sorting {
  readonly key: string;
  readonly descending: boolean;
}
