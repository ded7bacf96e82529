/** Importances as tables with bars, with what was used for them and what was not. */
import { omittedCount } from "../analysis/index.js";
import type {
  InteractionImportance,
  OmittedTrials,
  ParameterImportance,
  TargetImportances,
} from "../analysis/index.js";
import type { StudyImportances } from "../app/study-importances.js";
import { renderTable, shortNumber } from "./render.js";
import type { Column } from "./render.js";
import { styled } from "./styles.js";
import { hangText, textWidth } from "./text-layout.js";

/** Columns of the longest bar at most, and those that are still worth drawing. */
const BAR = { most: 32, least: 8 } as const;
/** What the numbers beside a bar take, with the gaps. */
const NUMBERS = 34;

/** The importances for one metric after another, as wide as the terminal is. */
export function importancesInWords({ method, targets }: StudyImportances, width: number): string {
  return targets.map((target) => targetInWords(target, method, width)).join("\n\n");
}

function targetInWords(target: TargetImportances, method: string, width: number): string {
  const blocks = [
    hangText(headOf(target, method), width, 2),
    target.parameters.length === 0 ? "no parameters" : parameterTable(target.parameters, width),
    ...(target.interactions === null ? [] : [interactionTable(target.interactions, width)]),
    [...omittedInWords(target.omitted), ...target.notes].map((line) => hangText(line, width, 2)).join("\n"),
  ];
  return blocks.filter((block) => block !== "").join("\n\n");
}

/** `val_rmse (minimize) by ped-anova: 38 trials used, 4 of them the top ones` */
function headOf({ metric, direction, used, top }: TargetImportances, method: string): string {
  const count = `${used} ${used === 1 ? "trial" : "trials"} used`;
  const which = top === null ? "" : `, ${top} of them the top ${top === 1 ? "one" : "ones"}`;
  const better = top === null ? "" : ` (${direction})`;
  return `${styled("heading", metric)}${better} by ${method}: ${count}${which}`;
}

function parameterTable(parameters: readonly ParameterImportance[], width: number): string {
  const varies = parameters.some(({ spread }) => (spread ?? 0) > 0);
  const partly = parameters.some(({ within }) => within !== null);
  const columns: Column<ParameterImportance>[] = [
    { title: "parameter", text: ({ name }) => name },
    { title: "importance", align: "right", text: ({ importance }) => shortNumber(importance, 3) },
    ...(varies ? [plusMinus<ParameterImportance>(({ spread }) => spread ?? 0)] : []),
    { title: "share", align: "right", text: ({ share }) => percent(share) },
    ...(partly
      ? [
          { title: "where active", align: "right" as const, text: whereActive },
          { title: "trials", align: "right" as const, text: ({ trials }: ParameterImportance) => String(trials) },
        ]
      : []),
  ];
  const taken = NUMBERS + (partly ? 20 : 0) + Math.max(...parameters.map(({ name }) => textWidth(name)));
  return renderTable([...columns, ...bars<ParameterImportance>(parameters, width - taken)], parameters, width);
}

function whereActive({ within }: ParameterImportance): string {
  return within === null ? "-" : shortNumber(within, 3);
}

function plusMinus<Row>(of: (row: Row) => number): Column<Row> {
  return { title: "±", align: "right", text: (row) => shortNumber(of(row), 2), style: () => "muted" };
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;
}

/** Bars beside the rows, the longest for the largest; none where there is no room or nothing to show. */
function bars<Row extends { readonly importance: number }>(rows: readonly Row[], room: number): Column<Row>[] {
  const largest = Math.max(...rows.map(({ importance }) => importance));
  const most = Math.min(BAR.most, room);
  if (!(largest > 0) || most < BAR.least) return [];
  return [{ title: "", text: ({ importance }) => bar((importance / largest) * most), style: () => "series1" }];
}

const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"] as const;

function bar(length: number): string {
  const eighths = Math.round(8 * length);
  return "█".repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] as string);
}

/** Interactions shown at most. */
const MOST_PAIRS = 10;

function interactionTable(interactions: readonly InteractionImportance[], width: number): string {
  if (interactions.length === 0) return "no pairs of parameters to look at";
  const shown = interactions.slice(0, MOST_PAIRS);
  const nameOf = ({ names }: InteractionImportance): string => names.join(" × ");
  const columns: Column<InteractionImportance>[] = [
    { title: "pair", text: nameOf },
    { title: "interaction", align: "right", text: ({ importance }) => shortNumber(importance, 3) },
    plusMinus(({ spread }) => spread),
  ];
  const taken = NUMBERS + Math.max(...shown.map((row) => textWidth(nameOf(row))));
  const table = renderTable([...columns, ...bars(shown, width - taken)], shown, width);
  const left = interactions.length - shown.length;
  return left === 0 ? table : `${table}\n${left} further pairs below ${shortNumber(shown.at(-1)?.importance, 3)}`;
}

/** `not used: 3 pruned, 1 failed` */
function omittedInWords(omitted: readonly OmittedTrials[]): string[] {
  return omitted.length === 0 ? [] : [`not used: ${omitted.map(omittedCount).join(", ")}`];
}
