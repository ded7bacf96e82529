/** A plot of all trials, made in the columns' thread as they come in; brushing belongs to the analysis. */
import type { ComponentChildren } from "preact";
import { trialOf } from "../../charts/brushing.js";
import type { ChartPoint } from "../../charts/chart.js";
import { PlotPlace, SentPlotChart, useNearWidth } from "../../charts/study-plot.js";
import type { LocalPlotKind } from "../../columns/study-plots.js";
import { useStudyAnswer } from "../../columns/use-answer.js";
import type { SentPlot } from "../../columns/web-plot.js";
import { noFilter } from "../../filter/filter.js";
import { navigate, paths } from "../../router.js";
import type { StudyStore } from "../../store/study-store.js";

/** What it takes. */
export interface OverviewPlotProps {
  readonly store: StudyStore;
  readonly kind: LocalPlotKind;
  /** What stands there until the plot does. */
  readonly title: string;
  readonly metric?: string | undefined;
  readonly controls?: ComponentChildren;
}

/** Draws it; a click on a trial opens that. */
export function OverviewPlot({ store, kind, title, metric, controls }: OverviewPlotProps) {
  const { place, width, isNear } = useNearWidth();
  // What is far from the window stays as it was until it comes near.
  const asked = width === 0 || !isNear ? null : { kind, filter: noFilter, width, metric };
  const answered = useStudyAnswer(store, "plot", asked);
  const open =
    ({ outline }: SentPlot) =>
    ({ seriesIndex, data }: ChartPoint): void => {
      const number = trialOf(outline, seriesIndex, data);
      if (number !== null) navigate(paths.trial(store.name, number));
    };
  return (
    <PlotPlace {...{ place, title, controls, answered }}>
      {(plot) => (
        <SentPlotChart plot={plot} fileName={`${store.name}-${kind}`} controls={controls} onClick={open(plot)} />
      )}
    </PlotPlace>
  );
}
