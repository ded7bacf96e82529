/** What waits, gathered: of each attempt at each run all that a chunk of the spool says. */
import type { RunStatus } from "./client.js";
import type { Point } from "./limits.js";
import type { FileToSend, Operation } from "./operations.js";

/** Of one attempt at a run, all that a chunk says. */
export interface Work {
  readonly run: string;
  readonly attempt: number;
  begin: Operation["begin"];
  readonly tags: Map<string, string>;
  readonly params: Map<string, string>;
  readonly metrics: Point[];
  reports: number;
  status: RunStatus | null;
  end: number | null;
  ended: string | null;
  readonly files: FileToSend[];
}

/** What a chunk says of each attempt at each run, in the order in which they first come. */
export function gathered(operations: readonly Operation[]): Work[] {
  const all = new Map<string, Work>();
  for (const operation of operations) {
    const { run, attempt, begin, tags = {}, params = {}, metrics = [], file } = operation;
    const key = `${run}/${attempt}`;
    const work = all.get(key) ?? blank(run, attempt);
    all.set(key, work);
    work.begin ??= begin;
    if (begin) work.ended = null;
    for (const [name, text] of Object.entries(tags)) work.tags.set(name, text);
    for (const [name, text] of Object.entries(params)) work.params.set(name, text);
    for (const point of metrics) work.metrics.push(point);
    work.reports = Math.max(work.reports, operation.reports ?? 0);
    if (operation.status !== undefined) [work.status, work.end] = [operation.status, operation.end ?? null];
    work.ended = operation.ended ?? work.ended;
    if (file) work.files.push(file);
  }
  return [...all.values()];
}

function blank(run: string, attempt: number): Work {
  return {
    ...{ run, attempt, begin: undefined, tags: new Map(), params: new Map(), metrics: [], reports: 0 },
    ...{ status: null, end: null, ended: null, files: [] },
  };
}
