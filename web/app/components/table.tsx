/** A table that can be sorted by its headings. */
import type { ComponentChildren } from "preact";
import type { Sorting } from "./sorting.js";

/** A column of a table. */
export interface TableColumn<Row> {
  readonly key: string;
  readonly title: string;
  readonly cell: (row: Row) => ComponentChildren;
  readonly numeric?: boolean | undefined;
  /** Hidden where there is little room. */
  readonly minor?: boolean | undefined;
  readonly sortable?: boolean | undefined;
  /** The cell that names its row. */
  readonly heading?: boolean | undefined;
}

/** What a table takes. */
export interface TableProps<Row> {
  readonly caption: string;
  readonly columns: readonly TableColumn<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string | number;
  readonly sorting?: Sorting | undefined;
  readonly onSort?: ((sorting: Sorting) => void) | undefined;
  readonly class?: string | undefined;
}

/** Whoever renders it has the rows in order. Roles are said, since a narrow window makes cards of the rows. */
export function Table<Row>({ caption, columns, rows, keyOf, sorting, onSort, class: className = "" }: TableProps<Row>) {
  const classOf = ({ numeric, minor }: TableColumn<Row>): string | undefined =>
    [numeric && "number", minor && "minor"].filter(Boolean).join(" ") || undefined;
  const heading = (column: TableColumn<Row>) => {
    const isSorted = sorting?.key === column.key;
    const toggle = (): void => onSort?.({ key: column.key, descending: isSorted ? !sorting.descending : false });
    return (
      <th
        key={column.key}
        scope="col"
        role="columnheader"
        class={classOf(column)}
        aria-sort={isSorted ? (sorting.descending ? "descending" : "ascending") : undefined}
      >
        {column.sortable && onSort ? (
          <button type="button" class="sort" onClick={toggle}>
            {column.title}
            <span aria-hidden="true">{isSorted ? (sorting.descending ? " ↓" : " ↑") : ""}</span>
          </button>
        ) : (
          column.title
        )}
      </th>
    );
  };
  return (
    <div class="scroll" role="region" aria-label={caption} tabIndex={0}>
      <table class={className} role="table">
        <caption class="visually-hidden">{caption}</caption>
        <thead role="rowgroup">
          <tr role="row">{columns.map(heading)}</tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((row) => (
            <tr key={keyOf(row)} role="row">
              {columns.map((column) =>
                column.heading ? (
                  <th key={column.key} scope="row" role="rowheader" class={classOf(column)}>
                    {column.cell(row)}
                  </th>
                ) : (
                  <td key={column.key} role="cell" data-label={column.title} class={classOf(column)}>
                    {column.cell(row)}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
