/** Every file of routes, a line each. */
import type { ServiceRoutes } from "../routes.js";
import { outsideRoutes } from "./outside.js";
import { serverRoutes } from "./server.js";
import { sessionRoutes } from "./session.js";
import { tokensRoutes } from "./tokens.js";

export const routes: Readonly<Record<string, ServiceRoutes>> = {
  outside: outsideRoutes,
  server: serverRoutes,
  session: sessionRoutes,
  tokens: tokensRoutes,
};
