/** The frame of every chart: title, what is to be known about it, the same as a table, and as a file. */
import type { ComponentChildren } from "preact";
import { useId, useState } from "preact/hooks";
import { shortNumber } from "../../../src/core/numbers-in-words.js";
import type { PlotCell, PlotTable } from "../../../src/plots/plot.js";
import { messageOf } from "../api/client.js";
import { announce } from "../components/announce.js";
import { saveFile } from "../components/copying.js";
import { csvText } from "../csv.js";
import { titleHere } from "../router.js";

/** A chart's table: all of it, or its first rows and the file that has the others. */
export interface ChartTableData extends PlotTable {
  /** @default as many as there are */
  readonly total?: number | undefined;
  /** All rows, as a file. @default made of the rows */
  readonly csv?: (() => Promise<Blob>) | undefined;
}

/** What a frame takes. */
export interface ChartFrameProps {
  readonly title: string;
  /** The drawing. */
  readonly children: ComponentChildren;
  /** Sentences: what was left out and why. */
  readonly notes?: readonly string[] | undefined;
  /** What it shows; made when it is asked for. */
  readonly table: () => ChartTableData | Promise<ChartTableData>;
  /** The picture as an SVG file's text; absent: there is none. */
  readonly svg?: (() => string | Promise<string>) | undefined;
  /** Of files, without their extension. */
  readonly fileName: string;
  /** Controls beside the title. */
  readonly controls?: ComponentChildren;
  readonly class?: string | undefined;
  /** It is scrolled in its frame: a chart that may be higher than a window. */
  readonly isTall?: boolean | undefined;
}

/** Rows of a table that are shown; the file has all. */
const SHOWN_ROWS = 500;

const cellText = (cell: PlotCell): string =>
  cell === null ? "" : typeof cell === "number" ? shortNumber(cell, 6) : String(cell);

/** A chart's table as a reader has it. */
export function ChartTable({ title, table }: { readonly title: string; readonly table: ChartTableData }) {
  const { columns, rows, total = rows.length } = table;
  const more = total > SHOWN_ROWS ? `, the first ${SHOWN_ROWS} of ${total} rows; the CSV file has all` : "";
  return (
    <div class="scroll tall" tabIndex={0} role="region" aria-label={`Table: ${title}`}>
      <table>
        <caption>
          {title}
          {more}
        </caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col" class="user">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, SHOWN_ROWS).map((row, at) => (
            <tr key={at}>
              {row.map((cell, column) => (
                <td key={column} class={typeof cell === "number" ? "number" : "user"}>
                  {cellText(cell)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Its buttons read with the chart's title, so that each is told from its neighbours'. */
export function ChartFrame(props: ChartFrameProps) {
  const { children, notes = [], table, svg, fileName, controls, isTall = false, class: className = "" } = props;
  const title = titleHere(props.title);
  const [shown, setShown] = useState<ChartTableData | null>(null);
  const id = useId();
  const attempt = (work: () => Promise<void>): void => {
    work().catch((error: unknown) => announce(messageOf(error), "problem"));
  };
  const toggle = (): void => {
    if (shown) setShown(null);
    else attempt(async () => setShown(await table()));
  };
  const saveCsv = async (): Promise<void> => {
    const { columns, rows, csv } = await table();
    saveFile(`${fileName}.csv`, csv ? await csv() : csvText(columns, rows), "text/csv");
  };
  const saveSvg = async (): Promise<void> => {
    if (svg) saveFile(`${fileName}.svg`, await svg(), "image/svg+xml");
  };
  return (
    <figure class={`panel chart ${className}`} aria-labelledby={id}>
      <div class="chart-head">
        <h3 id={id} class="user">
          {title}
        </h3>
        <div class="chart-tools">
          {controls}
          <button
            type="button"
            class="quiet"
            aria-expanded={shown !== null}
            aria-label={`As table: ${title}`}
            onClick={toggle}
          >
            {shown ? "Hide table" : "As table"}
          </button>
          {svg && (
            <button type="button" class="quiet" aria-label={`Save as SVG: ${title}`} onClick={() => attempt(saveSvg)}>
              SVG
            </button>
          )}
          <button type="button" class="quiet" aria-label={`Save as CSV: ${title}`} onClick={() => attempt(saveCsv)}>
            CSV
          </button>
        </div>
      </div>
      {isTall ? (
        <div class="chart-place tall" tabIndex={0} role="region" aria-label={title}>
          {children}
        </div>
      ) : (
        <div class="chart-place">{children}</div>
      )}
      {notes.length > 0 && (
        <figcaption>
          <ul>
            {notes.map((note) => (
              <li key={note} class="user">
                {note}
              </li>
            ))}
          </ul>
        </figcaption>
      )}
      {shown && <ChartTable title={title} table={shown} />}
    </figure>
  );
}
