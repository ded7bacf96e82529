/** Studies side by side: their spaces, and what of their settings is not the same in all of them. */
import type { StudyDetail } from "../../api/types.js";
import { conditionWords, distributionWords } from "../study/space-words.js";

/** What a cell says, and where that is short for more, all of it. */
export interface ComparedCell {
  readonly text: string;
  readonly whole?: string;
}

/** A row of a table with a column a study. */
export interface ComparedRow {
  readonly name: string;
  /** One a study; null: it has none. */
  readonly cells: readonly (ComparedCell | null)[];
  readonly differs: boolean;
}

function rowOf(name: string, cells: readonly (string | null)[]): ComparedRow {
  const shown = cells.map((cell) => (cell === null ? null : shortened(cell)));
  return { name, cells: shown, differs: cells.some((cell) => cell !== cells[0]) };
}

/** SHA-256 in hex. */
const HASH = /\b([0-9a-f]{8})[0-9a-f]{56}\b/g;
/** A file's path before its hash. */
const HASHED_PATH = /[^\s,]*\/([^\s,/]+ \([0-9a-f]{8}…\))/g;

/** Hashes by their first digits, files that have one by their name. */
function shortened(whole: string): ComparedCell {
  const text = whole.replace(HASH, "$1…").replace(HASHED_PATH, "$1");
  return text === whole ? { text } : { text, whole };
}

/** Every parameter that one of the studies searches, with its range in each. */
export function spaceRows(studies: readonly StudyDetail[]): ComparedRow[] {
  const names = [...new Set(studies.flatMap(({ space }) => Object.keys(space)))];
  return names.map((name) =>
    rowOf(
      name,
      studies.map(({ space, fixed }) => {
        const distribution = space[name];
        if (distribution) {
          const condition = conditionWords(distribution);
          return `${distribution.type}: ${distributionWords(distribution)}${condition === null ? "" : `, where ${condition}`}`;
        }
        return Object.hasOwn(fixed, name) ? `fixed: ${String(fixed[name])}` : null;
      }),
    ),
  );
}

const isHashed = (value: unknown): value is { readonly path: string; readonly sha256: string } =>
  typeof value === "object" && value !== null && "path" in value && "sha256" in value;

/** A value as text; files with their hash, other objects as JSON. */
const textOf = (value: unknown): string =>
  typeof value === "string" ? value : isHashed(value) ? `${value.path} (${value.sha256})` : JSON.stringify(value);

/** Names and texts of what is in an object, however deep: `sampler.options.seed`. */
export function flattened(value: unknown, name = ""): [name: string, text: string][] {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value.length === 0 ? [] : [[name, value.map(textOf).join(", ")]];
  if (typeof value !== "object" || isHashed(value)) return [[name, textOf(value)]];
  return Object.entries(value).flatMap(([key, inner]) => flattened(inner, name === "" ? key : `${name}.${key}`));
}

/** What may differ between studies, apart from their spaces and what came of them. */
function settingsOf({
  task,
  fixed,
  sampler,
  pruner,
  settings,
  objectives,
  seed,
  kind,
}: StudyDetail): ReadonlyMap<string, string> {
  const metrics = objectives.map(({ metric, direction }) => `${metric} (${direction})`);
  return new Map(flattened({ kind, task, objectives: metrics, sampler, pruner, seed, ...settings, fixed }));
}

/** The settings in which studies differ. */
export function settingRows(studies: readonly StudyDetail[]): ComparedRow[] {
  const all = studies.map(settingsOf);
  const names = [...new Set(all.flatMap((one) => [...one.keys()]))];
  return names
    .map((name) =>
      rowOf(
        name,
        all.map((one) => one.get(name) ?? null),
      ),
    )
    .filter(({ differs }) => differs);
}
