/** Lists that only ever grow: whoever has read one up to a place need not read that part again. */

const growing = new WeakSet<readonly unknown[]>();

/** An empty list of which the maker promises that entries are only put at its end. */
export function growingList<T>(): T[] {
  const list: T[] = [];
  growing.add(list);
  return list;
}

/** Whether a list is one of {@link growingList}. */
export function onlyGrows(list: readonly unknown[]): boolean {
  return growing.has(list);
}
