/** The table of trials: sorted by its headings, filtered by state, text and ranges, a page of rows at a time. */
import type { TrialColumn, TrialColumns } from "../../src/app/report/report-data.js";
import { shortNumber, timeText } from "../../src/core/numbers-in-words.js";
import { element } from "./page-data.js";
import { rangeControls } from "./range-controls.js";
import { compareCells, readFilter } from "./trial-filter.js";
import type { Cell, RowTest } from "./trial-filter.js";

/** Rows of a page: with more of them browsers take their time. */
const PAGE = 25;

type Row = readonly Cell[];

/** What is shown at the moment. */
interface Shown {
  sort: { column: number; descending: boolean } | null;
  page: number;
  rows: readonly Row[];
}

const titleOf = ({ title, direction }: TrialColumn): string =>
  direction === undefined ? title : `${title} ${direction === "minimize" ? "↓" : "↑"}`;

function cellText(cell: Cell, { kind }: TrialColumn): string {
  if (cell === null) return "";
  if (kind === "time") return timeText(String(cell));
  return typeof cell === "number" ? shortNumber(cell, 5) : String(cell);
}

/** A heading that sorts by its column. */
function heading(column: TrialColumn, sortBy: () => void): HTMLTableCellElement {
  const better = column.direction ? `, to be ${column.direction}d` : "";
  const button = element("button", { type: "button", title: `${column.name}${better}` }, titleOf(column));
  button.addEventListener("click", sortBy);
  return element("th", { scope: "col", class: column.kind === "number" && "number" }, button);
}

function rowOf(row: Row, { columns, best }: TrialColumns): HTMLTableRowElement {
  const isBest = best.includes(Number(row[0]));
  const cells = row.map((cell, i) => {
    const column = columns[i] as TrialColumn;
    const text = cellText(cell, column);
    if (i === 0)
      return element(
        "th",
        { scope: "row", class: "number" },
        text,
        isBest && element("span", { class: "star", title: "best" }, " ★"),
      );
    const content = column.kind === "state" ? element("span", { class: `tag ${text}` }, text) : text;
    const whole = typeof cell === "number" && String(cell) !== text ? String(cell) : undefined;
    const kind = column.kind === "number" ? "number" : column.name === "note" ? "notecell user" : "user";
    return element("td", { class: kind, title: whole }, content);
  });
  return element("tr", { class: isBest && "best" }, ...cells);
}

/** Boxes for the states that there are; the test lets through what is ticked. */
function stateControls(
  { counts, columns }: TrialColumns,
  changed: () => void,
): { element: HTMLElement; test: RowTest } {
  const at = columns.findIndex(({ kind }) => kind === "state");
  const boxes = new Map<string, HTMLInputElement>();
  const group = element("fieldset", { class: "states" }, element("legend", {}, "State"));
  for (const [state, count] of Object.entries(counts)) {
    if (count === 0) continue;
    const box = element("input", { type: "checkbox", checked: true });
    box.addEventListener("change", changed);
    boxes.set(state, box);
    group.append(element("label", { class: `tag ${state}` }, box, ` ${state} ${count}`));
  }
  return { element: group, test: (row) => boxes.get(String(row[at]))?.checked ?? true };
}

/** Brings the table to life in its place. */
export function startTrialTable(place: HTMLElement, trials: TrialColumns): void {
  const { columns } = trials;
  const rows: readonly Row[] = trials.rows;
  const shown: Shown = { sort: null, page: 0, rows };

  const problem = element("p", { class: "warn", role: "alert", hidden: true });
  const status = element("p", { class: "muted", role: "status" });
  const text = element("input", {
    ...{ type: "search", id: "trial-filter", autocomplete: "off", spellcheck: "false" },
    ...{ placeholder: "state = complete  lr < 0.01  any word", "aria-describedby": "trial-filter-help" },
  });
  const states = stateControls(trials, () => filter());
  const ranges = rangeControls(trials, () => filter());
  const body = element("tbody");
  const headings = columns.map((column, i) => heading(column, () => sortBy(i)));
  const pager = pagerOf((step) => {
    shown.page += step;
    show();
  });
  const reset = element("button", { type: "button" }, "Reset");
  reset.addEventListener("click", () => {
    text.value = "";
    for (const box of states.element.querySelectorAll("input")) box.checked = true;
    ranges.reset();
    shown.sort = null;
    filter();
  });

  function show(): void {
    const pages = Math.max(1, Math.ceil(shown.rows.length / PAGE));
    shown.page = Math.min(Math.max(0, shown.page), pages - 1);
    const from = shown.page * PAGE;
    body.replaceChildren(...shown.rows.slice(from, from + PAGE).map((row) => rowOf(row, trials)));
    for (const [i, cell] of headings.entries())
      if (shown.sort?.column === i) cell.setAttribute("aria-sort", shown.sort.descending ? "descending" : "ascending");
      else cell.removeAttribute("aria-sort");
    const some = shown.rows.length < rows.length ? ` of ${rows.length.toLocaleString("en")}` : "";
    status.textContent = `${shown.rows.length.toLocaleString("en")}${some} trials${pages > 1 ? `, page ${shown.page + 1} of ${pages}` : ""}`;
    pager.update(shown.page, pages);
  }

  function filter(): void {
    const read = readFilter(text.value, columns);
    problem.hidden = "test" in read;
    problem.textContent = "problem" in read ? read.problem : "";
    if ("problem" in read) return;
    const kept = rows.filter((row) => states.test(row) && ranges.test(row) && read.test(row));
    const { sort } = shown;
    if (sort) kept.sort((a, b) => compareCells(a[sort.column] ?? null, b[sort.column] ?? null, sort.descending));
    shown.rows = kept;
    shown.page = 0;
    show();
  }

  /** The better end first, then the other one, then by number again. */
  function sortBy(column: number): void {
    const first = columns[column]?.direction === "maximize";
    const { sort } = shown;
    if (sort?.column !== column) shown.sort = { column, descending: first };
    else shown.sort = sort.descending === first ? { column, descending: !first } : null;
    filter();
  }

  let waiting = 0;
  text.addEventListener("input", () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(filter);
  });
  place.append(
    element(
      "form",
      { class: "filters", role: "search", "aria-label": "Filter the trials" },
      element("div", { class: "filter" }, element("label", { for: "trial-filter" }, "Filter"), text, reset),
      element(
        ...(["p", { id: "trial-filter-help", class: "muted" }] as const),
        "Comparisons (= != < <= > >=) and words; all must hold. A name with spaces stands in “quotes”.".replaceAll(
          /[“”]/g,
          '"',
        ),
      ),
      problem,
      states.element,
      ranges.element,
    ),
    element("div", { class: "bar" }, status, pager.element),
    element(
      "div",
      { class: "scroll rows", tabindex: 0, role: "region", "aria-label": "Rows of trials" },
      element(
        "table",
        { class: "trials" },
        element("caption", { class: "visually-hidden" }, "Trials; the headings sort"),
        element("thead", {}, element("tr", {}, ...headings)),
        body,
      ),
    ),
  );
  place.querySelector("form")?.addEventListener("submit", (event) => event.preventDefault());
  show();
}

/** Buttons for the page before and the one behind. */
function pagerOf(turn: (step: number) => void): { element: HTMLElement; update(page: number, pages: number): void } {
  const [back, on] = [element("button", { type: "button" }, "← Back"), element("button", { type: "button" }, "On →")];
  back.addEventListener("click", () => turn(-1));
  on.addEventListener("click", () => turn(1));
  const pager = element("nav", { class: "pager", "aria-label": "Pages of trials" }, back, on);
  return {
    element: pager,
    update(page, pages) {
      pager.hidden = pages < 2;
      back.disabled = page === 0;
      on.disabled = page === pages - 1;
    },
  };
}
