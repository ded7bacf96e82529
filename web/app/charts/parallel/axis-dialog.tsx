/** What can be done with an axis without a pointer: its range or its choices, its place, its end. */
import { useState } from "preact/hooks";
import type { AxisScale } from "../../columns/axes.js";
import { Dialog } from "../../components/dialog.js";
import type { Range } from "../../filter/filter.js";

/** What it takes. */
export interface AxisDialogProps {
  readonly scale: AxisScale;
  readonly range: Range | undefined;
  readonly onRange: (range: Range | null) => void;
  /** By so many places; null: it can't. */
  readonly onMove: (by: -1 | 1) => void;
  readonly onRemove: (() => void) | null;
  readonly onClose: () => void;
}

const numberOf = (text: string): number | null =>
  text.trim() === "" || !Number.isFinite(Number(text)) ? null : Number(text);

function Choices({
  choices,
  range,
  onRange,
}: {
  readonly choices: readonly string[];
  readonly range: Range | undefined;
  readonly onRange: AxisDialogProps["onRange"];
}) {
  const chosen = range && "choices" in range ? range.choices : choices;
  const toggle = (choice: string): void => {
    const after = choices.filter((one) => chosen.includes(one) !== (one === choice));
    onRange(after.length === choices.length ? null : { choices: after });
  };
  return (
    <fieldset>
      <legend>Only trials with</legend>
      {choices.map((choice) => (
        <label key={choice} class="user choice">
          <input type="checkbox" checked={chosen.includes(choice)} onChange={() => toggle(choice)} /> {choice}
        </label>
      ))}
    </fieldset>
  );
}

/** The dialog. */
export function AxisDialog({ scale, range, onRange, onMove, onRemove, onClose }: AxisDialogProps) {
  const given = range && "low" in range ? range : { low: null, high: null };
  const [low, setLow] = useState(given.low === null ? "" : String(given.low));
  const [high, setHigh] = useState(given.high === null ? "" : String(given.high));
  const submit = (event: Event): void => {
    event.preventDefault();
    if (scale.choices === null) {
      const wanted = { low: numberOf(low), high: numberOf(high) };
      onRange(wanted.low === null && wanted.high === null ? null : wanted);
    }
    onClose();
  };
  return (
    <Dialog title={`Axis ${scale.name}`} onClose={onClose}>
      <form onSubmit={submit} class="axis-form">
        {scale.choices === null ? (
          <div class="param-fields">
            <label class="param-field">
              At least
              <input
                inputMode="decimal"
                value={low}
                placeholder={String(scale.low)}
                onInput={({ currentTarget }) => setLow(currentTarget.value)}
              />
            </label>
            <label class="param-field">
              At most
              <input
                inputMode="decimal"
                value={high}
                placeholder={String(scale.high)}
                onInput={({ currentTarget }) => setHigh(currentTarget.value)}
              />
            </label>
          </div>
        ) : (
          <Choices {...{ choices: scale.choices, range, onRange }} />
        )}
        <div class="actions">
          <button type="submit" class="primary">
            Done
          </button>
          <button type="button" onClick={() => onRange(null)} disabled={range === undefined}>
            All
          </button>
          <button type="button" onClick={() => onMove(-1)}>
            ← Move left
          </button>
          <button type="button" onClick={() => onMove(1)}>
            Move right →
          </button>
          {onRemove && (
            <button type="button" onClick={onRemove}>
              Remove axis
            </button>
          )}
        </div>
      </form>
    </Dialog>
  );
}
