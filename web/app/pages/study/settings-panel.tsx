/** What a study was made with: objectives, search space, sampler, pruner, what is fixed. */
import type { StudyDetail } from "../../api/types.js";
import { CommandLine } from "../../components/command-line.js";
import { objectiveSpoken, valueWords } from "../../words.js";
import { conditionWords, distributionWords } from "./space-words.js";

/** Empty for what is not set. */
const textOf = (value: unknown): string => {
  if (value === null || (Array.isArray(value) && value.length === 0)) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
};

const componentText = ({ name, options }: StudyDetail["sampler"]): string =>
  [name, ...Object.entries(options).map(([key, value]) => `${key} ${textOf(value)}`)].join(", ");

/** The panel, folded. */
export function SettingsPanel({ detail }: { readonly detail: StudyDetail }) {
  const { objectives, sampler, pruner, space, fixed, settings, seed, task, earlier_spaces, command_line } = detail;
  const rows: readonly (readonly [string, string])[] = [
    ["Objectives", objectives.map(objectiveSpoken).join("; ")],
    ["Model", [task.model ?? []].flat().join(", ")],
    ["Dataset", task.dataset ?? ""],
    ["Sampler", componentText(sampler)],
    ["Pruner", componentText(pruner)],
    ["Seed", String(seed)],
    ...Object.entries(settings).map(([key, value]) => [key, textOf(value)] as const),
    ...Object.entries(fixed).map(([key, value]) => [`${key} (fixed)`, textOf(value)] as const),
    ...detail.baselines.flatMap(({ params, metrics }) => {
      // There is one for each choice of the parameters that the windows depend on.
      const by = Object.entries(params).map(([key, value]) => `${key} ${textOf(value)}`);
      const where = by.length > 0 ? ` (${by.join(", ")})` : "";
      return Object.entries(metrics).map(([key, value]) => [`baseline ${key}${where}`, valueWords(value)] as const);
    }),
  ];
  return (
    <section class="panel wide" aria-label="Settings">
      <details>
        <summary>
          <h2 class="inline">Search space and settings</h2>
        </summary>
        <table class="pairs">
          <caption>Search space{earlier_spaces.length > 0 && `, changed ${earlier_spaces.length} times`}</caption>
          <tbody>
            {Object.entries(space).map(([name, distribution]) => (
              <tr key={name}>
                <th scope="row" class="user">
                  {name}
                </th>
                <td class="user">
                  {distributionWords(distribution)}
                  {conditionWords(distribution) !== null && (
                    <span class="below">only with {conditionWords(distribution)}</span>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        <table class="pairs">
          <caption>Settings</caption>
          <tbody>
            {rows
              .filter(([, text]) => text !== "")
              .map(([name, text]) => (
                <tr key={name}>
                  <th scope="row" class="user">
                    {name}
                  </th>
                  <td class="user">{text}</td>
                </tr>
              ))}
          </tbody>
        </table>
        <CommandLine command={command_line} />
      </details>
    </section>
  );
}
