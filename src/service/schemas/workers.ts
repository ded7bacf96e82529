/** Who runs trials: processes of the service, and whoever holds leases. */
import { z } from "zod";
import { count, list, time } from "./values.js";

/** A process that runs trials. */
export const worker = z.strictObject({
  id: z.string(),
  host: z.string(),
  pid: z.int(),
  isolation: z.string().describe("`thread`, `process`, …"),
  places: count,
  running: list(z.strictObject({ study: z.string(), number: count, slot: count, since: time })),
  shares: list(
    z.strictObject({
      study: z.string(),
      weight: z.number().positive(),
      places: count.describe("Held now."),
      place_seconds: z.number().describe("How long it has held a place, added up over places."),
    }),
  ).describe("How its places are shared by the studies that run now."),
  trials_done: count,
  failed: count,
  last_beat: time,
  version: z.string(),
});
/** As {@link worker}. */
export type Worker = z.output<typeof worker>;

/** A trial that is out under a lease. */
export const externalWorker = z.strictObject({
  worker: z.string().nullable().describe("As it called itself."),
  study: z.string(),
  number: count,
  lease_seconds: z.number(),
  lease_ends_in_s: z.number().nullable().describe("Null where it is not known."),
  last_seen_s: z.number().nullable().describe("How long ago; null where it is not known."),
});
/** As {@link externalWorker}. */
export type ExternalWorker = z.output<typeof externalWorker>;

/** GET /workers. */
export const workerList = z
  .strictObject({ workers: list(worker), external: list(externalWorker) })
  .meta({ id: "WorkerList" });
/** As {@link workerList}. */
export type WorkerList = z.output<typeof workerList>;
