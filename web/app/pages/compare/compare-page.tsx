/** Up to ten studies beside each other: how good each was for what it spent, how its values are spread, and how it was set up. */
import { useId } from "preact/hooks";
import { api, messageOf } from "../../api/client.js";
import type { ComparisonView, StudyDetail, StudyEntry } from "../../api/types.js";
import { paramText } from "../../api/numbers.js";
import { PlotPlace, SentPlotChart, useNearWidth } from "../../charts/study-plot.js";
import { courseScales } from "../../columns/course-scales.js";
import type { CourseScale } from "../../columns/course-scales.js";
import { useAnswer } from "../../columns/use-answer.js";
import { CommandLine } from "../../components/command-line.js";
import { Link } from "../../components/link.js";
import { EmptyState, Loading } from "../../components/messages.js";
import { pathOf } from "../../paths.js";
import { paths, place, setQuery } from "../../router.js";
import { server } from "../../session.js";
import { commandLine } from "../../shell-words.js";
import { studies } from "../../store/studies-store.js";
import { useFresh } from "../../store/use-fresh.js";
import { countWords, duration, valueWords } from "../../words.js";
import { settingRows, spaceRows } from "./differences.js";
import type { ComparedRow } from "./differences.js";

const [STUDY, BY] = ["study", "by"] as const;
const MOST = 10;

function Chooser({ chosen, known }: { readonly chosen: readonly string[]; readonly known: readonly StudyEntry[] }) {
  const id = useId();
  const others = known.filter(({ name }) => !chosen.includes(name));
  return (
    <div class="panel compare-chooser">
      <ul class="chips" aria-label="Studies compared">
        {chosen.map((name) => (
          <li key={name} class="badge">
            <Link to={paths.study(name)} class="user">
              {name}
            </Link>
            <button
              type="button"
              class="quiet"
              aria-label={`Remove ${name}`}
              onClick={() => setQuery({ [STUDY]: chosen.filter((other) => other !== name) })}
            >
              ✕
            </button>
          </li>
        ))}
      </ul>
      <label for={id}>Add a study</label>
      <select
        id={id}
        value=""
        disabled={chosen.length >= MOST || others.length === 0}
        onChange={({ currentTarget }) => {
          const { value } = currentTarget;
          currentTarget.value = "";
          if (value !== "") setQuery({ [STUDY]: [...chosen, value] });
        }}
      >
        <option value="">
          {chosen.length >= MOST ? `at most ${MOST}` : others.length === 0 ? "there are no others" : "choose …"}
        </option>
        {others.map(({ name }) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </div>
  );
}

function Course({
  chosen,
  version,
  scale,
}: {
  readonly chosen: readonly string[];
  readonly version: string;
  readonly scale: CourseScale;
}) {
  const { place: element, width } = useNearWidth();
  const answered = useAnswer("course", width === 0 ? null : { studies: chosen, scale, width }, version);
  const controls = (
    <label class="inline-choice">
      <span class="muted">by</span>
      <select value={scale} onChange={({ currentTarget: { value } }) => setQuery({ [BY]: value })}>
        {courseScales.map((one) => (
          <option key={one} value={one}>
            {one}
          </option>
        ))}
      </select>
    </label>
  );
  return (
    <PlotPlace {...{ place: element, title: "Best so far", controls, answered }}>
      {(plot) => <SentPlotChart plot={plot} fileName={`compare-${scale}`} controls={controls} />}
    </PlotPlace>
  );
}

function Distributions({ chosen, version }: { readonly chosen: readonly string[]; readonly version: string }) {
  const { place: element, width } = useNearWidth();
  const answered = useAnswer("distributions", width === 0 ? null : { studies: chosen, width }, version);
  return (
    <PlotPlace {...{ place: element, title: "Distribution", answered }}>
      {(plot) => <SentPlotChart plot={plot} fileName="compare-distributions" />}
    </PlotPlace>
  );
}

function SideBySide(props: {
  readonly title: string;
  readonly chosen: readonly string[];
  readonly rows: readonly ComparedRow[];
  readonly none: string;
}) {
  const { title, chosen, rows, none } = props;
  return (
    <section class="panel wide" aria-label={title}>
      <h2>{title}</h2>
      {rows.length === 0 ? (
        <p class="muted">{none}</p>
      ) : (
        <div class="scroll" tabIndex={0} role="region" aria-label={`${title}: a table`}>
          <table class="side-by-side">
            <thead>
              <tr>
                <th scope="col">name</th>
                {chosen.map((name) => (
                  <th key={name} scope="col" class="user">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map(({ name, cells, differs }) => (
                <tr key={name} class={differs ? "differs" : ""}>
                  <th scope="row" class="user">
                    {name}
                  </th>
                  {cells.map((cell, i) => (
                    <td key={i} class="user" title={cell?.whole}>
                      {cell?.text ?? "–"}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

/** What each came to, as `compare` prints it. */
function Figures({ chosen, version }: { readonly chosen: readonly string[]; readonly version: string }) {
  const { data, error } = useFresh<ComparisonView>(
    (signal) => api.get<ComparisonView>("/compare", { query: { study: chosen }, signal }),
    chosen.join("\n"),
    version,
    { everyMs: 5000, enabled: chosen.length > 1 },
  );
  if (error) return <p class="panel wide muted user">{messageOf(error)}</p>;
  if (!data) return null;
  return (
    <section class="panel wide" aria-label="Figures">
      <h2>Figures</h2>
      {data.warnings.map((warning) => (
        <p key={warning} class="muted user">
          {warning}
        </p>
      ))}
      <div class="scroll" tabIndex={0} role="region" aria-label="Figures of the studies">
        <table>
          <thead>
            <tr>
              {[
                "study",
                "best",
                "of trial",
                "after",
                "finished",
                "pruned",
                "failed",
                "time in trials",
                "best parameters",
              ].map((title, i) => (
                <th key={title} scope="col" class={i > 0 && i < 8 ? "number" : ""}>
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {data.studies.map((study) => (
              <tr key={study.name}>
                <th scope="row" class="user">
                  {study.name}
                </th>
                <td class="number">{valueWords(study.best, 5)}</td>
                <td class="number">
                  {study.best_trial === null ? (
                    "–"
                  ) : (
                    <Link to={paths.trial(study.name, study.best_trial)}>{study.best_trial}</Link>
                  )}
                </td>
                <td class="number">{valueWords(study.best_after)}</td>
                <td class="number">{countWords(study.finished)}</td>
                <td class="number">{countWords(study.pruned)}</td>
                <td class="number">{countWords(study.failed)}</td>
                <td class="number">{typeof study.seconds === "number" ? duration(study.seconds) : "–"}</td>
                <td class="user">
                  {Object.entries(study.params ?? {})
                    .map(([name, value]) => `${name} ${paramText(value)}`)
                    .join(", ")}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Setup({ chosen, version }: { readonly chosen: readonly string[]; readonly version: string }) {
  const { data, error } = useFresh<readonly StudyDetail[]>(
    (signal) => Promise.all(chosen.map((name) => api.get<StudyDetail>(pathOf("studies", name), { signal }))),
    chosen.join("\n"),
    version,
    { everyMs: 10_000 },
  );
  if (error) return <p class="panel wide muted user">{messageOf(error)}</p>;
  if (!data) return null;
  return (
    <>
      <SideBySide title="Spaces" chosen={chosen} rows={spaceRows(data)} none="None of them declares a parameter." />
      {chosen.length > 1 && (
        <SideBySide
          title="Settings that differ"
          chosen={chosen}
          rows={settingRows(data)}
          none="They are set up alike."
        />
      )}
    </>
  );
}

/** The page. */
export function ComparePage() {
  const known = studies.value;
  const chosen = [...new Set(place.value.query.getAll(STUDY))].slice(0, MOST);
  const asked = place.value.query.get(BY);
  const scale = courseScales.find((one) => one === asked) ?? "trials";
  if (known === null) return <Loading what="the studies" />;
  const version = chosen.map((name) => `${known.get(name)?.created_at} ${known.get(name)?.revision}`).join(" ");
  const storage = server.value?.storage;
  return (
    <>
      <div class="title-row">
        <h1>Compare</h1>
      </div>
      <Chooser chosen={chosen} known={[...known.values()]} />
      {chosen.length === 0 ? (
        <EmptyState title="No study is chosen">
          <p>Choose two or more of the studies above.</p>
        </EmptyState>
      ) : (
        <div class="grid analysis-grid">
          <h2 class="visually-hidden">Plots</h2>
          <Course {...{ chosen, version, scale }} />
          <Distributions {...{ chosen, version }} />
          <Figures {...{ chosen, version }} />
          <Setup {...{ chosen, version }} />
          <div class="wide">
            <CommandLine
              command={commandLine(
                "compare",
                ...chosen,
                scale === "seconds" && "--at",
                scale === "seconds" && "time",
                storage !== undefined && "--storage",
                storage,
              )}
              title="The comparison from the command line"
            />
          </div>
        </div>
      )}
    </>
  );
}
