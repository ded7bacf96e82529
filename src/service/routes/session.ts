/** `/session`: the page trades the token of its URL's fragment for a cookie that its scripts cannot read. */
import { z } from "zod";
import { unauthorized } from "../security/gate.js";
import { addressOf } from "../security/asker.js";
import type { ServiceRoutes } from "../routes.js";
import { newSession } from "../schemas/service.js";

export const sessionRoutes: ServiceRoutes = (app, { gate, sessions, tokens, failures, prefixOf }) => {
  app.post(
    "/session",
    {
      config: { scope: "none" },
      schema: {
        operationId: "createSession",
        tags: ["service"],
        summary: "Trade a token for a session cookie",
        body: newSession,
        response: { 204: z.undefined().describe("The cookie is set") },
      },
    },
    async (request, reply) => {
      gate.requireOwnWrite(request);
      const identity = await tokens.identify(request.body.token);
      if (!identity) {
        failures.add(addressOf(request));
        throw unauthorized("the token is not known here, was revoked or has expired");
      }
      const cookie = sessions.cookie(identity.id, `${prefixOf(request)}/`, gate.isSecure(request));
      return reply.code(204).header("set-cookie", cookie).send();
    },
  );
  app.delete(
    "/session",
    {
      config: { scope: "none" },
      schema: {
        operationId: "deleteSession",
        tags: ["service"],
        summary: "End the session and take the cookie back",
        response: { 204: z.undefined().describe("The session is over") },
      },
    },
    async (request, reply) => {
      gate.requireOwnWrite(request);
      const session = sessions.read(request.headers.cookie);
      if (session) sessions.end(session);
      const cookie = sessions.emptyCookie(`${prefixOf(request)}/`, gate.isSecure(request));
      return reply.code(204).header("set-cookie", cookie).send();
    },
  );
};
