/** The description of the API: valid, whole, and the one that is checked in. */
import { readFile } from "node:fs/promises";
import { Validator } from "@seriousme/openapi-schema-validator";
import { expect, test } from "vitest";
import { apiPage } from "../../../docs/reference/generate-api.mjs";
import { aHostedService } from "./a-hosted-service.js";

interface Operation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly tags?: string[];
  readonly description?: string;
  readonly responses: Record<string, { content?: Record<string, unknown> }>;
}

const file = new URL("../../../docs/reference/openapi.json", import.meta.url);

test("it is valid OpenAPI 3.1, says of each route who may use it and how it fails, and is the one in docs/reference", async () => {
  const { ask } = await aHostedService();
  const document = (await (await ask("/openapi.json")).json()) as { paths: Record<string, Record<string, Operation>> };
  const { valid, errors } = await new Validator().validate(structuredClone(document));
  expect([valid, errors]).toEqual([true, undefined]);
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
  expect(operations.length).toBeGreaterThanOrEqual(40);
  const ids = operations.map(({ operationId }) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { operationId, summary, tags, description, responses } of operations) {
    for (const text of [operationId, summary, tags?.[0]]) expect(text).toMatch(/./);
    expect(description).toMatch(/Needs (?:a token of scope|no token)/);
    expect(Object.keys(responses.default?.content ?? {})).toEqual(["application/problem+json"]);
  }
  // `node docs/reference/generate-openapi.mjs && node docs/reference/generate-api.mjs` writes both anew.
  expect(document).toEqual(JSON.parse(await readFile(file, "utf8")));
  expect(await apiPage(document)).toBe(await readFile(new URL("api.md", file), "utf8"));
});
