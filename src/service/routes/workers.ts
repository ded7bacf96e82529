/** Who runs trials. */
import { maySee } from "../security/scopes.js";
import type { ServiceRoutes } from "../routes.js";
import { workerList } from "../schemas/workers.js";

export const workersRoutes: ServiceRoutes = (app, { host, settings }) => {
  app.get(
    "/workers",
    {
      config: { scope: "read" },
      schema: {
        operationId: "listWorkers",
        tags: ["workers"],
        summary: "The processes that run trials, and the trials that are out under leases",
        response: { 200: workerList },
      },
    },
    async ({ identity }) => {
      const now = Date.now();
      const workers = host.workers().map((worker) => ({
        ...{ id: worker.id, host: worker.host, pid: worker.pid, isolation: worker.isolation, places: worker.places },
        running: worker.running.filter(({ study }) => maySee(identity, study)),
        shares: (worker.shares ?? []).filter(({ study }) => maySee(identity, study)),
        ...{ trials_done: worker.trials_done, failed: worker.trials_failed },
        // They are this process's own: whoever reads this hears one.
        last_beat: new Date(now).toISOString(),
        version: settings.version,
      }));
      const external = host
        .outside()
        .filter(({ study }) => maySee(identity, study))
        .map(({ worker, study, number, lease_seconds, lease_ends_in_s }) => ({
          ...{ worker, study, number, lease_seconds, lease_ends_in_s },
          last_seen_s: lease_ends_in_s === null ? null : lease_seconds - lease_ends_in_s,
        }));
      return { workers, external };
    },
  );
};
