/** What a snapshot file holds, checked. */
import { createStudyState, MlbenchError, UsageError } from "../../core/index.js";
import type { Annotation, StudyHeader, StudyState, Trial } from "../../core/index.js";
import { areBaselines, areEarlierSpaces, isParam, isRecord, isRun, wrongStoredTrial } from "./event-check.js";
import type { RecordTexts } from "./record-texts.js";

export const FORMAT = "mlbench-hpo-study";

/** What a snapshot file holds. */
export interface StudyDocument {
  /** The sequence number of the last journal event folded in. */
  readonly revision: number;
  readonly state: StudyState;
  /** Top-level keys that this version does not know; kept. */
  readonly extra: Readonly<Record<string, unknown>>;
  /** ISO 8601, UTC: when something last happened to the study; null where the file does not say. */
  readonly lastActivity: string | null;
  /** What its records were read from; only where it is going to be written again. */
  readonly texts?: RecordTexts;
}

/** Top-level keys of the file that are the file's own, not the study's. */
const envelope = new Set([
  "format",
  "schema_version",
  "checksum",
  "revision",
  "summary",
  "annotations",
  "trials",
  "line_checksums",
]);

const headerKeys = [
  "name",
  "objectives",
  "created_at",
  "seed",
  "task",
  "space",
  "sampler",
  "pruner",
  "settings",
  "user_attrs",
] as const satisfies readonly (keyof StudyHeader)[];

/** Absent where there is nothing to say. */
const optionalKeys = [
  "made_by",
  "baselines",
  "note",
  "archived_at",
  "copied_from",
  "ended",
  "run",
  "earlier_spaces",
] as const satisfies readonly (keyof StudyHeader)[];

function damaged(what: string): never {
  throw new MlbenchError("study-damaged", what);
}

function requireObjectives(objectives: unknown): void {
  if (!Array.isArray(objectives) || objectives.length === 0) damaged('"objectives" must be a list of one or more');
  for (const objective of objectives as unknown[]) {
    if (!isRecord(objective) || typeof objective["metric"] !== "string") damaged("an objective has no metric");
    if (objective["direction"] !== "minimize" && objective["direction"] !== "maximize")
      damaged(`the direction of "${objective["metric"]}" must be minimize or maximize`);
  }
}

/** Annotations by trial number, as the file keeps them under the number's digits. */
function readAnnotations(raw: unknown): ReadonlyMap<number, Annotation> {
  if (raw === undefined) return new Map();
  if (!isRecord(raw)) damaged('"annotations" must be an object');
  return new Map(
    Object.entries(raw).map(([number, annotation]) => {
      const { note, tags, banned } = isRecord(annotation) ? annotation : damaged(`annotation ${number} is no object`);
      if (typeof note !== "string" || !Array.isArray(tags) || typeof banned !== "boolean")
        damaged(`annotation ${number} must have a note, tags and banned`);
      return [Number(number), annotation as Annotation];
    }),
  );
}

/** The study's header in the order of the file, and what else stands at the top level. */
export function splitHeader(raw: Readonly<Record<string, unknown>>): {
  header: StudyHeader;
  extra: Readonly<Record<string, unknown>>;
} {
  for (const key of headerKeys) if (!(key in raw)) damaged(`the key "${key}" is missing`);
  if (typeof raw["name"] !== "string") damaged('"name" must be a text');
  requireObjectives(raw["objectives"]);
  if (typeof raw["seed"] !== "number") damaged('"seed" must be a number');
  for (const key of ["task", "space", "sampler", "pruner", "settings", "user_attrs"] as const)
    if (!isRecord(raw[key])) damaged(`"${key}" must be an object`);
  requireSpace(raw["space"] as Readonly<Record<string, unknown>>);
  if (raw["baselines"] !== undefined && !areBaselines(raw["baselines"]))
    damaged('"baselines" must be a list of errors');
  if (raw["earlier_spaces"] !== undefined && !areEarlierSpaces(raw["earlier_spaces"]))
    damaged('"earlier_spaces" must be a list of spaces');
  if (raw["run"] !== undefined && !isRun(raw["run"])) damaged('"run" is no run');
  for (const key of ["made_by", "copied_from", "ended"] as const)
    if (raw[key] !== undefined && !isRecord(raw[key])) damaged(`"${key}" must be an object`);
  for (const key of ["note", "archived_at"] as const)
    if (raw[key] !== undefined && typeof raw[key] !== "string") damaged(`"${key}" must be a text`);
  const known = new Set<string>([...headerKeys, ...optionalKeys]);
  const present = [...headerKeys, ...optionalKeys.filter((key) => raw[key] !== undefined)];
  const header = Object.fromEntries(present.map((key) => [key, raw[key]])) as unknown as StudyHeader;
  const extra = Object.entries(raw).filter(([key]) => !known.has(key) && !envelope.has(key));
  return { header, extra: Object.freeze(Object.fromEntries(extra)) };
}

/** The record at place `number`, checked. */
export function requireTrial(raw: unknown, number: number): Trial {
  const wrong = wrongStoredTrial(raw);
  if (wrong !== null) damaged(wrong);
  const trial = raw as Trial;
  if (trial.number !== number) damaged(`trial ${number} has the number ${trial.number}`);
  return trial;
}

/** A space that would keep whoever draws from it from coming to an end is damage. */
function requireSpace(space: Readonly<Record<string, unknown>>): void {
  if (Object.hasOwn(space, "__proto__")) damaged('"space" has a parameter "__proto__"');
  for (const [name, distribution] of Object.entries(space)) {
    const { type, low, high, choices } = isRecord(distribution) ? distribution : {};
    const numeric = (type === "float" || type === "int") && Number.isFinite(low) && Number.isFinite(high);
    if (
      numeric
        ? !((low as number) <= (high as number))
        : type !== "categorical" || !Array.isArray(choices) || choices.length === 0
    )
      damaged(`the parameter "${name}" of "space" is no distribution`);
    if (!isCondition(isRecord(distribution) ? distribution["when"] : undefined))
      damaged(`the condition of the parameter "${name}" of "space" is none`);
  }
  requireNoCircle(space as Readonly<Record<string, { readonly when?: object }>>);
}

/** Names with a value or several each. */
function isCondition(when: unknown): boolean {
  if (when === undefined || when === null) return true;
  return isRecord(when) && Object.values(when).every((wanted) => [wanted].flat().every(isParam));
}

/** Conditions that go round in a circle can never be decided. */
function requireNoCircle(space: Readonly<Record<string, { readonly when?: object | null }>>): void {
  const left = new Map(
    Object.entries(space).map(([name, { when }]) => [
      name,
      new Set(Object.keys(when ?? {}).filter((parent) => Object.hasOwn(space, parent))),
    ]),
  );
  for (let settled = true; settled;) {
    const free = [...left].filter(([, parents]) => parents.size === 0).map(([name]) => name);
    settled = free.length > 0;
    for (const name of free) left.delete(name);
    for (const parents of left.values()) for (const name of free) parents.delete(name);
  }
  if (left.size > 0) damaged(`the conditions of ${[...left.keys()].join(", ")} of "space" run in a circle`);
}

/** The parts of a file, parsed, put together. @throws MlbenchError `study-damaged`, UsageError `not-a-study`. */
export function toDocument(raw: Readonly<Record<string, unknown>>, trials: readonly Trial[]): StudyDocument {
  if (raw["format"] !== FORMAT) throw new UsageError("not-a-study", `"format" must be "${FORMAT}"`);
  const { revision } = raw;
  if (typeof revision !== "number" || !Number.isSafeInteger(revision) || revision < 0)
    damaged('"revision" must be an integer from 0');
  const { header, extra } = splitHeader(raw);
  const annotations = readAnnotations(raw["annotations"]);
  const state = createStudyState(header, trials, { revision, annotations });
  return { revision, state, extra, lastActivity: activityIn(raw["summary"]) };
}

/** What the file's summary says about the last activity; everything else in it is made anew. */
function activityIn(summary: unknown): string | null {
  const time = isRecord(summary) ? summary["last_activity_at"] : undefined;
  return typeof time === "string" ? time : null;
}
