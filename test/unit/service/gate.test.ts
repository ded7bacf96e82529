/** Who gets in: tokens, scopes, hosts and origins. */
import { expect, test } from "vitest";
import { aService } from "./a-service.js";

const API = "/api/v1";

test("without a token there is nothing, with one there is the service", async () => {
  const { app, bearer } = await aService();
  const refused = await app.inject({ url: `${API}/server` });
  expect([refused.statusCode, refused.json()]).toEqual([401, expect.objectContaining({ code: "unauthorized" })]);
  expect(refused.headers["www-authenticate"]).toMatch(/^Bearer/);
  expect(refused.headers["content-type"]).toMatch(/^application\/problem\+json/);
  const taken = await app.inject({ url: `${API}/server`, headers: bearer });
  expect([taken.statusCode, taken.json<{ token: unknown }>().token]).toEqual([
    200,
    { name: "first", scopes: ["read", "run", "worker", "admin"], studies: null },
  ]);
});
