/** The API's own description (OpenAPI 3.1), made of the routes and their schemas. */
import swagger from "@fastify/swagger";
import { jsonSchemaTransform as asJson, jsonSchemaTransformObject as components } from "fastify-type-provider-zod";
import type { ServiceApp } from "./routes.js";
import { problemResponse } from "./schemas/problem.js";

/** The version of the API, not of the package: it rises with what a client would have to be changed for. */
const API_VERSION = "1.0";

const tags = [
  { name: "studies", description: "What is searched, and how" },
  { name: "run", description: "Trials that the service runs" },
  { name: "trials", description: "What was tried, one by one and as columns" },
  { name: "files", description: "What trials have left" },
  { name: "outside", description: "Trials that other programs run: asked for, reported, told" },
  { name: "analysis", description: "What the trials say as a whole" },
  { name: "events", description: "What happens, as it happens" },
  { name: "registries", description: "What studies can be made of" },
  { name: "workers", description: "Who runs trials" },
  { name: "service", description: "The service, its sessions and tokens" },
];

const scopes = {
  read: "Needs a token of scope `read`.",
  run: "Needs a token of scope `run`.",
  worker: "Needs a token of scope `worker`.",
  admin: "Needs a token of scope `admin`.",
  none: "Needs no token.",
} as const;

type Json = Record<string, unknown>;

/** Describes every route that is added from here on. */
export async function addOpenApi(app: ServiceApp): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "mlbench-hpo",
        version: API_VERSION,
        description: "Hyperparameter optimization studies over HTTP: see docs/reference/api.md.",
        license: { name: "MIT", identifier: "MIT" },
      },
      servers: [{ url: "/" }],
      tags,
      security: [{ bearer: [] }],
      components: {
        securitySchemes: {
          bearer: { type: "http", scheme: "bearer", description: "A token of the service: `mlbench-hpo tokens`." },
        },
      },
    },
    hideUntagged: true,
    transform: (route) => {
      const { scope = "none" } = route.route.config ?? {};
      const { description, response = {} } = route.schema as { description?: string; response?: Json };
      const schema = {
        ...route.schema,
        description: [description, scopes[scope]].filter((one) => one !== undefined).join(" "),
        ...(scope === "none" ? { security: [] } : {}),
        response: { ...response, default: problemResponse("A problem: `code` says which") },
      };
      return asJson({ ...route, schema });
    },
    transformObject: (document) => tidied(components(document) as Json) as ReturnType<typeof components>,
  });
}

/** Keywords whose value is a schema, a list of schemas, or schemas by name; what stands elsewhere is no schema. */
function tidied(document: Json): Json {
  const schemas = ((document["components"] as Json)["schemas"] ?? {}) as Record<string, unknown>;
  const plain = withoutReadOnly(document) as Json;
  const own = (plain["components"] as Json)["schemas"] as Record<string, unknown>;
  const renames = new Map<string, string>();
  for (const name of Object.keys(schemas)) {
    const base = name.replace(/Input$/, "");
    if (base !== name && base in own && sameBut(own[name], own[base])) renames.set(name, base);
  }
  const renamed = JSON.parse(
    JSON.stringify(plain)
      .replaceAll('"description":"Default Response"', '"description":"OK"')
      .replaceAll(/"#\/components\/schemas\/([\w.-]+)"/g, (whole, name: string) =>
        renames.has(name) ? `"#/components/schemas/${renames.get(name)}"` : whole,
      ),
  ) as Json;
  const used = { ...renamed, components: { ...(renamed["components"] as Json), schemas: referenced(renamed) } };
  return withPlainNames(used);
}

/** What is only ever taken needs no name that tells it from what is answered. */
function withPlainNames(document: Json & { readonly components: Json }): Json {
  const names = Object.keys(document.components["schemas"] as Json);
  const plain = (name: string): string => {
    const base = name.replace(/Input$/, "");
    return names.includes(base) ? name : base;
  };
  const text = JSON.stringify(document).replaceAll(
    /"#\/components\/schemas\/([\w.-]+)"/g,
    (_whole, name: string) => `"#/components/schemas/${plain(name)}"`,
  );
  const renamed = JSON.parse(text) as typeof document;
  const schemas = Object.entries(renamed.components["schemas"] as Json).map(([name, schema]) => [plain(name), schema]);
  return { ...renamed, components: { ...renamed.components, schemas: Object.fromEntries(schemas) as Json } };
}

/** Whether two schemas are the same, references to the input side of others aside. */
function sameBut(input: unknown, output: unknown): boolean {
  const text = (schema: unknown): string => JSON.stringify(schema).replaceAll(/Input"/g, '"');
  return text(input) === text(output);
}

/** `readonly()` says something of our types, and nothing of the API. */
function withoutReadOnly(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutReadOnly);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([key, one]) => !(key === "readOnly" && one === true));
  return Object.fromEntries(entries.map(([key, one]) => [key, withoutReadOnly(one)]));
}

/** The components that something refers to, by name. */
function referenced(document: Json): Json {
  const schemas = (document["components"] as Json)["schemas"] as Json;
  const names = new Set<string>();
  const take = (value: unknown): void => {
    for (const [, name = ""] of JSON.stringify(value).matchAll(/"#\/components\/schemas\/([\w.-]+)"/g)) {
      if (names.has(name)) continue;
      names.add(name);
      take(schemas[name]);
    }
  };
  take(document["paths"]);
  return Object.fromEntries([...names].sort().map((name) => [name, schemas[name]]));
}
