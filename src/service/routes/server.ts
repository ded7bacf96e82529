/** `GET /server`: what this service is, and what the asker may do with it. */
import { effectiveScopes } from "../security/scopes.js";
import type { ServiceRoutes } from "../routes.js";
import { serverInfo } from "../schemas/service.js";

export const serverRoutes: ServiceRoutes = (app, { host, settings, storageDir }) => {
  app.get(
    "/server",
    {
      config: { scope: "read" },
      schema: {
        operationId: "getServer",
        tags: ["service"],
        summary: "The service, and what this token may do",
        response: { 200: serverInfo },
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
      token: identity?.name ?? "",
      scopes: [...effectiveScopes(identity?.scopes ?? [])],
      studies: identity?.studies ? [...identity.studies] : null,
    }),
  );
};
