/** Parameters as schemas with metadata, and taken apart again. */
import { z } from "zod";
import { defined } from "../core/defined.js";
import type { Condition, Distribution, ParamValue } from "../core/distribution.js";
import type { KnownKeys } from "../core/known-keys.js";
import { requireKnownKeys } from "../core/known-keys.js";

/** The groups of parameters, as in `model.hidden_size`. */
export type ParameterGroup = "model" | "data" | "train";

/** Search metadata of a parameter: `default` spaces hold the few that matter, the others join with `--search`. */
export interface SearchMeta {
  readonly distribution: Distribution;
  readonly default: true | "on request";
}

/** What {@link parameter} attaches to a schema: help, unit, search distribution, condition. */
export interface ParameterMeta {
  readonly description: string;
  /** Absent: never searched (it defines the task, or searching it makes no sense). */
  readonly search?: SearchMeta;
  /** Shown in help: `Ah`, `epochs`, … */
  readonly unit?: string;
  /** The value is a file or folder: relative ones start at the current folder, in a study at the study's own file. */
  readonly path?: true;
  /** Active only under these values of other parameters of the same group (bare names). */
  readonly when?: Condition;
}

const metaKeys: KnownKeys<ParameterMeta> = { description: true, search: true, unit: true, path: true, when: true };
const searchKeys: KnownKeys<SearchMeta> = { distribution: true, default: true };

const holder = globalThis as { [key: symbol]: ReturnType<typeof z.registry<ParameterMeta>> | undefined };

/**
 * Metadata of parameter schemas; Zod's own mechanism, so `z.toJSONSchema` can carry it. The process's, as registries
 * are: a plug-in may describe its parameters with another copy of this package.
 */
export const parameterMetadata = (holder[Symbol.for("mlbench-hpo.parameters")] ??= z.registry<ParameterMeta>());

/**
 * Attaches metadata to a parameter's schema: what options, help and search spaces are derived from.
 * @throws UsageError `unknown-option`.
 * @example
 * const units = parameter(z.number().int().min(1).max(512).default(32), {
 *   description: "hidden units per layer",
 *   search: { distribution: int(8, 128, { log: true }), default: true },
 * });
 */
export function parameter<S extends z.ZodType>(schema: S, meta: ParameterMeta): S {
  requireKnownKeys("parameter", meta, metaKeys);
  if (meta.search !== undefined) requireKnownKeys("parameter: search", meta.search, searchKeys);
  const { description, unit, search, when } = meta;
  const described = schema.meta(defined({ description, unit, search, when }));
  parameterMetadata.add(described, meta);
  return described;
}

/** One parameter, taken apart: what options, help, validation and spaces are derived from. */
export interface ParameterInfo {
  /** Bare name: `hidden_size`. */
  readonly name: string;
  readonly schema: z.ZodType;
  readonly meta: ParameterMeta;
  readonly type: "float" | "int" | "boolean" | "string" | "enum" | "list";
  readonly choices?: readonly ParamValue[];
  readonly minimum?: number;
  readonly maximum?: number;
  /** The bound itself is not allowed (`gt`, `lt`). */
  readonly minimumExclusive?: true;
  readonly maximumExclusive?: true;
  /** Undefined when the parameter has none (it is required, or absent means "decided elsewhere"). */
  readonly default: unknown;
  readonly required: boolean;
}

interface JsonSchemaNode {
  type?: string;
  enum?: ParamValue[];
  const?: ParamValue;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  default?: unknown;
  anyOf?: JsonSchemaNode[];
}

function typeOf(node: JsonSchemaNode): ParameterInfo["type"] {
  if (node.enum) return "enum";
  switch (node.type) {
    case "integer":
      return "int";
    case "number":
      return "float";
    case "boolean":
      return "boolean";
    case "array":
      return "list";
    default:
      return "string";
  }
}

/** The parameters of schemas taken apart before: a schema never changes, and taking it apart costs a millisecond. */
const takenApart = new WeakMap<z.ZodObject, readonly ParameterInfo[]>();

/** The parameters of a schema in their order; the same list for the same schema. */
export function parametersOf(schema: z.ZodObject): readonly ParameterInfo[] {
  let parameters = takenApart.get(schema);
  if (!parameters) takenApart.set(schema, (parameters = takeApart(schema)));
  return parameters;
}

/** A bound that says something: whole numbers of any size have those of safe ones. */
function bound(n: number | undefined): number | undefined {
  return n !== undefined && Math.abs(n) < Number.MAX_SAFE_INTEGER ? n : undefined;
}

function takeApart(schema: z.ZodObject): ParameterInfo[] {
  const json = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as unknown as {
    properties?: Record<string, JsonSchemaNode>;
    required?: string[];
  };
  return Object.entries(schema.shape).map(([name, field]) => {
    const fieldSchema = field as z.ZodType;
    const node = json.properties?.[name] ?? {};
    const core = node.anyOf?.find((n) => n.type !== "null") ?? node;
    const minimum = bound(core.minimum ?? core.exclusiveMinimum);
    const maximum = bound(core.maximum ?? core.exclusiveMaximum);
    return {
      name,
      schema: fieldSchema,
      meta: parameterMetadata.get(fieldSchema) ?? { description: "" },
      type: typeOf(core),
      ...defined({
        choices: core.enum,
        minimum,
        maximum,
        minimumExclusive: minimum !== undefined && core.minimum === undefined ? (true as const) : undefined,
        maximumExclusive: maximum !== undefined && core.maximum === undefined ? (true as const) : undefined,
      }),
      default: node.default,
      required: json.required?.includes(name) ?? false,
    };
  });
}

/** A parameter under its qualified name, as in `model.hidden_size`. */
export interface QualifiedParameter {
  readonly qualified: string;
  readonly group: ParameterGroup;
  readonly info: ParameterInfo;
  /** Active only under these values, by qualified name. */
  readonly when?: Condition;
}

/** The parameters of a schema under their group's name; `when` adds a condition (by qualified name) to each. */
export function qualify(group: ParameterGroup, schema: z.ZodObject, when: Condition = {}): QualifiedParameter[] {
  return parametersOf(schema).map((info) => {
    const own = Object.entries(info.meta.when ?? {}).map(([name, value]) => [`${group}.${name}`, value] as const);
    const condition: Condition = { ...when, ...Object.fromEntries(own) };
    const conditional = Object.keys(condition).length > 0;
    return defined({
      qualified: `${group}.${info.name}`,
      group,
      info,
      when: conditional ? condition : undefined,
    });
  });
}
