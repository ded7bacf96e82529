/** fANOVA: the share of the values' variance that parameters explain in a random forest (Hutter, Hoos and Leyton-Brown 2014). */
import { createRng } from "../../core/index.js";
import type { FanovaOptions } from "../importance-methods.js";
import type { InteractionImportance, MethodResult } from "../importance-result.js";
import type { ImportanceSample, Regime } from "../importance-sample.js";
import { scaled, tableOf } from "./columns.js";
import type { FullParameter, Table } from "./columns.js";
import { leavesOf } from "./leaves.js";
import { marginalVariance, pairVariance } from "./marginals.js";
import { growTree, treeData } from "./regression-tree.js";

/** Trials that have the same parameters, looked at by a forest of their own. */
interface Group {
  /** The parameters that these trials have and that no larger group looks at. */
  readonly own: readonly NamedRegime[];
  /** Others that all of these trials have. */
  readonly others: readonly NamedRegime[];
  /** Places among the used trials. */
  readonly rows: readonly number[];
}

interface NamedRegime {
  readonly name: string;
  readonly regime: Regime;
}

/** A mean over the trees, and the standard deviation. */
interface Fraction {
  readonly mean: number;
  readonly spread: number;
}

/** What a group's forest says of its own parameters. */
interface GroupResult {
  /** What part of all trials' variance lies within the group: 1 for the group of all. */
  readonly part: number;
  readonly fractions: ReadonlyMap<string, Fraction>;
  readonly interactions: readonly InteractionImportance[];
  /** The trees are all constant. */
  readonly flat: boolean;
}

/**
 * The importances of all parameters. Those that every used trial has share one forest, which is Optuna's; each further set
 * of trials that alone have some parameters gets one of its own, of all parameters that its trials have. What its
 * parameters explain is scaled by the group's part of the variance (the law of total variance: n_g var_g / n var), so that
 * all importances are shares of the same whole.
 */
export function fanova(sample: ImportanceSample, options: FanovaOptions, interactions: boolean): MethodResult {
  const notes = notesOn(sample, options);
  const all = scaled(sample.values);
  const whole = sumOfSquares(all);
  const results = groupsOf(sample).map((group, place) => {
    const values = Float64Array.from(group.rows, (row) => all[row] as number);
    const part = whole > 0 ? Math.min(1, sumOfSquares(values) / whole) : 0;
    const result = examine(group, values, { options, place, part, interactions });
    if (whole > 0 && result.flat && group.own.length > 0) notes.push(flatNote(group));
    return { group, result };
  });
  const pairs = results.flatMap(({ result }) => result.interactions);
  pairs.sort((a, b) => b.importance - a.importance);
  return {
    ...{ parameters: sample.parameters.map(({ name }) => merged(name, sample, results)), top: null, notes },
    interactions: interactions ? pairs : null,
  };
}

/** Fewer trials than this leave a forest much to guess. */
const MANY_TRIALS = 20;

function notesOn({ parameters, values }: ImportanceSample, { measure }: FanovaOptions): string[] {
  if (values.length < 2) return [];
  const log = parameters.filter(({ regimes }) =>
    regimes.some(({ distribution: d }) => d.type !== "categorical" && d.log && d.high > d.low),
  );
  const notes: string[] = [];
  if (values.length < MANY_TRIALS) notes.push(`A forest of ${values.length} trials is a guess.`);
  if (measure === "range" && log.length > 0)
    notes.push(
      `${log.map(({ name }) => name).join(", ")}: weighed by plain numbers, as Optuna does, most of which are large ones; ` +
        "measure=space weighs by the logarithm, as the search draws.",
    );
  return notes;
}

/** Of the deviations from the mean. */
function sumOfSquares(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value / values.length, 0);
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
}

function flatNote({ own, rows }: Group): string {
  const names = own.map(({ name }) => name).join(", ");
  return `The ${rows.length} trials with ${names} tell nothing of what a value depends on: importance 0.`;
}

function groupsOf({ parameters, values }: ImportanceSample): Group[] {
  const byRows = new Map<string, { own: NamedRegime[]; rows: readonly number[] }>();
  for (const { name, regimes } of parameters)
    for (const regime of regimes) {
      const key = regime.rows.length === values.length ? "all" : regime.rows.join();
      const group = byRows.get(key) ?? { own: [], rows: regime.rows };
      byRows.set(key, group);
      group.own.push({ name, regime });
    }
  const groups = [...byRows.values()];
  return groups.map(({ own, rows }) => ({
    ...{ own, rows },
    others: groups.flatMap((other) => (other.rows !== rows && covers(other.rows, rows) ? other.own : [])),
  }));
}

/** Whether all of the second, ascending rows are among the first ones. */
function covers(rows: readonly number[], others: readonly number[]): boolean {
  if (rows.length <= others.length) return false;
  const set = new Set(rows);
  return others.every((row) => set.has(row));
}

interface Examination {
  readonly options: FanovaOptions;
  readonly place: number;
  readonly part: number;
  readonly interactions: boolean;
}

/** Grows the forest of a group, and averages over its trees what each parameter, and each pair, explains. */
function examine(group: Group, values: Float64Array, examination: Examination): GroupResult {
  const { options, place, part } = examination;
  const others = group.others.map((one) => fullParameter(one, group.rows)).filter(varies);
  const table = tableOf(
    [...group.own.map((one) => fullParameter(one, group.rows)), ...others],
    values,
    options.measure,
  );
  const names = new Set(group.own.map(({ name }) => name));
  const own = table.axes.flatMap(({ name }, axis) => (names.has(name) ? [axis] : []));
  const pairs = examination.interactions ? pairsOf(own, table.axes.length) : [];
  const singles = pairs.length > 0 ? table.axes.map((_, axis) => axis) : own;
  const found = new Map<number, number[]>(singles.map((axis) => [axis, []]));
  const joint: number[][] = pairs.map(() => []);
  const trees = own.length > 0 && part > 0 && values.length > 1 ? options.n_trees : 0;
  const data = treeData(table.columns, table.values);
  for (let tree = 0; tree < trees; tree++) {
    const grown = growTree(data, createRng(options.seed, "fanova", place, tree), options.max_depth);
    const leaves = leavesOf(grown, table, options.measure);
    if (!(leaves.variance > 0)) continue;
    // Optuna takes what the parameters that all trials have do not explain for nothing; by the space's measure it is nobody's.
    const whole = leaves.variance / (options.measure === "space" ? grown.explained : 1);
    const alone = new Map(singles.map((axis) => [axis, marginalVariance(leaves, axis) / whole]));
    for (const [axis, fraction] of alone) found.get(axis)?.push(fraction);
    pairs.forEach(([a, b], i) => {
      const both = pairVariance(leaves, a, b) / whole;
      joint[i]?.push(Math.max(0, both - (alone.get(a) as number) - (alone.get(b) as number)));
    });
  }
  return {
    ...{ part, flat: own.length > 0 && (found.get(own[0] as number) as number[]).length === 0 },
    fractions: new Map(own.map((axis) => [nameAt(table, axis), overTrees(found.get(axis) as number[])])),
    interactions: pairs.map(([a, b], i) => {
      const { mean, spread } = overTrees(joint[i] as number[]);
      return { names: [nameAt(table, a), nameAt(table, b)], importance: part * mean, spread: part * spread };
    }),
  };
}

function nameAt({ axes }: Table, axis: number): string {
  return axes[axis]?.name as string;
}

/** Pairs of two own parameters, or of one and another: those of two others are a larger group's. */
function pairsOf(own: readonly number[], count: number): (readonly [number, number])[] {
  const isOwn = new Set(own);
  const pairs: (readonly [number, number])[] = [];
  for (let a = 0; a < count; a++)
    for (let b = a + 1; b < count; b++) if (isOwn.has(a) || isOwn.has(b)) pairs.push([a, b]);
  return pairs;
}

/** What makes a conditional parameter active is often the same in all of its trials. */
function varies({ values }: FullParameter): boolean {
  return values.some((value) => value !== values[0]);
}

/** The values of a regime at some of its rows. */
function fullParameter(
  { name, regime: { distribution, rows, values } }: NamedRegime,
  wanted: readonly number[],
): FullParameter {
  if (rows.length === wanted.length) return { name, distribution, values };
  const at = new Map(rows.map((row, i) => [row, values[i] as number]));
  return { name, distribution, values: Float64Array.from(wanted, (row) => at.get(row) as number) };
}

function overTrees(fractions: readonly number[]): Fraction {
  if (fractions.length === 0) return { mean: 0, spread: 0 };
  const mean = fractions.reduce((sum, x) => sum + x, 0) / fractions.length;
  const variance = fractions.reduce((sum, x) => sum + (x - mean) ** 2, 0) / fractions.length;
  return { mean, spread: Math.sqrt(variance) };
}

/** What the groups say of a parameter; one that was drawn from several distributions is in several groups. */
function merged(
  name: string,
  { parameters, values }: ImportanceSample,
  results: readonly { readonly group: Group; readonly result: GroupResult }[],
): MethodResult["parameters"][number] {
  const regimes = parameters.find((parameter) => parameter.name === name)?.regimes ?? [];
  const trials = regimes.reduce((sum, { rows }) => sum + rows.length, 0);
  const told = results.flatMap(({ result: { part, fractions } }) => {
    const fraction = fractions.get(name);
    return fraction ? [{ part, ...fraction }] : [];
  });
  const [first, ...more] = told;
  return {
    ...{ name, trials, within: trials < values.length && first && more.length === 0 ? first.mean : null },
    importance: told.reduce((sum, { part, mean }) => sum + part * mean, 0),
    spread: Math.sqrt(told.reduce((sum, { part, spread }) => sum + (part * spread) ** 2, 0)),
  };
}
