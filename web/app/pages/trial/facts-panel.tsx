/** What became of a trial: its values, times and place, why it failed, and its earlier attempts. */
import type { ComponentChildren } from "preact";
import { timeText } from "../../../../src/core/numbers-in-words.js";
import { wireNumber } from "../../api/numbers.js";
import type { StudyEntry, TrialDetail } from "../../api/types.js";
import { Link } from "../../components/link.js";
import { paths } from "../../router.js";
import { duration, valueWords } from "../../words.js";
import { Verdicts } from "../study/verdicts.js";
import { harmlessText } from "./log-text.js";

/** What it takes. */
export interface FactsPanelProps {
  readonly study: string;
  readonly entry: StudyEntry | null;
  readonly trial: TrialDetail;
}

function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <>
      <dt>{name}</dt>
      <dd class="user">{children}</dd>
    </>
  );
}

const time = (iso: string | null): string => (iso === null ? "–" : timeText(iso));

/** How a value stands to the best one: `the best`, `3.2 % behind the best`. */
export function besideBest(value: number | null, best: number | null): string | null {
  if (value === null || best === null || !Number.isFinite(value) || !Number.isFinite(best)) return null;
  if (value === best) return "the best";
  return best === 0 ? null : `${valueWords((100 * Math.abs(value - best)) / Math.abs(best), 3)} % behind the best`;
}

function Attempts({ trial: { attempts, attempt } }: { readonly trial: TrialDetail }) {
  if (attempts.length === 0) return null;
  return (
    <>
      <h3>Attempts</h3>
      <ol class="attempts">
        {attempts.map((one) => (
          <li key={one.attempt} value={one.attempt} class="user">
            {time(one.started_at)} to {time(one.ended_at)}: {harmlessText(one.reason)}; {one.intermediate.length}{" "}
            reports, which count for nothing
          </li>
        ))}
        <li value={attempt}>this one</li>
      </ol>
    </>
  );
}

/** The panel. */
export function FactsPanel({ study, entry, trial }: FactsPanelProps) {
  const { values, failure, metrics, constraints } = trial;
  const objectives = entry?.objectives ?? [];
  const best = entry?.best ?? null;
  const others = Object.entries(metrics.best ?? {}).filter(
    ([name]) => !objectives.some(({ metric }) => metric === name),
  );
  return (
    <section class="panel" aria-label="What became of it">
      <h2>What became of it</h2>
      {failure && (
        <div class="error-box" role="note">
          <div>
            <p>
              <strong>{failure.class}</strong> at <span class="user">{failure.where}</span>
            </p>
            <pre class="user">{harmlessText(failure.message)}</pre>
          </div>
        </div>
      )}
      <dl class="facts">
        {values !== null &&
          objectives.map(({ metric }, i) => {
            const beside = i === 0 && best ? besideBest(wireNumber(values[i]), wireNumber(best.value)) : null;
            return (
              <Fact key={metric} name={metric}>
                <strong>{valueWords(values[i], 6)}</strong>
                {beside && <span class="muted"> {best?.number === trial.number ? "★ the best" : beside}</span>}
              </Fact>
            );
          })}
        {trial.spread !== null && <Fact name="spread">{valueWords(trial.spread)}</Fact>}
        {Object.entries(constraints).map(([name, value]) => (
          <Fact key={name} name={name}>
            {(wireNumber(value) ?? NaN) <= 0 ? "met" : `missed by ${valueWords(value)}`}
          </Fact>
        ))}
        {others.map(([name, value]) => (
          <Fact key={name} name={name}>
            {valueWords(value, 5)}
          </Fact>
        ))}
        <Fact name="seconds">{trial.seconds === null ? "–" : duration(trial.seconds)}</Fact>
        <Fact name="started">{time(trial.started_at)}</Fact>
        <Fact name="finished">{time(trial.finished_at)}</Fact>
        {trial.slot !== null && <Fact name="place">{trial.slot}</Fact>}
        {trial.owner !== null && <Fact name="run by">{trial.owner}</Fact>}
        {trial.backend !== null && <Fact name="backend">{trial.backend}</Fact>}
        <Fact name="seed">{trial.seed}</Fact>
        {trial.retry_of !== null && (
          <Fact name="repeats">
            <Link to={paths.trial(study, trial.retry_of)}>trial {trial.retry_of}</Link>
          </Fact>
        )}
        {trial.duplicates.length > 0 && (
          <Fact name="same parameters">
            {trial.duplicates.slice(0, 10).map((number) => (
              <span key={number}>
                <Link to={paths.trial(study, number)}>trial {number}</Link>{" "}
              </span>
            ))}
          </Fact>
        )}
      </dl>
      <Verdicts trial={trial} />
      <Attempts trial={trial} />
    </section>
  );
}
