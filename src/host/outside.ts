/** Trials that are handed out to programs elsewhere. */
import type { OpenStudies } from "./open-studies.js";
import type { OutsideAsk, OutsideAskAnswer } from "./host.js";

/** Hands out a trial of a study, within the bounds of its run. */
export async function askOutside(
  studies: OpenStudies,
  name: string,
  { lease_seconds }: OutsideAsk,
): Promise<OutsideAskAnswer> {
  return studies.use(name, async ({ study, run }) => {
    const { state, total_trials: goal } = run?.live ? run.kept : { state: "running", total_trials: null };
    if (goal !== null && study.state.counted >= goal) return "over";
    if (state !== "running" || (goal !== null && study.state.counted + study.state.counts.running >= goal))
      return "nothing";
    const { number, attempt, params, seed, lease } = await study.ask({ lease: lease_seconds });
    return { number, attempt, params, seed, lease };
  });
}
