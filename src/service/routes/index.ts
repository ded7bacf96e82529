/** Every file of routes, a line each. */
import type { ServiceRoutes } from "../routes.js";
import { analysisRoutes } from "./analysis.js";
import { columnsRoutes } from "./columns.js";
import { documentRoutes } from "./document.js";
import { eventsRoutes } from "./events.js";
import { filesRoutes } from "./files.js";
import { openApiRoutes } from "./openapi.js";
import { outsideRoutes } from "./outside.js";
import { registriesRoutes } from "./registries.js";
import { runRoutes } from "./run.js";
import { serverRoutes } from "./server.js";
import { sessionRoutes } from "./session.js";
import { studiesRoutes } from "./studies.js";
import { tokensRoutes } from "./tokens.js";
import { trialsRoutes } from "./trials.js";
import { workersRoutes } from "./workers.js";

export const routes: Readonly<Record<string, ServiceRoutes>> = {
  server: serverRoutes,
  session: sessionRoutes,
  tokens: tokensRoutes,
  studies: studiesRoutes,
  run: runRoutes,
  trials: trialsRoutes,
  columns: columnsRoutes,
  document: documentRoutes,
  files: filesRoutes,
  analysis: analysisRoutes,
  registries: registriesRoutes,
  outside: outsideRoutes,
  workers: workersRoutes,
  events: eventsRoutes,
  openapi: openApiRoutes,
};
