/** The filter's controls: an expression, states, what was brushed, tags, and the same for the command line. */
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { shortNumber } from "../../../src/core/numbers-in-words.js";
import type { SelectedTrials } from "../columns/study-queries.js";
import { stateNames } from "../columns/state-names.js";
import type { StateName } from "../columns/state-names.js";
import { CommandLine } from "../components/command-line.js";
import { studyCommand } from "../study-command.js";
import { filterArguments, isUnfiltered, noFilter, rangeInWords, withRange } from "./filter.js";
import type { TrialFilter } from "./filter.js";
import { setFilter } from "./place-filter.js";
import { stateShapes } from "./state-shapes.js";

/** What it takes. */
export interface FilterBarProps {
  readonly study: string;
  readonly filter: TrialFilter;
  /** What the filter lets through; null before it is known. */
  readonly selected: Pick<SelectedTrials, "numbers" | "total" | "states" | "problem" | "unknown"> | null;
  /** What `trials` is told besides. */
  readonly more?: readonly string[] | undefined;
}

/** Typing waits so long for the next letter. */
const PAUSE_MS = 250;

/** A text that changes something a moment after the last letter. */
function useTyped(
  value: string,
  change: (text: string) => void,
): readonly [string, (text: string) => void, () => void] {
  const [text, setText] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const sent = useRef(value);
  useEffect(() => {
    // The URL changed by other means.
    if (value !== sent.current) setText(value);
    sent.current = value;
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const now = (given: string): void => {
    clearTimeout(timer.current);
    sent.current = given.trim();
    change(given);
  };
  const typed = (given: string): void => {
    setText(given);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => now(given), PAUSE_MS);
  };
  return [text, typed, () => now(text)];
}

function Problem({
  id,
  text,
  problem,
}: {
  readonly id: string;
  readonly text: string;
  readonly problem: SelectedTrials["problem"];
}) {
  if (!problem) return null;
  const { from, to, message } = problem;
  return (
    <p id={id} class="filter-problem" role="alert">
      <span class="warn">{message}</span>
      <code class="user">
        {text.slice(0, from)}
        <mark>{text.slice(from, Math.max(to, from + 1)) || "…"}</mark>
        {text.slice(Math.max(to, from + 1))}
      </code>
    </p>
  );
}

function States({ filter, selected }: Pick<FilterBarProps, "filter" | "selected">) {
  const toggle = (state: StateName): void => {
    const chosen = filter.states.includes(state)
      ? filter.states.filter((other) => other !== state)
      : stateNames.filter((other) => other === state || filter.states.includes(other));
    setFilter({ ...filter, states: chosen });
  };
  return (
    <div class="state-toggles" role="group" aria-label="Only these states">
      {stateNames.map((state) => (
        <button
          key={state}
          type="button"
          class={`toggle ${state}`}
          aria-pressed={filter.states.includes(state)}
          onClick={() => toggle(state)}
        >
          <span aria-hidden="true">{stateShapes[state]}</span> {state}
          {selected && <span class="muted"> {selected.states[state].toLocaleString("en")}</span>}
        </button>
      ))}
    </div>
  );
}

function Ranges({ filter }: Pick<FilterBarProps, "filter">) {
  const ranges = Object.entries(filter.ranges);
  if (ranges.length === 0) return null;
  return (
    <ul class="chips" aria-label="Brushed ranges">
      {ranges.map(([name, range]) => (
        <li key={name} class="badge">
          <span class="user">
            {name}: {rangeInWords(range, (value) => shortNumber(value, 4))}
          </span>
          <button
            type="button"
            class="quiet"
            aria-label={`Remove the range of ${name}`}
            onClick={() => setFilter(withRange(filter, name, null))}
          >
            ✕
          </button>
        </li>
      ))}
    </ul>
  );
}

/** Whoever shows trials has it above them. */
export function FilterBar({ study, filter, selected, more = [] }: FilterBarProps) {
  const id = useId();
  const [where, typeWhere, whereNow] = useTyped(filter.where, (text) => setFilter({ ...filter, where: text }));
  const [tag, typeTag, tagNow] = useTyped(filter.tag, (text) => setFilter({ ...filter, tag: text }));
  const { words, beyond } = filterArguments(filter);
  const submit = (event: Event): void => {
    event.preventDefault();
    whereNow();
    if (tag !== filter.tag) tagNow();
  };
  const problem = selected?.problem ?? null;
  return (
    <form class="filter-bar panel" role="search" aria-label="Filter trials" onSubmit={submit}>
      <div class="filter-row">
        <label class="grow">
          <span>Filter</span>
          <input
            type="search"
            value={where}
            placeholder="state = complete and train.lr < 1e-3 and not banned"
            spellcheck={false}
            autocomplete="off"
            autocapitalize="off"
            aria-invalid={problem !== null}
            aria-describedby={problem ? id : undefined}
            onInput={({ currentTarget }) => typeWhere(currentTarget.value)}
          />
        </label>
        <label>
          <span>Tag</span>
          <input
            type="search"
            class="tag-search"
            value={tag}
            placeholder="part of a tag"
            onInput={({ currentTarget }) => typeTag(currentTarget.value)}
          />
        </label>
        <button type="button" disabled={isUnfiltered(filter)} onClick={() => setFilter(noFilter)}>
          Clear filter
        </button>
      </div>
      <Problem id={id} text={filter.where} problem={problem} />
      <div class="filter-row">
        <States filter={filter} selected={selected} />
        <Ranges filter={filter} />
        <p class="filter-count" role="status">
          {selected &&
            (selected.numbers.length === selected.total
              ? `${selected.total.toLocaleString("en")} trials`
              : `${selected.numbers.length.toLocaleString("en")} of ${selected.total.toLocaleString("en")} trials`)}
        </p>
      </div>
      {selected && selected.unknown.length > 0 && (
        <p class="muted user">Not heeded, since this study has none: {selected.unknown.join(", ")}.</p>
      )}
      <details class="filter-command">
        <summary>Command line</summary>
        <CommandLine
          command={studyCommand("trials", study, ...words, ...more)}
          title="The same trials from the command line"
        />
        {beyond.length > 0 && (
          <p class="muted user">Without what the command line has no option for: {beyond.join("; ")}.</p>
        )}
        <p class="muted">
          In the filter stand fields (state, seconds, steps, attempt, failure, banned, feasible, tag …), objectives,
          parameters and metrics, compared with = != &lt; &lt;= &gt; &gt;=, joined by and, or, not and brackets. A name
          or value with spaces stands in quotation marks.
        </p>
      </details>
    </form>
  );
}
