/** Version 1 knew one objective: `direction` and `metric` in the header, `value` in records and events. */
import type { Migration, Raw } from "./migration.js";

function header({ direction, metric, ...rest }: Raw): Raw {
  const { format, schema_version, checksum, revision, name, ...others } = rest;
  const first = { format, schema_version, checksum, revision, name };
  return { ...first, objectives: [{ metric, direction }], ...others, annotations: {} };
}

function trial({ value, ...rest }: Raw): Raw {
  const { number, state, ...others } = rest;
  const values = value === null || value === undefined ? null : [value];
  return { number, state, values, ...others, constraints: {}, parts: null, spread: null, lease: null };
}

function event(raw: Raw): Raw {
  if (raw["type"] === "trial-created") return { ...raw, trial: trial(raw["trial"] as Raw) };
  if (raw["type"] !== "trial-finished") return raw;
  const { value, ...rest } = raw;
  return { ...rest, values: value === null || value === undefined ? null : [value] };
}

/** Back: a study that came from version 1 has one objective, and nothing that version 1 had no key for. */
const lower = {
  header({ objectives, annotations: _annotations, summary: _summary, ...rest }: Raw): Raw {
    const { format, schema_version: _version, checksum, revision, name, ...others } = rest;
    const [{ direction, metric }] = objectives as readonly [{ direction: string; metric: string }];
    return { format, schema_version: 1, checksum, revision, name, direction, metric, ...others };
  },
  trial({ constraints: _c, parts: _p, spread: _s, lease: _l, values, ...rest }: Raw): Raw {
    const { number, state, ...others } = rest;
    return { number, state, value: (values as readonly unknown[] | null)?.[0] ?? null, ...others };
  },
};

export const fromVersion1: Migration = { from: 1, header, trial, event, lower };
