/** What lifts a study written by an older version to the present one. */
import { MlbenchError } from "../../core/index.js";
import { fromVersion1 } from "./from-version-1.js";
import { eventWithKeptLease, withKeptLease } from "./leases.js";
import type { Migration, Raw } from "./migration.js";

export type { Migration, Raw } from "./migration.js";

/** Bumped when an older program could not read, or would misread, what is written. */
export const SCHEMA_VERSION = 2;

/** In ascending order, one a version; `test/fixtures/storage` keeps a study of each version that must always load. */
export const migrations: readonly Migration[] = [fromVersion1];

/** A version and the ways to it; a parameter only so that tests can look ahead. */
export interface Schema {
  readonly version: number;
  readonly migrations: readonly Migration[];
}

export const currentSchema: Schema = { version: SCHEMA_VERSION, migrations };

export interface Migrator {
  /** The version that it lifts from. */
  readonly version: number;
  /** Whether anything has to change: such a study is rewritten before the first append. */
  readonly outdated: boolean;
  header(raw: Raw): Raw;
  trial(raw: Raw): Raw;
  event(raw: Raw): Raw;
}

/** How a version lays out a study's head and its trials, given as those of the present version. */
export interface Form {
  readonly version: number;
  header(raw: Raw): Raw;
  trial(raw: Raw): Raw;
}

const asIs = (raw: Raw): Raw => raw;

/** The present version's form. */
export const currentForm: Form = { version: SCHEMA_VERSION, header: asIs, trial: asIs };

/**
 * What lifts a study of `version` to the schema's.
 * @throws MlbenchError `study-too-new`, `study-damaged` for a version that never was.
 */
export function migratorFrom(version: unknown, schema: Schema = currentSchema): Migrator {
  const { version: target } = schema;
  if (version === target)
    return { version: target, outdated: false, header: asIs, trial: withKeptLease, event: eventWithKeptLease };
  if (typeof version !== "number" || !Number.isInteger(version) || version < 1)
    throw new MlbenchError("study-damaged", `schema_version must be an integer from 1, got ${JSON.stringify(version)}`);
  if (version > target)
    throw new MlbenchError(
      "study-too-new",
      `the study was written by a newer mlbench-hpo (schema_version ${version}; this one knows up to ${target}): ` +
        "update mlbench-hpo",
    );
  const steps = stepsFrom(version, schema);
  return {
    version,
    outdated: true,
    header: (raw) => steps.reduce((value, step) => step.header?.(value) ?? value, raw),
    trial: (raw) => steps.reduce((value, step) => step.trial?.(value) ?? value, raw),
    event: (raw) => steps.reduce((value, step) => step.event?.(value) ?? value, raw),
  };
}

/** The migrations from a version on, in order. */
function stepsFrom(version: number, { version: target, migrations: known }: Schema): Migration[] {
  const steps = known.filter(({ from }) => from >= version && from < target).sort((a, b) => a.from - b.from);
  if (steps.length !== target - version)
    throw new MlbenchError("study-damaged", `there is no migration from schema_version ${version} to ${target}`);
  return steps;
}

/** The form of an older version, for a study that came from it. */
export function formOf(version: number, schema: Schema = currentSchema): Form {
  const back = stepsFrom(version, schema).reverse();
  return {
    version,
    header: (raw) => back.reduce((value, { lower }) => lower?.header?.(value) ?? value, raw),
    trial: (raw) => back.reduce((value, { lower }) => lower?.trial?.(value) ?? value, raw),
  };
}
