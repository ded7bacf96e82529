/** `/tokens`: the named tokens, for whoever has an admin's. */
import { z } from "zod/v4";
import { scopes } from "../security/scopes.js";
import type { StoredToken } from "../security/tokens.js";
import type { ServiceRoutes } from "../routes.js";

const tokenSchema = z.strictObject({
  id: z.string(),
  name: z.string(),
  prefix: z.string().describe("What the token begins with"),
  scopes: z.array(z.enum(scopes)),
  studies: z.array(z.string()).nullable().describe("null: all"),
  created_at: z.iso.datetime(),
  expires_at: z.iso.datetime().nullable(),
});
const newTokenSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[\p{L}\p{N}][\p{L}\p{N} ._@-]{0,63}$/u, 'expected 1 to 64 letters, digits, " ", ".", "_", "@", "-"'),
  scopes: z.array(z.enum(scopes)).min(1),
  studies: z.array(z.string().min(1).max(120)).min(1).nullable().default(null),
  expires_at: z.iso.datetime().nullable().default(null),
});
const madeSchema = tokenSchema.extend({ token: z.string().describe("Shown this once; the service keeps a digest") });

function shown({ sha256: _digest, ...token }: StoredToken): z.infer<typeof tokenSchema> {
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
        response: { 200: z.strictObject({ tokens: z.array(tokenSchema) }) },
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
        body: newTokenSchema,
        response: { 201: madeSchema },
      },
    },
    async ({ body }, reply) => {
      const { name, studies } = body;
      const expiresAt = body.expires_at === null ? null : new Date(body.expires_at);
      const { text, token } = await tokens.create({ name, scopes: body.scopes, studies, expiresAt });
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
        params: z.strictObject({ id: z.string().regex(/^[0-9a-f]{12}$/) }),
        response: { 204: z.undefined().describe("It is revoked") },
      },
    },
    async ({ params }, reply) => {
      await tokens.revoke(params.id);
      return reply.code(204).send();
    },
  );
};
