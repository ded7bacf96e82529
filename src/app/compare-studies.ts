/** Stored studies compared: found by name or pattern, put into groups, and what their tasks differ in. */
import { compareRecords, comparedBy } from "../analysis/index.js";
import type { ComparedBy, Comparison, StudyToCompare } from "../analysis/index.js";
import { canonicalJson, comparableTrials, differenceInWords, differences, UsageError } from "../core/index.js";
import type { KnownKeys, StudyHeader, StudyState } from "../core/index.js";
import { requireKnownKeys } from "../core/known-keys.js";
import type { StudyTarget } from "./address.js";
import { locate } from "./address.js";

/** What makes studies a group by itself: that they differ in their seed alone, or have the same sampler, pruner or model. */
export const groupRules = ["seeds", "sampler", "pruner", "model"] as const;
/** One of `groupRules`. */
export type GroupRule = (typeof groupRules)[number];

/** How {@link compareStudies} compares. */
export interface CompareOptions {
  /** What groups are tested at: as many trials in all studies, or as much time in them. @default "trials" */
  readonly at?: ComparedBy | undefined;
  /** Groups by name: the names of the studies in each; any number of characters may stand for a `*`. @default each study its own */
  readonly groups?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Groups as they come about, of the studies that `groups` does not name. @default none */
  readonly groupBy?: GroupRule | undefined;
  /** With several objectives, one number an objective or `val_rmse=0.1,parameters=5e4`: up to where the hypervolume is taken. @default a tenth behind the front of all studies */
  readonly reference?: string | readonly number[] | undefined;
}

/** Studies compared, and why that may mean little. */
export interface StudyComparison extends Comparison {
  /** What the studies' tasks differ in, a sentence each: their values hardly compare. */
  readonly warnings: readonly string[];
}

const keys: KnownKeys<CompareOptions> = { at: true, groups: true, groupBy: true, reference: true };

/** More studies than this are not told apart by anybody. */
const MOST_STUDIES = 100;

/**
 * Compares studies that optimize the same: how their best came about by trials and by time, what it cost, and, where
 * several of them are repeats of each other, whether one group is better than another.
 * @throws UsageError `nothing-to-compare`, `different-objectives` for other metrics or directions, `unknown-study`,
 * `unknown-option`, `invalid-option`, `invalid-reference` | MlbenchError `study-damaged`.
 * @example
 * const targets = ["tpe-1", "tpe-2", "random-1", "random-2"].map((name) => ({ name, storage: "studies" }));
 * const { pairs } = await compareStudies(targets, { groupBy: "sampler" });
 * pairs[0]?.p_value; // 0.33
 */
export async function compareStudies(
  targets: readonly StudyTarget[],
  options: CompareOptions = {},
): Promise<StudyComparison> {
  requireKnownKeys("compareStudies", options, keys);
  requireOptions(options);
  if (!Array.isArray(targets) || targets.length > MOST_STUDIES)
    throw new UsageError("invalid-option", `compareStudies: expected a list of at most ${MOST_STUDIES} studies`);
  const states: StudyState[] = [];
  for (const target of targets as readonly StudyTarget[]) {
    const { storage, name } = await locate("compareStudies", target);
    states.push(await storage.read(name));
  }
  const headers = states.map(({ header }) => header);
  const twice = headers.find(({ name }, i) => headers.findIndex((other) => other.name === name) !== i);
  const labels = headers.map(({ name }, i) => (twice ? `${name} (${i + 1})` : name));
  const groups = groupsOf(headers, labels, options);
  const studies = states.map((state, i): StudyToCompare => ({
    ...{ name: labels[i] as string, group: groups[i] as string, objectives: state.header.objectives },
    ...{ trials: comparableTrials(state), counts: state.counts },
  }));
  const reference = await referenceOf(headers, options);
  const comparison = compareRecords(studies, { at: options.at ?? "trials", ...(reference ? { reference } : {}) });
  return { ...comparison, warnings: taskWarnings(headers, labels) };
}

function requireOptions({ at, groupBy }: CompareOptions): void {
  for (const [name, value, known] of [
    ["at", at, comparedBy],
    ["groupBy", groupBy, groupRules],
  ] as const)
    if (value !== undefined && !(known as readonly string[]).includes(value))
      throw new UsageError("invalid-option", `compareStudies: ${name} ${value}: expected ${known.join(", ")}`);
}

async function referenceOf(
  [first]: readonly StudyHeader[],
  { reference }: CompareOptions,
): Promise<readonly number[] | null> {
  if (typeof reference !== "string" || !first) return (reference as readonly number[] | undefined) ?? null;
  const { parseReference } = await import("./reference-point.js");
  return parseReference(reference, first.objectives);
}

/** `tpe-*` as a test of names. */
export function namePattern(pattern: string): (name: string) => boolean {
  const parts = pattern.split("*").map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const expression = new RegExp(`^${parts.join(".*")}$`);
  return (name) => expression.test(name);
}

/** The group of each study. @throws UsageError `invalid-option` for a study in two groups, and a group of none. */
function groupsOf(
  headers: readonly StudyHeader[],
  labels: readonly string[],
  { groups = {}, groupBy }: CompareOptions,
): string[] {
  const found = headers.map((): string | null => null);
  for (const [group, patterns] of Object.entries(groups)) {
    const tests = patterns.map(namePattern);
    const members = headers.flatMap(({ name }, i) => (tests.some((fits) => fits(name)) ? [i] : []));
    if (members.length === 0)
      throw new UsageError("invalid-option", `group ${group}: none of the studies is called ${patterns.join(" or ")}`);
    for (const i of members) {
      if (found[i] != null && found[i] !== group)
        throw new UsageError(
          "invalid-option",
          `study "${labels[i]}" is in the groups ${found[i]} and ${group}: choose one`,
        );
      found[i] = group;
    }
  }
  const own = groupBy ? groupsBy(headers, labels, groupBy) : labels;
  return found.map((group, i) => group ?? (own[i] as string));
}

/** Groups as they come about by a rule, with names that tell them apart. */
function groupsBy(headers: readonly StudyHeader[], labels: readonly string[], rule: GroupRule): string[] {
  const kinds = headers.map((header) => canonicalJson(sharedBy(header, rule)));
  const distinct = [...new Set(kinds)];
  const names = distinct.map((kind) => {
    const members = labels.filter((_, i) => kinds[i] === kind);
    const header = headers[kinds.indexOf(kind)] as StudyHeader;
    return rule === "seeds" ? commonName(members) : nameBy(header, rule);
  });
  // Two kinds of one name differ in their options: then the name of the first study says which is which.
  const told = names.map((name, i) =>
    names.indexOf(name) === names.lastIndexOf(name)
      ? name
      : `${name} (${labels[kinds.indexOf(distinct[i] as string)]})`,
  );
  return kinds.map((kind) => told[distinct.indexOf(kind)] as string);
}

function sharedBy(header: StudyHeader, rule: GroupRule): unknown {
  const { sampler, pruner, task, objectives, space, settings } = header;
  if (rule === "sampler") return sampler;
  if (rule === "pruner") return pruner;
  if (rule === "model") return task.model ?? null;
  const { accepted_changes: _later, ...fixed } = settings;
  return { sampler, pruner, task, objectives, space, settings: fixed };
}

function nameBy({ sampler, pruner, task }: StudyHeader, rule: Exclude<GroupRule, "seeds">): string {
  if (rule === "sampler") return sampler.name;
  if (rule === "pruner") return pruner.name;
  return [task.model ?? "objective"].flat().join("+");
}

/** How the names of repeats begin, without what counts them: `tpe` of `tpe-1` and `tpe-2`. */
function commonName(names: readonly string[]): string {
  const [first = "", ...others] = names;
  if (others.length === 0) return first;
  let length = first.length;
  for (const name of others) {
    let same = 0;
    while (same < length && name[same] === first[same]) same += 1;
    length = same;
  }
  const common = first.slice(0, length).replace(/([-_. ](s|seed)?|(?<=[a-z])\d+)$/i, "");
  return common === "" ? `${first} …` : common;
}

/** What of a study makes its values compare with another's: the data, how they are split, how a trial is valued. */
function taskOf({ task, settings }: StudyHeader): object {
  const data = Object.entries(task.params ?? {}).filter(
    ([name]) => name.startsWith("data.") && !["data.window", "data.features"].includes(name),
  );
  const { trial_value, folds = null, seeds = 1, constraints = [], data_files, objective, command } = settings;
  return {
    ...{ dataset: task.dataset ?? null, ...Object.fromEntries(data), align_window: task.align_window ?? null },
    ...{ trial_value, folds, seeds, constraints },
    ...{ data_files: data_files.map(({ sha256 }) => sha256), objective: objective?.sha256 ?? null },
    ...(command ? { command: command.file?.sha256 ?? command.words } : {}),
  };
}

/** What the tasks of the others differ in from the first one's. */
function taskWarnings(headers: readonly StudyHeader[], labels: readonly string[]): string[] {
  const [first, ...others] = headers;
  if (!first) return [];
  const seen = new Map<string, string[]>();
  for (const [i, other] of others.entries()) {
    const words = differences(taskOf(first), taskOf(other)).map(differenceInWords).join("; ");
    if (words !== "") seen.set(words, [...(seen.get(words) ?? []), labels[i + 1] as string]);
  }
  return [...seen].map(
    ([words, names]) =>
      `${names.join(", ")} and ${labels[0]} are on different tasks, and their values hardly compare: ${words}`,
  );
}
