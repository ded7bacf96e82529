/** What the trials of a study say together: plots that are linked by one filter. */
import { useState } from "preact/hooks";
import type { FieldInfo } from "../../columns/study-queries.js";
import { useStudyAnswer } from "../../columns/use-answer.js";
import { ParallelChart } from "../../charts/parallel/parallel-chart.js";
import { ServerPlot } from "../../charts/server-plot.js";
import { StudyPlot } from "../../charts/study-plot.js";
import { CommandLine } from "../../components/command-line.js";
import { EmptyState, Loading } from "../../components/messages.js";
import { StudyHeader } from "../../components/study-header.js";
import { FilterBar } from "../../filter/filter-bar.js";
import { filterHere, filterKeys } from "../../filter/place-filter.js";
import { place, setQuery } from "../../router.js";
import { studyCommand } from "../../study-command.js";
import { useStudy } from "../../store/study-store.js";
import type { StudyStore } from "../../store/study-store.js";
import type { TrialFilter } from "../../filter/filter.js";
import { LEAST_TRIALS, TooFewTrials } from "../study/importances.js";
import { ColumnsPicker } from "../trials/columns-picker.js";

/** Axes that stand side by side where nobody has chosen any. */
const MOST_AXES = 10;
/** Parameters that a plot of pairs has room for. */
const [MOST_RANKED, MOST_SLICES] = [3, 6];

/** Keys of the page's query besides the filter. */
const keys = { metric: "metric", axis: "axis", x: "x", y: "y", against: "against", method: "method" } as const;

function Choice(props: {
  readonly label: string;
  readonly value: string;
  readonly options: readonly string[];
  readonly onChange: (value: string) => void;
}) {
  const { label, value, options, onChange } = props;
  return (
    <label class="inline-choice">
      <span class="muted">{label}</span>
      <select value={value} onChange={({ currentTarget }) => onChange(currentTarget.value)}>
        {options.map((option) => (
          <option key={option} value={option}>
            {option}
          </option>
        ))}
      </select>
    </label>
  );
}

const namesOf = (fields: readonly FieldInfo[], ...groups: readonly FieldInfo["group"][]): string[] =>
  fields.filter(({ group }) => groups.includes(group)).map(({ name }) => name);

/** One of several, by the query; the first where that says nothing. */
function chosen(key: string, options: readonly string[], otherwise = options[0] ?? ""): string {
  const asked = place.value.query.get(key);
  return asked !== null && options.includes(asked) ? asked : otherwise;
}

/** What plots of parameters are drawn of, those that matter first where the study says so. */
interface PlotParts {
  readonly store: StudyStore;
  readonly filter: TrialFilter;
  readonly metric: string;
  readonly params: readonly string[];
  readonly objectives: readonly string[];
  readonly costs: readonly string[];
}

function Contour({ store, filter, metric, params }: PlotParts) {
  if (params.length < 2) return null;
  const x = chosen(keys.x, params);
  const y = chosen(
    keys.y,
    params.filter((name) => name !== x),
  );
  const controls = (
    <>
      <Choice
        label="x"
        value={x}
        options={params}
        onChange={(value) => setQuery({ [keys.x]: value, ...(value === y ? { [keys.y]: x } : {}) })}
      />
      <Choice
        label="y"
        value={y}
        options={params.filter((name) => name !== x)}
        onChange={(value) => setQuery({ [keys.y]: value })}
      />
    </>
  );
  return (
    <StudyPlot
      {...{ store, filter, metric, controls }}
      kind="contour"
      title={`${metric} over ${x} and ${y}`}
      params={[x, y]}
    />
  );
}

function Importances({ store, filter, metric }: PlotParts) {
  if ((store.entry.value?.counts.complete ?? 0) < LEAST_TRIALS) return <TooFewTrials />;
  const method = chosen(keys.method, ["ped-anova", "fanova"]);
  const controls = (
    <Choice
      label="method"
      value={method}
      options={["ped-anova", "fanova"]}
      onChange={(value) => setQuery({ [keys.method]: value })}
    />
  );
  if (method === "ped-anova")
    return <StudyPlot {...{ store, filter, metric, controls }} kind="importances" title="Importances" />;
  return (
    <div class="plot-with-controls">
      <div class="chart-tools">{controls}</div>
      <ServerPlot
        study={store.name}
        kind="importances"
        title="Importances (fANOVA, of all trials)"
        query={{ metric, method }}
        version={store.columns.revision.value}
        everyMs={20_000}
      />
    </div>
  );
}

function Fronts({ store, filter, objectives, costs }: PlotParts) {
  if (objectives.length > 1)
    return (
      <>
        <StudyPlot {...{ store, filter }} kind="pareto" title="Pareto front" />
        <StudyPlot {...{ store, filter }} kind="hypervolume" title="Hypervolume" />
      </>
    );
  const against = chosen(keys.against, costs);
  const controls = (
    <Choice label="against" value={against} options={costs} onChange={(value) => setQuery({ [keys.against]: value })} />
  );
  return <StudyPlot {...{ store, filter, against, controls }} kind="tradeoff" title={`Against ${against}`} />;
}

function Plots(parts: PlotParts) {
  const { store, filter, metric, params } = parts;
  const settings = store.detail.value?.settings ?? {};
  const hasParts =
    (settings["folds"] ?? null) !== null || (typeof settings["seeds"] === "number" && settings["seeds"] > 1);
  return (
    <div class="grid analysis-grid">
      <div class="wide">
        <StudyPlot {...{ store, filter, metric }} kind="slice" title="Slices" params={params.slice(0, MOST_SLICES)} />
      </div>
      <StudyPlot {...{ store, filter, metric }} kind="history" title="History" />
      <Fronts {...parts} />
      <Contour {...parts} />
      <Importances {...parts} />
      {params.length > 1 && (
        <StudyPlot {...{ store, filter, metric }} kind="rank" title="Ranks" params={params.slice(0, MOST_RANKED)} />
      )}
      <StudyPlot {...{ store, filter, metric }} kind="edf" title="Distribution" />
      <StudyPlot {...{ store, filter }} kind="correlations" title="Correlations" />
      {hasParts && (
        <ServerPlot
          study={store.name}
          kind="folds"
          title="Folds and seeds"
          query={{ metric }}
          version={store.columns.revision.value}
        />
      )}
    </div>
  );
}

/** The page. */
export function AnalysisPage({ study }: { readonly study: string }) {
  const store = useStudy(study);
  const filter = filterHere.value;
  const fields = useStudyAnswer(store, "fields", {});
  const selected = useStudyAnswer(store, "select", { filter, order: null });
  const [isPicking, setPicking] = useState(false);
  const known = fields.answer;
  const keep = filterKeys(place.value.query);
  if (known === null || selected.answer === null)
    return (
      <>
        <StudyHeader store={store} keep={keep} />
        {store.problem.value === null && <Loading what="the trials" />}
      </>
    );
  const objectives = namesOf(known, "objective");
  const params = namesOf(known, "parameter");
  const metrics = namesOf(known, "metric");
  const measures = [...objectives, ...metrics, "seconds"];
  const metric = chosen(keys.metric, measures);
  const asked = place.value.query.getAll(keys.axis).filter((name) => known.some((field) => field.name === name));
  const axes = asked.length > 1 ? asked : [...params.slice(0, MOST_AXES), metric];
  const costs = ["seconds", "steps", ...metrics].filter((name) => !objectives.includes(name));
  return (
    <>
      <StudyHeader store={store} keep={keep} />
      <FilterBar study={study} filter={filter} selected={selected.answer} />
      {selected.answer.total === 0 ? (
        <EmptyState title="There are no trials yet" />
      ) : (
        <>
          <div class="actions analysis-tools">
            <Choice
              label="Measure"
              value={metric}
              options={measures}
              onChange={(value) => setQuery({ [keys.metric]: value })}
            />
            <button type="button" onClick={() => setPicking(true)}>
              Axes
            </button>
            <details class="grow">
              <summary class="muted">Command line</summary>
              <CommandLine
                command={studyCommand(["plot", "parallel"], study, "--metric", metric, "-o", `${study}.html`)}
                title="A plot from the command line"
              />
            </details>
          </div>
          <h2 class="visually-hidden">Plots</h2>
          <ParallelChart
            {...{ store, filter, axes, color: metric }}
            onAxes={(names) => setQuery({ [keys.axis]: names })}
          />
          <Plots {...{ store, filter, metric, params, objectives, costs }} />
        </>
      )}
      {isPicking && (
        <ColumnsPicker
          fields={known}
          shown={axes}
          onShown={(names) => setQuery({ [keys.axis]: names })}
          onClose={() => setPicking(false)}
        />
      )}
    </>
  );
}
