/** Where the keys lead in a grid: as the ARIA practices have it for data grids. */

/** A cell. Row -1 is the heading. */
export interface GridPlace {
  readonly row: number;
  readonly column: number;
}

/** How large a grid is. */
export interface GridSize {
  readonly rows: number;
  readonly columns: number;
  /** Rows that are seen at once. */
  readonly page: number;
}

const within = (value: number, low: number, high: number): number => Math.max(low, Math.min(high, value));

/** The cell that a key leads to; null: it leads nowhere. */
export function placeAfter(
  { key, ctrlKey = false }: { readonly key: string; readonly ctrlKey?: boolean },
  { row, column }: GridPlace,
  { rows, columns, page }: GridSize,
): GridPlace | null {
  const to = (toRow: number, toColumn = column): GridPlace => ({
    row: within(toRow, -1, rows - 1),
    column: within(toColumn, 0, columns - 1),
  });
  switch (key) {
    case "ArrowDown":
      return to(row + 1);
    case "ArrowUp":
      return to(row - 1);
    case "ArrowLeft":
      return to(row, column - 1);
    case "ArrowRight":
      return to(row, column + 1);
    case "PageDown":
      return to(Math.max(row, 0) + page);
    case "PageUp":
      return to(Math.max(0, row - page));
    case "Home":
      return ctrlKey ? to(0, 0) : to(row, 0);
    case "End":
      return ctrlKey ? to(rows - 1, columns - 1) : to(row, columns - 1);
    default:
      return null;
  }
}
