/** A few trials side by side: what they came to, and where their parameters differ. */
import { useEffect, useState } from "preact/hooks";
import { shortNumber } from "../../../../src/core/numbers-in-words.js";
import { askColumns } from "../../columns/columns-client.js";
import type { Cell } from "../../columns/column.js";
import type { FieldInfo } from "../../columns/study-queries.js";
import { Dialog } from "../../components/dialog.js";
import { Link } from "../../components/link.js";
import { ErrorBox, Loading } from "../../components/messages.js";
import { paths } from "../../router.js";
import { TrialCurves } from "../../charts/trial-curves.js";

/** More have no room beside each other. */
export const MOST_COMPARED = 10;

/** What it takes. */
export interface CompareTrialsProps {
  readonly study: string;
  readonly numbers: readonly number[];
  readonly fields: readonly FieldInfo[];
  readonly onClose: () => void;
}

const shown = (cell: Cell | undefined): string =>
  cell === null || cell === undefined ? "–" : typeof cell === "number" ? shortNumber(cell, 5) : String(cell);

/** The dialog. */
export function CompareTrials({ study, numbers, fields, onClose }: CompareTrialsProps) {
  const [rows, setRows] = useState<readonly (readonly Cell[] | null)[] | null>(null);
  const [error, setError] = useState<unknown>(null);
  const names = [
    "state",
    ...fields.filter(({ group }) => group !== "trial").map(({ name }) => name),
    "seconds",
    "steps",
    "started_at",
    "tag",
  ];
  useEffect(() => {
    askColumns("cells", { study, numbers, fields: names }).then(({ rows: cells }) => setRows(cells), setError);
  }, []);
  return (
    <Dialog title={`Trials ${numbers.join(", ")} side by side`} onClose={onClose} wide>
      {error !== null && <ErrorBox error={error} />}
      {rows === null ? (
        error === null && <Loading what="the trials" />
      ) : (
        <div class="scroll" tabIndex={0} role="region" aria-label="Trials side by side">
          <table class="side-by-side">
            <caption class="visually-hidden">Rows in which the trials differ are marked with an asterisk</caption>
            <thead>
              <tr>
                <th scope="col">field</th>
                {numbers.map((number) => (
                  <th key={number} scope="col" class="number">
                    <Link to={paths.trial(study, number)}>trial {number}</Link>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {names.map((name, at) => {
                const cells = rows.map((row) => row?.[at]);
                if (cells.every((cell) => cell === null || cell === undefined)) return null;
                const differs = cells.some((cell) => cell !== cells[0]);
                return (
                  <tr key={name} class={differs ? "differs" : ""}>
                    <th scope="row" class="user">
                      {name}
                      {differs && <span aria-label=" differs"> *</span>}
                    </th>
                    {cells.map((cell, i) => (
                      <td key={i} class={typeof cell === "number" ? "number" : "user"}>
                        {shown(cell)}
                      </td>
                    ))}
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
      <TrialCurves study={study} numbers={numbers} />
    </Dialog>
  );
}
