import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applyEvent, createStudyState } from "../../../src/core/index.js";
import type { StudyEvent, StudyState } from "../../../src/core/index.js";
import { RunningBrief } from "../../../src/host/running-brief.js";
import { trialsInBrief } from "../../../src/storage/study-summary.js";
import { annotated, twoObjectives } from "../../../src/testing/storage-under-test.js";
import { created, finished, header, report } from "../../../src/testing/study-records.js";
import { runningTrial } from "../../../src/testing/trials.js";

type Step = {
  readonly kind: "create" | "report" | "finish" | "fail" | "ban";
  readonly at: number;
  readonly value: number;
};

const steps = fc.array(
  fc.record({
    kind: fc.constantFrom<Step["kind"]>("create", "create", "report", "finish", "finish", "fail", "ban"),
    at: fc.nat(20),
    value: fc.constantFrom(0, 1, 2, 3, Number.NaN, Infinity),
  }),
  { maxLength: 60 },
);

/** What a step does to a study; null where nothing can be done. */
function eventOf(state: StudyState, { kind, at, value }: Step): StudyEvent | null {
  const running = state.unfinished[at % Math.max(1, state.unfinished.length)];
  if (kind === "create") return created(runningTrial(state.size));
  if (kind === "ban") return state.size === 0 ? null : annotated(at % state.size, "", value > 1);
  if (running === undefined) return null;
  if (kind === "report") return report(running, (state.trial(running)?.intermediate.length ?? 0) + 1, 1, 0);
  if (kind === "fail") return finished(running, null, { state: "pruned" });
  const values = state.header.objectives.map((_, i) => (i === 0 ? value : 3 - value));
  return { ...finished(running, value), values } as StudyEvent;
}

describe("a brief that goes on with its study", () => {
  for (const [what, of] of [
    ["one objective", header("a")],
    ["two objectives", header("a", twoObjectives)],
  ] as const)
    it(`says what a look at every trial says, with ${what}`, () => {
      fc.assert(
        fc.property(steps, fc.nat(4), (all, every) => {
          const brief = new RunningBrief();
          let state = createStudyState(of);
          all.forEach((step, i) => {
            const event = eventOf(state, step);
            if (event) state = applyEvent(state, event);
            if (i % (every + 1) === 0) expect(brief.of(state)).toMatchObject(trialsInBrief(state));
          });
          expect(brief.of(state)).toMatchObject({ ...trialsInBrief(state), revision: state.revision });
        }),
      );
    });
});
