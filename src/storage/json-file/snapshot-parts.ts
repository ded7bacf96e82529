/** What a study can be made of again from the lines of a mended snapshot. */
import { messageOf, MlbenchError } from "../../core/index.js";
import type { MendedLine, MendedSnapshot } from "./snapshot-mend.js";

/** Top-level keys without which a study is one all the same. */
const dispensable = new Set([
  ...["summary", "annotations", "made_by", "baselines", "note", "archived_at", "copied_from", "ended"],
  ...["run", "earlier_spaces"],
]);

/** What a mended snapshot is made of. */
export interface SnapshotParts {
  readonly raw: Record<string, unknown>;
  /** The trial records that could be saved, by number. */
  readonly trials: ReadonlyMap<number, unknown>;
  /** Those of them of which nothing tells whether they are as they were written. */
  readonly unsureTrials: readonly number[];
  /** Top-level keys that read well, but whose checksum does not fit. */
  readonly unsure: readonly string[];
  /** Top-level keys that could not be read, and are not needed. */
  readonly lost: readonly string[];
}

function withoutComma(text: string): string {
  return text.endsWith(",") ? text.slice(0, -1) : text;
}

/** The number of a trial's record; null for what is none. */
function numberOf(record: unknown): number | null {
  const number = typeof record === "object" && record !== null && "number" in record ? record.number : null;
  return Number.isSafeInteger(number) && (number as number) >= 0 ? (number as number) : null;
}

/** @throws MlbenchError `study-damaged` where a line that is needed cannot be read. */
export function partsOf({ lines }: MendedSnapshot): SnapshotParts {
  const trials = new Map<number, unknown>();
  const unsureTrials: number[] = [];
  const head: MendedLine[] = [];
  for (const line of [...lines].sort((a, b) => Number(b.sure) - Number(a.sure))) {
    const text = withoutComma(line.text);
    if (!text.startsWith("{")) head.push({ ...line, text });
    else if (text !== "{" && !line.wrong)
      try {
        const record: unknown = JSON.parse(text);
        const number = numberOf(record);
        if (number === null || trials.has(number)) continue;
        trials.set(number, record);
        if (!line.sure) unsureTrials.push(number);
      } catch {
        // No record: lost.
      }
  }
  return { ...headOf(head), trials, unsureTrials: unsureTrials.sort((a, b) => a - b) };
}

/** @param lines those that are sure first: they are not overwritten. */
function headOf(lines: readonly MendedLine[]): Pick<SnapshotParts, "raw" | "unsure" | "lost"> {
  const raw: Record<string, unknown> = {};
  const unsure: string[] = [];
  const lost: string[] = [];
  for (const { text, sure } of lines) {
    if (text === "]" || text === "}" || text === "" || text.startsWith('"trials": [')) continue;
    try {
      for (const [key, value] of Object.entries(JSON.parse(`{${text}}`) as object)) {
        if (Object.hasOwn(raw, key)) continue;
        Object.defineProperty(raw, key, { value, enumerable: true, writable: true, configurable: true });
        if (!sure) unsure.push(key);
      }
    } catch (error) {
      const key = /^"(\w+)": /.exec(text)?.[1];
      if (key !== undefined && dispensable.has(key)) lost.push(key);
      else
        throw new MlbenchError(
          "study-damaged",
          `its head cannot be read (${messageOf(error)}), and nothing is kept of it elsewhere`,
        );
    }
  }
  return { raw, unsure, lost };
}
