/** What is shown of those who run trials: this process's places, and whoever has a trial under a lease. */
import { hostname } from "node:os";
import type { FairPool } from "./fair-pool.js";
import type { OutsideWorkerStatus, WorkerStatus } from "./host.js";
import type { OpenStudy } from "./open-studies.js";

/** This process as a worker. @param isolation what its trials run in */
export function statusOfPool(pool: FairPool, isolation: string): WorkerStatus {
  const { done, failed } = pool.ended;
  const { pid } = process;
  const host = hostname();
  return {
    ...{ id: `${pid}@${host}`, host, pid, isolation },
    places: pool.capacity() ?? 0,
    running: pool.running.map(({ study, number, slot, since }) => ({ study, number, slot, since })),
    ...{ trials_done: done, trials_failed: failed },
    shares: pool.shares.map(({ study, weight, held, served }) => ({
      ...{ study, weight, places: held },
      place_seconds: served,
    })),
  };
}

/** The trials of a study that are out under a lease. */
export function statusOfLeased(open: OpenStudy): OutsideWorkerStatus[] {
  return open.leased().map(({ number, lease, started_at, worker }) => ({
    worker: worker ?? null,
    study: open.name,
    number,
    lease_seconds: lease?.seconds ?? 0,
    lease_ends_in_s: open.study.leaseEndsIn(number),
    since: started_at ?? "",
  }));
}
