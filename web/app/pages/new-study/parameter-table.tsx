/** The parameters of a task: which are searched, which are fixed, and to what. */
import type { ParameterInfo } from "../../api/types.js";
import { plural } from "../../words.js";
import { conditionWords, distributionWords } from "../study/space-words.js";
import type { ParameterChoice, StudyForm } from "./form-state.js";

/** What it takes. */
export interface ParameterTableProps {
  readonly title: string;
  readonly parameters: readonly ParameterInfo[];
  readonly choices: StudyForm["choices"];
  readonly onChange: (name: string, choice: ParameterChoice) => void;
  /** A preset says what is usual. */
  readonly isPreset: boolean;
}

function defaultText({ default: value }: ParameterInfo): string {
  if (value === null || value === undefined) return "none";
  if (Array.isArray(value)) return value.map(String).join(",");
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** What stands in the empty field. */
function hintOf(info: ParameterInfo, mode: ParameterChoice["mode"]): string {
  if (mode === "fix") return defaultText(info);
  if (!info.search) return "1e-4..1e-1, log:…, a,b,c";
  const { distribution } = info.search;
  if (distribution.type === "categorical") return distribution.choices.map(String).join(",");
  return `${distribution.log ? "log:" : ""}${distribution.low}..${distribution.high}`;
}

const isMode = (text: string): text is ParameterChoice["mode"] => ["usual", "search", "fix"].includes(text);

function Row({
  info,
  choice,
  isPreset,
  onChange,
}: {
  readonly info: ParameterInfo;
  readonly isPreset: boolean;
  readonly choice: ParameterChoice;
  readonly onChange: (choice: ParameterChoice) => void;
}) {
  const isSearched = !isPreset && (info.search?.by_default ?? false);
  const { mode, text } = choice;
  const options = info.choices ?? (info.type === "boolean" ? [true, false] : null);
  const usual = isPreset ? "as in the preset" : isSearched ? "searched" : `default (${defaultText(info)})`;
  return (
    <div class="parameter">
      <div class="parameter-name">
        <span class="name user">{info.name}</span>
        <span class="below user">
          {info.description}
          {info.unit !== null && ` (${info.unit})`}
          {info.when !== null &&
            `; only with ${conditionWords({ type: "categorical", choices: [], when: info.when }) ?? ""}`}
        </span>
      </div>
      <select
        aria-label={`What is done with ${info.name}`}
        value={mode}
        onChange={({ currentTarget: { value } }) => isMode(value) && onChange({ mode: value, text: "" })}
      >
        <option value="usual">{usual}</option>
        {info.search && <option value="search">{isSearched ? "search another range" : "search"}</option>}
        <option value="fix">fix</option>
      </select>
      {mode === "usual" ? (
        <span class="muted user">{isSearched && info.search ? distributionWords(info.search.distribution) : ""}</span>
      ) : mode === "fix" && options ? (
        <select
          aria-label={`Value of ${info.name}`}
          value={text}
          onChange={({ currentTarget: { value } }) => onChange({ mode, text: value })}
        >
          <option value="">choose …</option>
          {options.map((option) => (
            <option key={String(option)} value={String(option)}>
              {String(option)}
            </option>
          ))}
        </select>
      ) : (
        <input
          type="text"
          autocomplete="off"
          spellcheck={false}
          aria-label={`${mode === "fix" ? "Value" : "Range"} of ${info.name}`}
          placeholder={hintOf(info, mode)}
          value={text}
          onInput={({ currentTarget: { value } }) => onChange({ mode, text: value })}
        />
      )}
    </div>
  );
}

/** One group of parameters, to unfold. */
export function ParameterTable({ title, parameters, choices, isPreset, onChange }: ParameterTableProps) {
  if (parameters.length === 0) return null;
  const searched = parameters.filter(({ name, search }) => {
    const mode = choices[name]?.mode ?? "usual";
    return mode === "search" || (mode === "usual" && (search?.by_default ?? false));
  }).length;
  return (
    <details class="parameters">
      <summary>
        {title}{" "}
        <span class="muted">
          {isPreset ? plural(parameters.length, "parameter") : `${searched} of ${parameters.length} searched`}
        </span>
      </summary>
      {parameters.map((info) => (
        <Row
          key={info.name}
          info={info}
          isPreset={isPreset}
          choice={choices[info.name] ?? { mode: "usual", text: "" }}
          onChange={(choice) => onChange(info.name, choice)}
        />
      ))}
    </details>
  );
}
