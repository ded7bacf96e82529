import { expect, it } from "vitest";
import type { OpenStudies, OpenStudy } from "../../../src/host/open-studies.js";
import { OutsideDesk } from "../../../src/host/outside.js";
import type { AskedTrial } from "../../../src/study/hand-outs.js";

it("looks again where a trial came back while there was nothing to hand out", async () => {
  const trial = { number: 3, attempt: 2, params: { x: 1 }, seed: 7, lease: null } as unknown as AskedTrial;
  const state = { revision: 5, unfinished: [] };
  const study = {
    state,
    askThrough: () => {
      if (state.revision > 5) return Promise.resolve(trial);
      // The answer is on its way when the trial comes back: whoever asks does not wait for an event yet.
      const nothing = Promise.resolve(null);
      queueMicrotask(() => (state.revision += 1));
      return nothing;
    },
    subscribe: () => () => undefined,
  };
  const open = { study, header: {}, run: null } as unknown as OpenStudy;
  const studies = {
    use: <T>(_name: string, work: (one: OpenStudy) => Promise<T>): Promise<T> => work(open),
  } as unknown as OpenStudies;
  const desk = new OutsideDesk(studies, () => undefined);
  await expect(desk.ask("s", { lease_seconds: 60, wait_seconds: 3600 })).resolves.toMatchObject({ number: 3 });
});
