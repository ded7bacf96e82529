/** `GET /server`: what this service is, and what the asker may do with it. */
import { z } from "zod/v4";
import { effectiveScopes, scopes } from "../security/scopes.js";
import type { ServiceRoutes } from "../routes.js";

const serverSchema = z.strictObject({
  version: z.string(),
  storage: z.string().describe("The folder of the studies"),
  started_at: z.iso.datetime(),
  node: z.string(),
  uptime_s: z.number(),
  url: z.string().nullable(),
  capabilities: z.strictObject({
    allow: z.boolean().describe("Whether requests may name files: the service was started with --allow"),
  }),
  token: z.strictObject({
    name: z.string(),
    scopes: z.array(z.enum(scopes)).describe("Included ones as well"),
    studies: z.array(z.string()).nullable().describe("null: all"),
  }),
});

export const serverRoutes: ServiceRoutes = (app, { host, settings, storageDir }) => {
  app.get(
    "/server",
    {
      config: { scope: "read" },
      schema: {
        operationId: "getServer",
        tags: ["service"],
        summary: "The service and what this token may do",
        response: { 200: serverSchema },
      },
    },
    async ({ identity }) => ({
      version: settings.version,
      storage: storageDir,
      started_at: host.startedAt,
      node: process.version,
      uptime_s: Math.round((Date.now() - Date.parse(host.startedAt)) / 1000),
      url: settings.url,
      capabilities: { allow: settings.allow.length > 0 },
      token: {
        name: identity?.name ?? "",
        scopes: [...effectiveScopes(identity?.scopes ?? [])],
        studies: identity?.studies ? [...identity.studies] : null,
      },
    }),
  );
};
