import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, it } from "vitest";

import { childPath, startChild } from "./child.js";

const strace = spawnSync("strace", ["-o", "/dev/null", "true"]).status === 0;

type Step = { readonly what: "write" | "sync" | "acknowledge"; readonly detail: string };

/** What a trace says about the journal, in order; a call counts when it has returned. */
function stepsOf(trace: string): Step[] {
  const steps: Step[] = [];
  const underWay = new Map<string, string>();
  for (const line of trace.split("\n")) {
    const [, pid = "", rest = ""] = /^(\d+)\s+(.*)$/.exec(line) ?? [];
    const unfinished = /^(.*) <unfinished \.\.\.>$/.exec(rest);
    if (unfinished) underWay.set(pid, unfinished[1] as string);
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest);
    const call = resumed ? (underWay.get(pid) ?? "") + (resumed[1] as string) : unfinished ? "" : rest;
    if (/^pwrite64\(\d+<[^>]*\.journal\.jsonl>/.test(call)) steps.push({ what: "write", detail: call });
    else if (/^fdatasync\(\d+<[^>]*\.journal\.jsonl>\)\s+= 0/.test(call)) steps.push({ what: "sync", detail: call });
    // The acknowledgement counts from when it begins.
    const said = /^write\(1<[^>]*>, "((?:begun|done) [^"\\]*)/.exec(rest);
    if (said) steps.push({ what: "acknowledge", detail: said[1] as string });
  }
  return steps;
}

it.skipIf(!strace)(
  `an fdatasync of the journal lies between each acknowledged event's write and its acknowledgement${strace ? "" : " (skipped: strace is missing or not allowed)"}`,
  async () => {
    const directory = mkdtempSync(join(tmpdir(), "mlbench-sync-"));
    try {
      const trace = join(directory, "trace");
      const options = ["-f", "-y", "-s", "300", "-e", "trace=pwrite64,fdatasync,write", "-o", trace];
      const child = [process.execPath, childPath("writer-child.mjs"), directory, join(directory, "starts"), "8", "1"];
      expect(await startChild("strace", [...options, ...child]).ended).toBe(0);
      const steps = stepsOf(readFileSync(trace, "utf8"));
      const acknowledged = steps.flatMap((step, i) => (step.what === "acknowledge" ? [i] : []));
      expect(acknowledged).toHaveLength(16);
      let before = -1;
      for (const at of acknowledged) {
        const between = steps.slice(before + 1, at);
        const { detail } = steps[at] as Step;
        const written = between.findIndex(({ what }) => what === "write");
        expect(written, `the write of ${detail}`).not.toBe(-1);
        const synced = between.findLastIndex(({ what }) => what === "sync");
        // Reports written while the sync is under way may follow; the event itself is in the first write.
        expect(synced, `the sync of ${detail}`).toBeGreaterThan(written);
        before = at;
      }
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
);
