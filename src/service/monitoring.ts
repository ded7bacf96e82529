/** `GET /health` and `GET /metrics`, at the root: for those who watch the service. */
import { METRICS_TYPE } from "./metrics.js";
import type { Metrics } from "./metrics.js";
import type { ServiceApp, ServiceContext } from "./routes.js";
import { maySee } from "./security/scopes.js";

/** Both are in no document of the API: what they answer is other programs' format. */
export function addMonitoring(app: ServiceApp, { host, closing }: ServiceContext, metrics: Metrics): void {
  const schema = { hide: true };
  app.get("/health", { config: { scope: "none" }, schema }, async (_request, reply) => {
    const status = closing.aborted ? "closing" : "ok";
    return reply
      .code(closing.aborted ? 503 : 200)
      .header("cache-control", "no-store")
      .send({ status });
  });
  app.get("/metrics", { config: { scope: "read" }, schema }, async ({ identity }, reply) => {
    const text = await metrics.text(host, (study) => maySee(identity, study));
    return reply.header("cache-control", "no-store").type(METRICS_TYPE).send(text);
  });
}
