/** A study's parameters as axes: which are drawn, and where each of their values lies. */
import type { Distribution, ParamValue, Trial } from "../core/index.js";
import { importances } from "../analysis/index.js";
import { resolveNames } from "../registry/index.js";
import type { ChartOption } from "#echarts";
import { isLog, nameAxis, numberAxis, rangeOf, shortLabel } from "./chart-parts.js";
import type { AxisParts } from "./chart-parts.js";
import type { Measure } from "./measure.js";
import { parameterNames } from "./plot-study.js";
import type { PlotStudy } from "./plot-study.js";

/** A parameter as an axis. */
export interface PlotParameter {
  readonly name: string;
  readonly log: boolean;
  /** Whether only whole numbers lie on it. */
  readonly whole: boolean;
  /** What a category axis shows; null for numbers. */
  readonly choices: readonly string[] | null;
  /** The axis' ends; of a category axis its first and last place. */
  readonly low: number;
  readonly high: number;
  /** Where a value lies: itself, or the place of its choice; null for a trial that doesn't have the parameter. */
  readonly place: (trial: Trial) => number | null;
}

/** A choice as an axis shows it. */
const choiceText = (value: ParamValue): string => String(value);

function distributionOf({ space, trials }: PlotStudy, name: string): Distribution | undefined {
  return space[name] ?? trials.find(({ distributions }) => distributions?.[name])?.distributions?.[name];
}

/** A parameter of a study, seen over all its trials: values outside the space have their place, too. */
export function plotParameter(study: PlotStudy, name: string): PlotParameter {
  const distribution = distributionOf(study, name);
  const values: ParamValue[] = [];
  for (const { params } of study.trials) if (Object.hasOwn(params, name)) values.push(params[name] as ParamValue);
  const isNumeric =
    distribution?.type !== "categorical" &&
    values.every((value) => typeof value === "number" && Number.isFinite(value));
  return isNumeric ? numeric(name, distribution, values as number[]) : categorical(name, distribution, values);
}

function numeric(name: string, distribution: Distribution | undefined, values: readonly number[]): PlotParameter {
  const declared = distribution && distribution.type !== "categorical" ? [distribution.low, distribution.high] : [];
  const [low, high] = values.length + declared.length === 0 ? [0, 1] : rangeOf(values.concat(declared));
  const place = ({ params }: Trial): number | null => (Object.hasOwn(params, name) ? (params[name] as number) : null);
  const whole = distribution?.type === "int";
  return { name, log: isLog(distribution) && low > 0, whole, choices: null, low, high, place };
}

function categorical(
  name: string,
  distribution: Distribution | undefined,
  values: readonly ParamValue[],
): PlotParameter {
  const known = distribution?.type === "categorical" ? distribution.choices : [];
  const all: readonly ParamValue[] = [...new Set<ParamValue>([...known, ...values])];
  const places = new Map(all.map((value, i) => [value, i]));
  const place = ({ params }: Trial): number | null =>
    Object.hasOwn(params, name) ? (places.get(params[name] as ParamValue) ?? null) : null;
  return {
    name,
    log: false,
    whole: true,
    choices: all.map(choiceText),
    low: 0,
    high: Math.max(0, all.length - 1),
    place,
  };
}

/** A value of a parameter as tables have it. */
export function parameterCell({ params }: Trial, name: string): string | number | null {
  if (!Object.hasOwn(params, name)) return null;
  const value = params[name] as ParamValue;
  return typeof value === "number" ? value : String(value);
}

/** The parameters that are drawn, with a note where they are not all. */
export interface ChosenParameters {
  readonly parameters: readonly PlotParameter[];
  readonly notes: readonly string[];
}

/**
 * The parameters that are asked for, or all; where those are too many, the ones that matter most.
 * @param most how many find room
 * @throws UsageError `unknown-parameter`, `ambiguous-parameter`.
 */
export function chooseParameters(
  study: PlotStudy,
  asked: readonly string[] | undefined,
  most: number,
  measure: Measure,
): ChosenParameters {
  const known = parameterNames(study);
  if (asked !== undefined) {
    const names = [...new Set(asked.flatMap((name) => (known.includes(name) ? [name] : resolveNames(name, known))))];
    return { parameters: names.map((name) => plotParameter(study, name)), notes: [] };
  }
  if (known.length <= most) return { parameters: known.map((name) => plotParameter(study, name)), notes: [] };
  const { names: ranked, how } = byImportance(study, measure);
  const first = new Set(ranked.slice(0, most));
  const names = known.filter((name) => first.has(name));
  const notes = [`${most} of ${known.length} parameters are drawn, ${how}; --param names others.`];
  return { parameters: names.map((name) => plotParameter(study, name)), notes };
}

/** The parameters' names, those that matter most first, and in words why so; as declared where nothing is known. */
export function byImportance(study: PlotStudy, measure: Measure): { readonly names: string[]; readonly how: string } {
  const { header, trials } = study;
  const [target] = importances({ header, trials }, { metric: measure.name }).targets;
  const ranked = (target?.parameters ?? []).filter(({ importance }) => importance > 0).map(({ name }) => name);
  return {
    names: [...ranked, ...parameterNames(study).filter((name) => !ranked.includes(name))],
    how: ranked.length > 0 ? "those that matter most (PED-ANOVA)" : "the first as declared",
  };
}

/** How far beyond its values a parameter's axis goes, as a share of their range. */
const MARGIN = 0.04;

/** A parameter's ends with room beyond, on its own scale. */
export function spread({ low, high, log }: PlotParameter): [number, number] {
  if (log) {
    const room = (high / low) ** MARGIN;
    return high > low ? [low / room, high * room] : [low / 2, high * 2];
  }
  const room = MARGIN * (high - low) || Math.abs(low) / 10 || 1;
  return [low - room, high + room];
}

/** A parameter's axis; a long name is cut. */
export function parameterAxis(
  parameter: PlotParameter,
  parts: AxisParts & { readonly characters: number },
): ChartOption {
  const { choices, log, whole } = parameter;
  const name = shortLabel(parameter.name, parts.characters);
  if (choices !== null) {
    const { more = {} } = parts;
    const axisLabel = {
      color: "@text",
      interval: 0,
      hideOverlap: false,
      ...((more["axisLabel"] as object | undefined) ?? {}),
    };
    return nameAxis(choices, { ...parts, name, more: { ...more, axisLabel } });
  }
  const [min, max] = spread(parameter);
  const axisLabel = { color: "@text", hideOverlap: true, showMinLabel: false, showMaxLabel: false };
  return numberAxis({
    ...parts,
    name,
    log,
    more: { min, max, axisLabel, ...(whole ? { minInterval: 1 } : {}), ...(parts.more ?? {}) },
  });
}
