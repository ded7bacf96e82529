/** What is suspicious about any source's tables: units, jumps, gaps, rows without SOH, twins. */
import type { CellTable } from "../core/index.js";

/** No cell is as good as this: a percentage, a unit that does not fit, a reference that is none. */
const HIGHEST_SOH = 2;
/** A cell that is never better than this has not been measured in the unit that is meant. */
const LOWEST_PEAK = 0.2;
/** Two discharges of a cell, one after the other, do not differ by this factor. */
const JUMP = 10;
/** Fewer equal rows may be chance. */
const TWIN_ROWS = 20;
const LISTED = 3;

/** `A 3, B 1 and 4 more` */
export function listed(items: readonly string[], most = LISTED): string {
  const more = items.length - most;
  return items.slice(0, most).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

/** The words for a number in a warning: no more digits than tell it. */
export function shown(value: number): string {
  return String(Number(value.toPrecision(4)));
}

interface Peak {
  readonly cell: string;
  readonly soh: number;
  readonly cycle: number;
}

function peakOf({ cell, soh, cycles }: CellTable): Peak {
  let at = -1;
  for (let i = 0; i < soh.length; i++) if ((soh[i] as number) > (soh[at] ?? -Infinity)) at = i;
  return { cell, soh: soh[at] ?? NaN, cycle: cycles[at] ?? NaN };
}

/** @param hint what may be the cause, in the source's own words */
function scaleWarnings(cells: readonly CellTable[], hint: string): string[] {
  const peaks = cells.map(peakOf);
  const highest = peaks.reduce((a, b) => (b.soh > a.soh ? b : a), { cell: "", soh: -Infinity, cycle: NaN });
  const low = peaks.filter(({ soh }) => soh <= LOWEST_PEAK).map(({ cell, soh }) => `${cell} ${shown(soh)}`);
  const why = `SOH is 1 as new${hint}`;
  return [
    ...(highest.soh > HIGHEST_SOH
      ? [`the highest SOH is ${shown(highest.soh)} (cell ${highest.cell}, cycle ${highest.cycle}): ${why}`]
      : []),
    ...(low.length > 0
      ? [`no SOH is above ${LOWEST_PEAK} in ${low.length} cells (highest: ${listed(low)}): ${why}`]
      : []),
  ];
}

/** The first jump of a cell. */
function jumpOf({ cell, soh, cycles }: CellTable): string | null {
  let before = -1;
  for (let i = 0; i < soh.length; i++) {
    const now = soh[i] as number;
    if (!Number.isFinite(now)) continue;
    const last = soh[before] ?? NaN;
    if (Math.max(now, last) > JUMP * Math.min(now, last))
      return `${cell} from ${shown(last)} at cycle ${cycles[before]} to ${shown(now)} at cycle ${cycles[i]}`;
    before = i;
  }
  return null;
}

function jumpWarnings(cells: readonly CellTable[]): string[] {
  const jumps = cells.map(jumpOf).filter((jump) => jump !== null);
  return jumps.length === 0
    ? []
    : [
        `SOH jumps by more than a factor of ${JUMP}: ${listed(jumps)}: a formation or aborted cycle, a row of totals, another unit, or separators of thousands?`,
      ];
}

/** The cycles between the first and the last of an ascending list that are not in it. */
export function missingCycles(cycles: ArrayLike<number>): number {
  const { length } = cycles;
  return length === 0 ? 0 : (cycles[length - 1] as number) - (cycles[0] as number) + 1 - length;
}

/** @param told cycles without a row that the source speaks of itself, by cell */
function gapWarnings(cells: readonly CellTable[], told: ReadonlyMap<string, number>): string[] {
  let total = 0;
  const gaps: string[] = [];
  for (const { cell, cycles } of cells) {
    const missing = missingCycles(cycles) - (told.get(cell) ?? 0);
    if (missing <= 0) continue;
    total += missing;
    gaps.push(`${cell} ${missing}`);
  }
  return total === 0 ? [] : [`${total} cycles between a cell's first and last one have no row (${listed(gaps)})`];
}

function droppedWarnings(cells: readonly CellTable[]): string[] {
  let dropped = 0;
  for (const { soh } of cells) for (const value of soh) if (!Number.isFinite(value)) dropped++;
  return dropped === 0 ? [] : [`${dropped} rows without SOH are left out, as missing cycles`];
}

/** Whether one cell's SOH are the other's, as far as both go; a series that does not vary tells nothing. */
function areTwins(a: CellTable, b: CellTable): boolean {
  const shared = Math.min(a.soh.length, b.soh.length);
  if (shared < TWIN_ROWS) return false;
  const first = a.soh.find((value) => Number.isFinite(value));
  let varies = false;
  for (let i = 0; i < shared; i++) {
    if (!Object.is(a.soh[i], b.soh[i]) || a.cycles[i] !== b.cycles[i]) return false;
    varies ||= Number.isFinite(a.soh[i]) && a.soh[i] !== first;
  }
  return varies;
}

/** Whether a cell's SOH are not all the same; such cells, however many, are compared with none. */
function varies({ soh }: CellTable): boolean {
  const first = soh.find((value) => Number.isFinite(value));
  return soh.some((value) => Number.isFinite(value) && value !== first);
}

function twinWarnings(cells: readonly CellTable[]): string[] {
  const alike = new Map<string, CellTable[]>();
  const twins: string[] = [];
  for (const table of cells) {
    if (!varies(table)) continue;
    const key = table.soh.subarray(0, TWIN_ROWS).join();
    const before = alike.get(key) ?? [];
    const twin = before.find((other) => areTwins(table, other));
    if (twin) twins.push(`${twin.cell} and ${table.cell}`);
    before.push(table);
    alike.set(key, before);
  }
  return twins.length === 0
    ? []
    : [`cells with the same numbers: ${listed(twins)}: one in training tells of the other in validation`];
}

/** What a source says of its tables. */
export interface SourceHints {
  /** What may be the cause of a SOH out of scale; follows "SOH is 1 as new". @default "" */
  readonly scaleHint?: string;
  /** Cycles without a row, between a cell's first and last one, that the source's own warnings speak of; by cell. */
  readonly leftOut?: ReadonlyMap<string, number>;
}

/** The warnings about tables, whatever their source; none for what looks right. */
export function tableWarnings(
  cells: readonly CellTable[],
  { scaleHint = "", leftOut = new Map() }: SourceHints,
): string[] {
  return [
    ...scaleWarnings(cells, scaleHint),
    ...jumpWarnings(cells),
    ...twinWarnings(cells),
    ...gapWarnings(cells, leftOut),
    ...droppedWarnings(cells),
  ];
}
