/** `GET /openapi.json`: the description of this API. */
import { sendReady } from "../resources.js";
import type { ServiceRoutes } from "../routes.js";
import { z } from "zod";

export const openApiRoutes: ServiceRoutes = (app) => {
  let text: string | undefined;
  app.get(
    "/openapi.json",
    {
      config: { scope: "read" },
      schema: {
        ...{ operationId: "getOpenApi", tags: ["service"], summary: "This description" },
        response: { 200: z.looseObject({}).describe("OpenAPI 3.1") },
      },
    },
    async (_request, reply) => sendReady(reply, (text ??= JSON.stringify(app.swagger()))),
  );
};
