/** The check of a group's values against its schema. */
import type { z } from "zod";
import { UsageError } from "../core/errors.js";
import { unknownParameter } from "./names.js";
import type { ParameterGroup, QualifiedParameter } from "./parameter.js";
import { qualify } from "./parameter.js";
import { nameReading } from "./read-text.js";
import { checkValue } from "./value.js";

/**
 * Validates the values of one group against a schema and fills in defaults. Names may be bare or qualified by the
 * group; `undefined` means "not given".
 * @param owner what the parameters belong to, for messages: `dataset "nasa"`
 * @throws UsageError `unknown-parameter`, `missing-parameter` or `invalid-value`: one line with the qualified name, what
 * was given and what would be right.
 */
export function parseParameters<S extends z.ZodObject>(
  group: ParameterGroup,
  schema: S,
  values: Readonly<Record<string, unknown>>,
  owner: string,
): z.output<S> {
  const parameters = new Map(qualify(group, schema).map((p) => [p.qualified, p]));
  const given = new Map<QualifiedParameter, unknown>();
  for (const [name, value] of Object.entries(values)) {
    const known = parameters.get(name) ?? parameters.get(`${group}.${name}`);
    if (!known) throw unknownParameter(name, [...parameters.keys()]);
    if (value !== undefined) given.set(known, value);
  }
  const byName = (read: (parameter: QualifiedParameter, value: unknown) => unknown): Record<string, unknown> =>
    Object.fromEntries([...given].map(([parameter, value]) => [parameter.info.name, read(parameter, value)]));
  const parsed = schema.safeParse(byName(({ info }, value) => nameReading(info, value)));
  if (parsed.success) return parsed.data;
  // Some value is a text, missing or not taken: they are read one by one, so that the message can name it.
  const read = byName(checkValue);
  for (const { qualified, info } of parameters.values())
    if (info.required && !Object.hasOwn(read, info.name))
      throw new UsageError("missing-parameter", `${qualified} is required by ${owner}: ${info.meta.description}`);
  return schema.parse(read);
}
