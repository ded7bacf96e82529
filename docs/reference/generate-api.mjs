// Writes docs/reference/api.md from docs/reference/openapi.json, with the introduction that stands here:
//   node docs/reference/generate-openapi.mjs && node docs/reference/generate-api.mjs
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { format } from "prettier";

const introduction = `# The HTTP API

\`mlbench-hpo serve\` answers under \`/api/v1\`; this page is made of the description that it gives of itself there
(\`GET /api/v1/openapi.json\`, checked in as [openapi.json](openapi.json)). How it is started and kept: [service](../service.md).

## Who asks

Every request but \`POST\` and \`DELETE /session\` carries a token: \`Authorization: Bearer TOKEN\`. The first one is made at the
first start and stands in \`STORAGE/.service/token\`; \`mlbench-hpo tokens\` makes others, each with scopes and, if wanted, for
some studies only. \`admin\` includes every scope, \`run\` and \`worker\` include \`read\`. Without a token: 401; a scope or a study
that is not the token's: 403; another \`Host\`: 421; another site's \`Origin\`: 403. A token in a URL is refused.

\`\`\`sh
TOKEN=$(cat studies/.service/token)
curl -s -H "Authorization: Bearer $TOKEN" http://127.0.0.1:7070/api/v1/studies
\`\`\`

## Errors

An answer from 400 on is \`application/problem+json\` (RFC 9457): \`{"type", "title", "status", "detail", "code"}\`. \`detail\` is one
line for people; \`code\` is stable and stands in [errors](errors.md). Some codes say more: \`study-exists\` has \`differences\`,
\`study-locked\` the \`pid\` and \`host\` of whoever has the study. Keys that are not known are refused by name
(\`invalid-request\`). Bodies above 64 KiB (1 MiB where a study is made or reports are sent) are refused with 413.

## Numbers, times, names

Keys are those of the [study file](study-file.md). Numbers that JSON has not are the texts \`"NaN"\`, \`"Infinity"\` and
\`"-Infinity"\`, in answers and in requests. Times are ISO 8601 in UTC, those of columns milliseconds since 1970. What a
command prints as JSON (\`trials\`, \`importance\`, \`compare\`) its route answers too, key by key: [json](json.md).

## Pages

\`GET /studies/{study}/trials\` answers at most \`limit\` records and \`next\`, which is the \`cursor\` of the next page, null on the
last one. An order once begun is gone through as it was made, whatever happens to the trials meanwhile; it is kept for a
while, and made anew where it is not known any more.

## Columns and revisions

\`GET /studies/{study}/columns\` answers all trials as columns of equal length, compressed: 10,000 trials are about a megabyte.
Its \`revision\` says up to which event of the study it goes. \`?since=REVISION\` answers the rows that something happened to
after that; a row takes the place of the one of the same number. Where the service does not know what happened since,
\`reset\` is true and the rows are all there are. \`ETag\` names the revision: \`If-None-Match\` is answered with 304.

## Streams

\`GET /studies/{study}/events\` goes on for as long as it is read (server-sent events):

| event     | data                                                | it means                                                              |
| --------- | --------------------------------------------------- | --------------------------------------------------------------------- |
| \`hello\`   | \`{revision}\`                                        | first; what follows happened after that revision                      |
| \`changes\` | \`{revision, size, rows, parameters, reports, study}\` | rows as in columns; \`id\` is the revision                              |
| \`reset\`   | \`{revision}\`                                        | fetch \`columns?since=\` the last revision known; what follows is later |
| \`gone\`    | \`{code, message}\`                                   | the study was deleted or cannot be read; the stream ends              |

Fetch the columns, then follow with their revision (\`?since=\`, or \`Last-Event-ID\`, which browsers send by themselves): whoever
applies the frames has what a fresh look has. What happens within 100 ms comes as one frame. \`parameters\` and \`study\` are
null where they are as before. \`reports\` are \`[number, attempt, step, value, seen]\`, and behind them an object of further
numbers where a report had any and this service took it in lately (\`…/epochs\` has those of every trial); after a reconnection
some may be told again: a step that is known is passed over. A client that is more than 1 MiB behind is sent a \`reset\` instead
of what it missed. A comment comes every 15 s. \`GET /events\` does the same for the list: \`studies\` \`{entries, removed}\`,
\`reset\`. A log is followed by \`…/log?follow=1\`: \`log\` \`{text}\`, then \`end\`.

## Files

Logs, weights and the metrics of each epoch take \`Range\` (one range, also of the last bytes) and \`HEAD\`; a range that is not
there is 416. What a trial has left, \`GET /studies/{study}/trials/{number}\` lists under \`files\`.
`;

const code = (text) => `\`${text}\``;
const cell = (text) =>
  String(text ?? "")
    .replaceAll("|", "\\|")
    .replaceAll("\n", " ");

/** A schema in a few words. */
function words(schema = {}) {
  if (schema.$ref) {
    const name = schema.$ref.split("/").at(-1);
    return `[${name}](#${name.toLowerCase()})`;
  }
  if (schema.const !== undefined) return code(JSON.stringify(schema.const));
  if (schema.enum) return schema.enum.map((one) => code(JSON.stringify(one))).join(" or ");
  const options = schema.anyOf ?? schema.oneOf;
  if (options) return [...new Set(options.map(words))].join(" or ");
  if (schema.type === "array") {
    if (schema.prefixItems) return `[${schema.prefixItems.map(words).join(", ")}]`;
    return `list of ${words(schema.items)}`;
  }
  if (schema.type === "object") {
    if (schema.properties && Object.keys(schema.properties).length > 0) return "object";
    const values = schema.additionalProperties;
    return values && typeof values === "object" && Object.keys(values).length > 0
      ? `${words(values)} by name`
      : "object";
  }
  if (Array.isArray(schema.type)) return schema.type.join(" or ");
  return schema.type ?? "anything";
}

function bounds({ minimum, maximum, default: usual }) {
  const limits = [
    ...(minimum > -1e15 ? [`from ${minimum}`] : []),
    ...(maximum < 1e15 ? [`to ${maximum}`] : []),
    ...(usual === undefined ? [] : [`default ${JSON.stringify(usual)}`]),
  ];
  return limits.length > 0 ? `; ${limits.join(" ")}` : "";
}

function table(head, rows) {
  if (rows.length === 0) return "";
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.map(cell).join(" | ")} |`).join("\n") + "\n\n";
}

function properties({ properties: fields = {}, required = [] }) {
  return table(
    ["key", "what it is", ""],
    Object.entries(fields).map(([name, schema]) => [
      `${code(name)}${required.includes(name) ? "" : " (optional)"}`,
      `${words(schema)}${bounds(schema)}`,
      schema.description ?? "",
    ]),
  );
}

function operationText(path, method, operation) {
  const { summary, description, parameters = [], requestBody, responses } = operation;
  const body = requestBody?.content?.["application/json"]?.schema;
  const answers = Object.entries(responses).flatMap(([status, { description: meaning, content = {} }]) => {
    if (status === "default") return [];
    const types = Object.entries(content).map(([type, { schema }]) =>
      type === "application/json" ? words(schema) : `${code(type)}${schema?.$ref ? ` of ${words(schema)}` : ""}`,
    );
    return [[status, [...new Set(types)].join(" or "), meaning === "OK" ? "" : meaning]];
  });
  const bodyText = body ? `Body: ${words(body)}${body.description ? `: ${body.description}` : ""}\n\n` : "";
  return (
    `### ${summary}\n\n${code(`${method.toUpperCase()} ${path.replace("/api/v1", "")}`)}\n\n${description ?? ""}\n\n` +
    table(
      ["parameter", "what it is", ""],
      parameters
        .filter((one) => one.in === "query")
        .map(({ name, schema, description: meaning }) => [
          code(name),
          `${words(schema)}${bounds(schema)}`,
          meaning ?? "",
        ]),
    ) +
    bodyText +
    (body?.properties ? properties(body) : "") +
    table(["status", "body", ""], answers)
  );
}

/** The page of an API's description. */
export async function apiPage(document) {
  const parts = [introduction];
  for (const { name, description } of document.tags) {
    const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).flatMap(([method, operation]) =>
        operation.tags?.[0] === name ? [operationText(path, method, operation)] : [],
      ),
    );
    if (operations.length > 0)
      parts.push(`## ${name[0].toUpperCase()}${name.slice(1)}\n\n${description}.\n`, ...operations);
  }
  parts.push("## Shapes\n");
  for (const [name, schema] of Object.entries(document.components.schemas)) {
    const described = schema.description ? `${schema.description}\n\n` : "";
    parts.push(`### ${name}\n\n${described}${schema.properties ? properties(schema) : `${words(schema)}\n`}`);
  }
  return await format(parts.join("\n"), { parser: "markdown", printWidth: 120, proseWrap: "preserve" });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const document = JSON.parse(readFileSync(new URL("openapi.json", import.meta.url), "utf8"));
  writeFileSync(new URL("api.md", import.meta.url), await apiPage(document));
}
