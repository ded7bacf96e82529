/** `/tokens`: the named tokens, for whoever has an admin's. */
import { checkNewToken } from "../security/tokens.js";
import type { StoredToken } from "../security/tokens.js";
import { z } from "zod";
import type { ServiceRoutes } from "../routes.js";
import { madeToken, newToken, tokenList, tokenParams } from "../schemas/service.js";
import type { TokenEntry } from "../schemas/service.js";

function shown({ sha256: _digest, ...token }: StoredToken): TokenEntry {
  return token;
}

export const tokensRoutes: ServiceRoutes = (app, { tokens }) => {
  const common = { tags: ["service"] };
  app.get(
    "/tokens",
    {
      config: { scope: "admin" },
      schema: {
        ...common,
        operationId: "listTokens",
        summary: "The named tokens",
        response: { 200: tokenList },
      },
    },
    async () => ({ tokens: (await tokens.list()).map(shown) }),
  );
  app.post(
    "/tokens",
    {
      config: { scope: "admin" },
      schema: {
        ...common,
        operationId: "createToken",
        summary: "Make a named token",
        body: newToken,
        response: { 201: madeToken },
      },
    },
    async ({ body }, reply) => {
      const { name, studies } = body;
      const expiresAt = body.expires_at === null ? null : new Date(body.expires_at);
      const { text, token } = await tokens.create(checkNewToken({ name, scopes: body.scopes, studies, expiresAt }));
      return reply.code(201).send({ ...shown(token), token: text });
    },
  );
  app.delete(
    "/tokens/:id",
    {
      config: { scope: "admin" },
      schema: {
        ...common,
        operationId: "revokeToken",
        summary: "Revoke a named token: its requests are refused and its streams end within a second",
        params: tokenParams,
        response: { 204: z.undefined().describe("It is revoked") },
      },
    },
    async ({ params }, reply) => {
      await tokens.revoke(params.id);
      return reply.code(204).send();
    },
  );
};
