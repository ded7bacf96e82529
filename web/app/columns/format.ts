/** The columns of a study as the service sends them. */
import type { ParamValue, SearchSpace, StudyObjective } from "../../../src/core/index.js";

/** A number as JSON has it: those that are not finite are words. */
export type JsonNumber = number | "NaN" | "Infinity" | "-Infinity";

/** Words of which few different ones occur: each row's place in `dict`; -1: none. */
export interface DictColumn {
  readonly dict: readonly string[];
  readonly index: readonly number[];
}

/** Some trials of a study, a list a field, in ascending order of number. */
export interface ColumnRows {
  readonly number: readonly number[];
  /** The place in {@link stateNames}. */
  readonly state: readonly number[];
  /** A list an objective. */
  readonly values: readonly (readonly (JsonNumber | null)[])[];
  readonly params: Readonly<Record<string, readonly ParamValue[]>>;
  /** Milliseconds since 1970. */
  readonly started: readonly (number | null)[];
  readonly finished: readonly (number | null)[];
  readonly seconds: readonly (JsonNumber | null)[];
  readonly finish_index: readonly (number | null)[];
  readonly attempt: readonly number[];
  readonly steps: readonly number[];
  readonly last_step: readonly (number | null)[];
  readonly last_value: readonly (JsonNumber | null)[];
  readonly spread: readonly (JsonNumber | null)[];
  readonly feasible: readonly (boolean | null)[];
  readonly violation: readonly (JsonNumber | null)[];
  readonly banned: readonly boolean[];
  readonly slot: readonly (number | null)[];
  readonly owner: DictColumn;
  readonly retry_of: readonly (number | null)[];
  readonly failure: DictColumn;
  /** By number, of those that have some. */
  readonly tags: Readonly<Record<string, readonly string[]>>;
  /** The numbers of those that have a note. */
  readonly notes: readonly number[];
  /** Of the best epoch, beside the objectives. */
  readonly metrics: Readonly<Record<string, readonly (JsonNumber | null)[]>>;
}

/** `GET /studies/{study}/columns`. */
export interface Columns {
  readonly revision: number;
  /** What was sent before is to be thrown away. */
  readonly reset: boolean;
  /** How many trials there are. */
  readonly size: number;
  readonly objectives: readonly StudyObjective[];
  readonly parameters: SearchSpace;
  readonly rows: ColumnRows;
}
