/** The pictures that go with a study wherever it is logged. */
import type { StudyState } from "../core/index.js";
import { MlbenchError } from "../core/index.js";
import { plotAsSvg } from "../plots/draw-svg.js";
import { describePlot } from "../plots/kinds.js";
import type { PlotKind } from "../plots/plot.js";
import { plotStudyOf } from "../plots/plot-study.js";

const pictures: readonly PlotKind[] = ["history", "intermediate", "slice", "parallel", "importances", "timeline"];
const picturesOfFronts: readonly PlotKind[] = ["pareto", "hypervolume"];
/** What takes seconds to draw is drawn by whoever wants to see it. */
const MOST_TRIALS = 2000;

/** `plots/history.svg`, …, one after the other; none of a kind that such a study does not have. */
export async function* studyPictures(state: StudyState): AsyncGenerator<{ path: string; body: string }> {
  if (state.finished === 0 || state.size > MOST_TRIALS) return;
  const study = plotStudyOf(state);
  for (const kind of [...pictures, ...(state.header.objectives.length > 1 ? picturesOfFronts : [])])
    try {
      yield { path: `plots/${kind}.svg`, body: await plotAsSvg(await describePlot(kind, study, {})) };
    } catch (error) {
      if (!(error instanceof MlbenchError)) throw error;
    }
}
