/** A filter by parameters and values: from and to for numbers, a choice for the rest. */
import type { TrialColumn, TrialColumns } from "../../src/app/report/report-data.js";
import { shortNumber } from "../../src/core/numbers-in-words.js";
import { element } from "./page-data.js";
import type { Cell, RowTest } from "./trial-filter.js";

/** Of more different texts nobody chooses from a list; the filter's text finds them. */
const MOST_CHOICES = 60;

/** The controls, and what they let through. */
export interface RangeControls {
  readonly element: HTMLElement;
  test: RowTest;
  reset(): void;
}

/** One column's control; null where it would let everything through in any position. */
interface Control {
  readonly element: HTMLElement;
  test: RowTest;
  reset(): void;
}

function numberControl(
  column: TrialColumn,
  at: number,
  values: readonly number[],
  changed: () => void,
): Control | null {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  if (!(low < high)) return null;
  const input = (what: string, hint: number): HTMLInputElement => {
    const made = element("input", {
      ...{ type: "number", step: "any", placeholder: shortNumber(hint, 3), "aria-label": `${column.name}, ${what}` },
    });
    made.addEventListener("input", changed);
    return made;
  };
  const [from, to] = [input("at least", low), input("at most", high)];
  return {
    element: element(
      "div",
      { class: "range", role: "group", "aria-label": column.name },
      element("span", { class: "user" }, column.title),
      from,
      "–",
      to,
    ),
    test: (row) => {
      const [least, most] = [from.valueAsNumber, to.valueAsNumber];
      if (Number.isNaN(least) && Number.isNaN(most)) return true;
      const value = row[at];
      return typeof value === "number" && !(value < least) && !(value > most);
    },
    reset: () => {
      from.value = "";
      to.value = "";
    },
  };
}

function choiceControl(column: TrialColumn, at: number, texts: readonly string[], changed: () => void): Control | null {
  const choices = [...new Set(texts)].sort();
  if (choices.length < 2 || choices.length > MOST_CHOICES) return null;
  const select = element(
    "select",
    { "aria-label": column.name },
    element("option", { value: "" }, "any"),
    ...choices.map((choice, i) => element("option", { value: i }, choice)),
  );
  select.addEventListener("change", changed);
  return {
    element: element("div", { class: "range" }, element("span", { class: "user" }, column.title), select),
    test: (row) => select.value === "" || String(row[at] ?? "") === choices[Number(select.value)],
    reset: () => (select.value = ""),
  };
}

function controlOf(
  column: TrialColumn,
  at: number,
  rows: readonly (readonly Cell[])[],
  changed: () => void,
): Control | null {
  const cells = rows.flatMap((row) => row[at] ?? []);
  if (column.kind !== "number") return choiceControl(column, at, cells.map(String), changed);
  return numberControl(
    ...([column, at] as const),
    cells.filter((cell) => typeof cell === "number"),
    changed,
  );
}

/** Controls for the values and the parameters. */
export function rangeControls({ columns, rows }: TrialColumns, changed: () => void): RangeControls {
  const controls = columns.flatMap((column, at) => {
    const wanted = column.group !== "trial" || column.name === "seconds" || column.name === "steps";
    return (wanted ? controlOf(column, at, rows, changed) : null) ?? [];
  });
  const details = element(
    "details",
    { class: "ranges", hidden: controls.length === 0 },
    element("summary", {}, "Ranges of values and parameters"),
    element("div", { class: "grid" }, ...controls.map((control) => control.element)),
  );
  return {
    element: details,
    test: (row) => controls.every(({ test }) => test(row)),
    reset: () => {
      for (const control of controls) control.reset();
    },
  };
}
