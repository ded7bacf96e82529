/** The table of trials: only the rows that are seen are there, however many there are, and the keyboard reaches all of it. */
import { useEffect, useMemo, useReducer, useRef, useState } from "preact/hooks";
import { duration, shortNumber, timeText } from "../../../../src/core/numbers-in-words.js";
import { askColumns } from "../../columns/columns-client.js";
import type { Cell } from "../../columns/column.js";
import type { FieldInfo } from "../../columns/study-queries.js";
import { Link } from "../../components/link.js";
import { stateShapes } from "../../filter/state-shapes.js";
import type { StateName } from "../../columns/state-names.js";
import type { TrialOrder } from "../../filter/select.js";
import { paths } from "../../router.js";
import { CellCache } from "./cell-cache.js";
import { useRowsInView } from "./fixed-rows.js";
import { placeAfter } from "./grid-keys.js";
import type { GridPlace } from "./grid-keys.js";

/** Pixels. */
const ROW = 34;
/** Rows whose cells are fetched before they come into view, in both directions. */
const AHEAD = 60;
/** Cells that the grid needs besides those of its columns: whether a trial is banned, its tags and its note. */
const besides = ["banned", "tag", "note"];

/** What it takes. */
export interface TrialGridProps {
  readonly study: string;
  readonly numbers: Uint32Array;
  readonly revision: number;
  readonly fields: readonly FieldInfo[];
  readonly order: TrialOrder | null;
  readonly onOrder: (order: TrialOrder | null) => void;
  readonly chosen: ReadonlySet<number>;
  readonly onChoose: (chosen: ReadonlySet<number>) => void;
  readonly onOpen: (number: number) => void;
  readonly best: number | null;
  /** Fields whose numbers are written as powers of ten. */
  readonly powers: ReadonlySet<string>;
}

/** How wide a column is, in pixels. */
function widthOf({ name, kind, group }: FieldInfo): number {
  const heading = 8 * name.length + 34;
  if (name === "state") return 118;
  const least = kind === "time" ? 160 : 106;
  return Math.max(least, Math.min(group === "parameter" ? 190 : 150, heading));
}

function textOf(cell: Cell, { name, kind }: FieldInfo, isPower: boolean): string {
  if (cell === null) return "";
  if (kind === "time") return timeText(String(cell));
  if (kind === "flag") return cell === true ? "yes" : "no";
  if (typeof cell === "number") return name === "seconds" ? duration(cell) : shortNumber(cell, 5, isPower);
  return String(cell);
}

interface RowProps {
  readonly number: number;
  readonly index: number;
  readonly top: number;
  readonly cells: readonly Cell[] | null | undefined;
  readonly props: TrialGridProps;
  readonly template: string;
  /** The column that has the focus; -1: none of this row. */
  readonly active: number;
  readonly onFocus: (place: GridPlace) => void;
  readonly onToggle: (index: number, range: boolean) => void;
}

function Row({ number, index, top, cells, props, template, active, onFocus, onToggle }: RowProps) {
  const { study, fields, chosen, best } = props;
  const isChosen = chosen.has(number);
  const [banned, tags, note] = (cells ?? []).slice(fields.length);
  const tabIndex = (column: number): number => (active === column ? 0 : -1);
  const cell = (column: number, className: string) => ({
    ...{
      role: "gridcell" as const,
      class: className,
      "aria-colindex": column + 1,
      tabIndex: tabIndex(column),
      "data-column": column,
    },
    onFocus: () => onFocus({ row: index, column }),
  });
  return (
    <div
      role="row"
      class={`grid-row${isChosen ? " chosen" : ""}${banned === true ? " banned" : ""}${number === best ? " best" : ""}`}
      aria-rowindex={index + 2}
      aria-selected={isChosen}
      data-row={index}
      style={{ transform: `translateY(${top}px)`, gridTemplateColumns: template }}
    >
      <div {...cell(0, "tick")} onClick={({ shiftKey }: MouseEvent) => onToggle(index, shiftKey)}>
        <span class="box" aria-hidden="true">
          {isChosen ? "☑" : "☐"}
        </span>
        <span class="visually-hidden">{isChosen ? "chosen" : "not chosen"}</span>
      </div>
      <div {...cell(1, "number")} role="rowheader">
        <Link to={paths.trial(study, number)} label={`Trial ${number}`} focusable={false}>
          {number}
        </Link>
        {number === best && <span title="best"> ★</span>}
        {banned === true && <span class="mark"> banned</span>}
        {typeof tags === "string" && (
          <span class="mark" title={tags}>
            {" "}
            #
          </span>
        )}
        {note === true && (
          <span class="mark" title="has a note">
            {" "}
            ✎
          </span>
        )}
      </div>
      {fields.map((field, i) => {
        const value = cells?.[i] ?? null;
        const text = cells === undefined ? "…" : textOf(value, field, props.powers.has(field.name));
        const isNumber = field.kind === "number";
        const whole = typeof value === "number" && String(value) !== text ? String(value) : text;
        return (
          <div key={field.name} {...cell(i + 2, isNumber ? "number" : "user")} title={whole}>
            {field.name === "state" && value !== null ? (
              <span class={`state ${String(value)}`}>
                <span aria-hidden="true">{stateShapes[value as StateName]}</span> {text}
              </span>
            ) : (
              text
            )}
          </div>
        );
      })}
    </div>
  );
}

/** Draws it. */
export function TrialGrid(props: TrialGridProps) {
  const { study, numbers, revision, fields, order, onOrder, chosen, onChoose, onOpen } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState<GridPlace>({ row: -1, column: 1 });
  const [, redraw] = useReducer((count: number, _: void) => count + 1, 0);
  const lastChosen = useRef<number | null>(null);

  const names = fields.map(({ name }) => name).join("\n");
  const cache = useMemo(() => {
    const asked = [...fields.map(({ name }) => name), ...besides];
    return new CellCache(
      (wanted) => askColumns("cells", { study, numbers: wanted, fields: asked }),
      () => redraw(),
    );
  }, [study, names]);

  const { from, to, page, show } = useRowsInView(scroller, numbers.length, ROW);
  const rows = Array.from({ length: to - from }, (_, i) => from + i);
  // The row that has the focus stays, wherever it is scrolled to.
  if (active.row >= 0 && active.row < numbers.length && (active.row < from || active.row >= to)) rows.push(active.row);
  const [first, last] = [Math.max(0, from - AHEAD), Math.min(numbers.length, to + AHEAD)];
  useEffect(
    () => cache.want(Array.from(numbers.subarray(first, last)), revision),
    [cache, revision, numbers, first, last],
  );

  const widths = fields.map(widthOf);
  const template = `44px 112px ${widths.map((width) => `${width}px`).join(" ")}`;
  const width = 156 + widths.reduce((sum, one) => sum + one, 0);
  const columns = fields.length + 2;

  /** Moves the focus once the cell is there. */
  const focusAt = ({ row, column }: GridPlace): void => {
    setActive({ row, column });
    if (row >= 0) show(row);
    requestAnimationFrame(() => {
      const cell = scroller.current?.querySelector<HTMLElement>(`[data-row="${row}"] [data-column="${column}"]`);
      cell?.focus({ preventScroll: row >= 0 });
      if (cell && scroller.current) intoView(scroller.current, cell, column);
    });
  };
  const toggle = (index: number, range: boolean): void => {
    const changed = new Set(chosen);
    const from = range && lastChosen.current !== null ? lastChosen.current : index;
    const number = numbers[index] as number;
    const choose = range ? true : !changed.has(number);
    for (let row = Math.min(from, index); row <= Math.max(from, index); row++) {
      const one = numbers[row];
      if (one === undefined) continue;
      if (choose) changed.add(one);
      else changed.delete(one);
    }
    lastChosen.current = index;
    onChoose(changed);
  };
  const sortBy = (column: number): void => {
    const name = column === 1 ? "number" : fields[column - 2]?.name;
    if (name === undefined) return;
    const first = fields[column - 2]?.direction === "maximize";
    if (order?.field !== name) onOrder({ field: name, descending: first });
    else onOrder(order.descending === first ? { field: name, descending: !first } : null);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const isCommand = event.ctrlKey || event.metaKey;
    const next = placeAfter({ key: event.key, ctrlKey: isCommand }, active, { rows: numbers.length, columns, page });
    if (next) focusAt(next);
    else if (event.key === " " && active.row >= 0) toggle(active.row, event.shiftKey);
    else if (event.key === "a" && isCommand) onChoose(new Set(numbers));
    else if (event.key === "Escape" && chosen.size > 0) onChoose(new Set());
    else if (event.key === "Enter" || event.key === " ") {
      if (active.row >= 0) onOpen(numbers[active.row] as number);
      else if (active.column === 0) onChoose(chosen.size > 0 ? new Set() : new Set(numbers));
      else sortBy(active.column);
    } else return;
    event.preventDefault();
  };
  const headings = [
    { name: "number", title: "trial", numeric: true },
    ...fields.map(({ name, kind, direction }) => ({
      ...{ name, numeric: kind === "number" },
      title: `${name}${direction === undefined ? "" : direction === "minimize" ? " ↓" : " ↑"}`,
    })),
  ];
  return (
    <div
      ref={scroller}
      class="trial-grid"
      role="grid"
      aria-label={`Trials of ${study}`}
      aria-rowcount={numbers.length + 1}
      aria-colcount={columns}
      aria-multiselectable="true"
      onKeyDown={onKeyDown}
    >
      <div class="grid-body" style={{ height: `${ROW * (numbers.length + 1)}px`, minWidth: `${width}px` }}>
        <div
          role="row"
          class="grid-row grid-head"
          aria-rowindex={1}
          data-row={-1}
          style={{ gridTemplateColumns: template }}
        >
          <div
            role="columnheader"
            class="tick"
            aria-colindex={1}
            data-column={0}
            tabIndex={active.row === -1 && active.column === 0 ? 0 : -1}
            onFocus={() => setActive({ row: -1, column: 0 })}
            onClick={() => onChoose(chosen.size > 0 ? new Set() : new Set(numbers))}
          >
            <span class="box" aria-hidden="true">
              {chosen.size > 0 ? "☒" : "☐"}
            </span>
            <span class="visually-hidden">{chosen.size > 0 ? "Choose none" : "Choose all"}</span>
          </div>
          {headings.map(({ name, title, numeric }, i) => (
            <div
              key={name}
              role="columnheader"
              class={numeric ? "number" : "user"}
              title={name}
              aria-colindex={i + 2}
              aria-sort={order?.field === name ? (order.descending ? "descending" : "ascending") : undefined}
              data-column={i + 1}
              tabIndex={active.row === -1 && active.column === i + 1 ? 0 : -1}
              onFocus={() => setActive({ row: -1, column: i + 1 })}
              onClick={() => sortBy(i + 1)}
            >
              {title}
              <span aria-hidden="true">{order?.field === name ? (order.descending ? " ▼" : " ▲") : ""}</span>
            </div>
          ))}
        </div>
        {rows.map((index) => {
          const number = numbers[index] as number;
          return (
            <Row
              key={number}
              {...{
                number,
                index,
                top: ROW * (index + 1),
                cells: cache.at(number),
                props,
                template,
                onFocus: setActive,
                onToggle: toggle,
              }}
              active={active.row === index ? active.column : -1}
            />
          );
        })}
      </div>
    </div>
  );
}

/** Scrolls sideways so far that a cell is seen beside the columns that stay. */
function intoView(scroller: HTMLElement, cell: HTMLElement, column: number): void {
  if (column < 2) return;
  const [place, own] = [scroller.getBoundingClientRect(), cell.getBoundingClientRect()];
  if (own.left < place.left + 156) scroller.scrollLeft -= place.left + 156 - own.left;
  else if (own.right > place.right - 16) scroller.scrollLeft += own.right - place.right + 16;
}
