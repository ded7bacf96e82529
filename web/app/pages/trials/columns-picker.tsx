/** Which columns the table of trials has. */
import { useState } from "preact/hooks";
import type { FieldInfo } from "../../columns/study-queries.js";
import { Dialog } from "../../components/dialog.js";

const titles = {
  trial: "Trial",
  objective: "Objectives",
  parameter: "Parameters",
  metric: "Metrics of the best epoch",
} as const;

/** What it takes. */
export interface ColumnsPickerProps {
  readonly fields: readonly FieldInfo[];
  readonly shown: readonly string[];
  readonly onShown: (names: readonly string[] | null) => void;
  readonly onClose: () => void;
}

/** The columns that a table has where nobody has chosen any. */
export function usualColumns(fields: readonly FieldInfo[]): string[] {
  const of = (group: FieldInfo["group"]): string[] =>
    fields.filter((field) => field.group === group).map(({ name }) => name);
  return ["state", ...of("objective"), ...of("parameter").slice(0, 12), "seconds", "steps"];
}

/** The dialog. */
export function ColumnsPicker({ fields, shown, onShown, onClose }: ColumnsPickerProps) {
  const [chosen, setChosen] = useState(new Set(shown));
  const toggle = (name: string): void =>
    setChosen((before) => {
      const after = new Set(before);
      if (!after.delete(name)) after.add(name);
      return after;
    });
  const apply = (event: Event): void => {
    event.preventDefault();
    // Those that were there keep their order, new ones come behind.
    const kept = shown.filter((name) => chosen.has(name));
    onShown([...kept, ...fields.map(({ name }) => name).filter((name) => chosen.has(name) && !kept.includes(name))]);
    onClose();
  };
  const groups = ["objective", "parameter", "metric", "trial"] as const;
  return (
    <Dialog title="Columns" onClose={onClose} wide>
      <form onSubmit={apply}>
        <div class="column-groups">
          {groups.map((group) => {
            const own = fields.filter((field) => field.group === group && field.name !== "number");
            if (own.length === 0) return null;
            return (
              <fieldset key={group}>
                <legend>{titles[group]}</legend>
                {own.map(({ name }) => (
                  <label key={name} class="user">
                    <input type="checkbox" checked={chosen.has(name)} onChange={() => toggle(name)} /> {name}
                  </label>
                ))}
              </fieldset>
            );
          })}
        </div>
        <div class="actions">
          <button type="submit" class="primary" disabled={chosen.size === 0}>
            Show these
          </button>
          <button
            type="button"
            onClick={() => {
              onShown(null);
              onClose();
            }}
          >
            The usual ones
          </button>
        </div>
      </form>
    </Dialog>
  );
}
