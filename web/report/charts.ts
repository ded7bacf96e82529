/** The charts of a report: drawn when they come near, as large as their place, and each also as a table. */
import { shortNumber } from "../../src/core/numbers-in-words.js";
import { element } from "./page-data.js";
import type { PagePlot } from "./page-data.js";
import type { Cell } from "./trial-filter.js";
import { onTheme, themeNow } from "./theme.js";
import type { ThemeName } from "./theme.js";

/** A chart that is drawn. */
interface DrawnChart {
  setTheme(theme: ThemeName): void;
  resize(): void;
  dispose(): void;
}

/** What the bundle of ECharts leaves for pages. */
interface Drawing {
  drawInto(element: HTMLElement, option: PagePlot["option"], theme: ThemeName): DrawnChart;
}

declare global {
  var mlbenchPlots: Drawing;
}

/** A chart whose tooltips are painted, not made of HTML: names of studies stand in them. */
function painted({ option }: PagePlot): PagePlot["option"] {
  const tooltip = option["tooltip"];
  return { ...option, tooltip: { ...(typeof tooltip === "object" ? tooltip : {}), renderMode: "richText" } };
}

function draw(place: HTMLElement, plot: PagePlot): void {
  const chart = mlbenchPlots.drawInto(place, painted(plot), themeNow());
  place.dataset["drawn"] = "";
  onTheme((theme) => chart.setTheme(theme));
  let width = place.clientWidth;
  new ResizeObserver(() => {
    if (place.clientWidth === width) return;
    width = place.clientWidth;
    chart.resize();
  }).observe(place);
}

const cellText = (cell: Cell): string =>
  cell === null ? "" : typeof cell === "number" ? shortNumber(cell, 6) : String(cell);

function tableOf({ table, title }: PagePlot): HTMLElement {
  const { columns, rows, total } = table;
  const more = total > rows.length ? `, the first ${rows.length} of ${total} rows` : "";
  const head = columns.map((column) => element("th", { scope: "col" }, column));
  const body = rows.map((row) =>
    element(
      "tr",
      {},
      ...row.map((cell) => element("td", { class: typeof cell === "number" && "number" }, cellText(cell))),
    ),
  );
  return element(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": `Table: ${title}` },
    element(
      "table",
      {},
      element("caption", {}, `${title}${more}`),
      element("thead", {}, element("tr", {}, ...head)),
      element("tbody", {}, ...body),
    ),
  );
}

/** Brings all charts of the page to life. */
export function startCharts(plots: readonly PagePlot[]): void {
  const waiting = new Map<Element, PagePlot>();
  const drawNow = (place: Element): void => {
    const plot = waiting.get(place);
    waiting.delete(place);
    if (plot) draw(place as HTMLElement, plot);
  };
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) if (isIntersecting) drawNow(target);
    },
    { rootMargin: "600px" },
  );
  for (const place of document.querySelectorAll<HTMLElement>(".canvas")) {
    const plot = plots[Number(place.dataset["plot"])];
    if (!plot) continue;
    place.style.height = `${plot.height}px`;
    waiting.set(place, plot);
    observer.observe(place);
  }
  // On paper all of them are wanted.
  addEventListener("beforeprint", () => [...waiting.keys()].forEach(drawNow));
  for (const details of document.querySelectorAll<HTMLDetailsElement>(".astable")) {
    const plot = plots[Number(details.dataset["plot"])];
    details.addEventListener("toggle", () => {
      if (plot && details.open && details.childElementCount === 1) details.append(tableOf(plot));
    });
  }
}
