/** Several objectives: the trials than which none is better in all. */
import { api } from "../../api/client.js";
import type { StudyDetail, StudyEntry } from "../../api/types.js";
import { Link } from "../../components/link.js";
import { paths } from "../../router.js";
import { useFresh } from "../../store/use-fresh.js";
import type { StudyStore } from "../../store/study-store.js";
import { objectiveWords, plural, valueWords } from "../../words.js";

/** What it takes. */
export interface FrontPanelProps {
  readonly store: StudyStore;
  readonly entry: StudyEntry;
}

const SHOWN = 30;

/** The panel. */
export function FrontPanel({ store, entry: { objectives, name, front_size, counts } }: FrontPanelProps) {
  // Its members change with trials that complete; the stream has only how many there are.
  const { data: detail } = useFresh<StudyDetail>(
    (signal) => api.get(store.path, { signal }),
    name,
    `${counts.complete} ${front_size ?? 0}`,
    { everyMs: 1500 },
  );
  const rows = (detail?.front ?? []).map((number, at) => ({ number, values: detail?.front_values[at] ?? [] }));
  return (
    <section class="panel" aria-label="Pareto front">
      <h2>Front of {plural(front_size ?? rows.length, "trial")}</h2>
      {rows.length === 0 ? (
        <p class="muted">No trial is complete and meets the constraints yet.</p>
      ) : (
        <div class="scroll tall" tabIndex={0} role="region" aria-label="Trials of the front">
          <table>
            <thead>
              <tr>
                <th scope="col">Trial</th>
                {objectives.map((objective) => (
                  <th key={objective.metric} scope="col" class="number user">
                    {objectiveWords(objective)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.slice(0, SHOWN).map(({ number, values }) => (
                <tr key={number}>
                  <th scope="row">
                    <Link to={paths.trial(name, number)}>{number}</Link>
                  </th>
                  {objectives.map(({ metric }, at) => (
                    <td key={metric} class="number">
                      {valueWords(values[at])}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {rows.length > SHOWN && (
        <p class="muted">
          The first {SHOWN}; <Link to={paths.trials(name)}>all trials</Link>
        </p>
      )}
    </section>
  );
}
