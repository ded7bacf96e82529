/** What a report's page hands its script, and elements made of it: texts are set as texts, never as markup. */
import type { TrialColumns } from "../../src/app/report/report-data.js";
import type { Cell } from "./trial-filter.js";

/** A chart as the page has it. */
export interface PagePlot {
  readonly kind: string;
  readonly title: string;
  readonly option: Readonly<Record<string, unknown>>;
  /** Pixels. */
  readonly height: number;
  /** The rows that stand in the page, and how many there are. */
  readonly table: {
    readonly columns: readonly string[];
    readonly rows: readonly (readonly Cell[])[];
    readonly total: number;
  };
}

/** The JSON of the page. */
export interface PageData {
  readonly trials: TrialColumns;
  readonly plots: readonly PagePlot[];
}

export function readPageData(): PageData {
  return JSON.parse(document.getElementById("report")?.textContent ?? "{}") as PageData;
}

type Child = Node | string | null | undefined | false;

/** What an element is given: its attributes, `on…` listeners left to the caller. */
export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** An element with attributes (true: without a value; false and undefined: left out) and what is in it. */
export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes))
    if (value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : String(value));
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}
