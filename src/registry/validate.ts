import type { z } from "zod";
import { UsageError } from "../core/errors.js";
import type { ParameterGroup } from "./parameter.js";
import { parameterMetadata } from "./parameter.js";
import { nearest } from "./registry.js";

function unknownParameter(name: string, known: readonly string[], owner: string): UsageError {
  const near = nearest(name, known);
  const hint = near === undefined ? "" : ` did you mean "${near}"?`;
  return new UsageError(
    "unknown-parameter",
    `unknown parameter "${name}" of ${owner}:${hint} known: ${known.join(", ") || "none"}`,
  );
}

/**
 * Validates the values of one group against a schema and fills in defaults. Names may be bare or qualified by the
 * group; `undefined` means "not given".
 * @param owner what the parameters belong to, for messages: `dataset "nasa"`
 * @throws UsageError `unknown-parameter` or `invalid-parameter`: one line with the qualified name, what was given and
 * what would be right.
 */
export function parseParameters<S extends z.ZodObject>(
  group: ParameterGroup,
  schema: S,
  values: Readonly<Record<string, unknown>>,
  owner: string,
): z.output<S> {
  const known = Object.keys(schema.shape);
  const given: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(values)) {
    const bare = name.startsWith(`${group}.`) ? name.slice(group.length + 1) : name;
    if (!known.includes(bare))
      throw unknownParameter(
        name.includes(".") ? name : `${group}.${name}`,
        known.map((k) => `${group}.${k}`),
        owner,
      );
    if (value !== undefined) given[bare] = value;
  }
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const name = String(issue?.path[0] ?? "");
  const what = `${group}.${name}`;
  if (!Object.hasOwn(given, name)) {
    const description = parameterMetadata.get(schema.shape[name] as z.ZodType)?.description;
    const meaning = description ? ` (${description})` : "";
    throw new UsageError("invalid-parameter", `${what} is required by ${owner}${meaning}`);
  }
  throw new UsageError(
    "invalid-parameter",
    `invalid ${what} ${JSON.stringify(given[name])}: ${issue?.message ?? "not accepted"}`,
  );
}
